"""A CoAP server to be judged by others' clients: over DTLS as the gateway serves it, and bare."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from infra.gateway.association_file import AssociationFile
from infra.gateway.coap.endpoint import Endpoint
from infra.gateway.coap.message import Message, Response, path_options
from infra.gateway.coap.numbers import Code, Option
from infra.gateway.coap.peer import Peer
from infra.gateway.coaps import Coaps, Settings
from infra.gateway.dtls import libssl
from infra.gateway.dtls.association import Address
from infra.gateway.dtls.states import Sealer
from infra.gateway.udp import UdpSocket
from tests.gateway.coaps_rig import NotingApplication, everybody

LARGE = bytes(number % 251 for number in range(5000))
PATIENCE_S = 60.0


class Judged(NotingApplication):
    """A registration interface of few words, and resources to move bytes with."""

    def request(self, _: Any, request: Message) -> Response | Awaitable[Response]:
        self.requests.append(request)
        match request.path:
            case ("rd",):
                return Response(Code.CREATED, options=tuple(path_options(("rd", "77"), Option.LOCATION_PATH)))
            case ("dp",):
                return Response(Code.CHANGED)
            case ("echo",):
                return Response(Code.CONTENT, request.payload)
            case ("large",):
                return Response(Code.CONTENT, LARGE)
            case ("slow",):
                return self._slowly()
        return Response(Code.NOT_FOUND)

    async def _slowly(self) -> Response:
        await asyncio.sleep(2)
        return Response(Code.CONTENT, b"slow")


class InThread:
    """An event loop of its own, so that the test can wait for programs."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="gateway", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(PATIENCE_S)

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(PATIENCE_S)
        self.loop.close()


@contextmanager
def gateway(folder: Path) -> Iterator[tuple[Judged, Coaps]]:
    """CoAP over DTLS, for identities that begin with `device`."""
    application, thread = Judged(), InThread()
    store = AssociationFile(folder / "associations.sqlite3")
    sealer = Sealer([bytes(32)])
    coaps = Coaps(libssl.load(), Settings(gateway=3), application, lookup=everybody, store=store, sealer=sealer)
    thread.run(coaps.start())
    try:
        yield application, coaps
    finally:
        thread.run(coaps.stop())
        thread.close()
        store.close()


class Bare:
    """CoAP without DTLS: every address is a peer."""

    def __init__(self, application: Judged) -> None:
        self.application, self.peers = application, dict[Address, Peer]()
        self.socket = UdpSocket("127.0.0.1", 0)
        self.endpoint: Endpoint

    async def start(self) -> None:
        self.endpoint = Endpoint(self.application)
        self.socket.start(self._receive)

    async def stop(self) -> None:
        self.socket.stop()

    def peer(self, address: Address) -> Peer:
        if address not in self.peers:
            self.peers[address] = Peer(self.endpoint, self._sender(address))
        return self.peers[address]

    def _sender(self, address: Address) -> Callable[[bytes], None]:
        return lambda datagram: self.socket.send(datagram, address)

    def _receive(self, datagram: bytes, address: Address) -> None:
        self.peer(address).receive(datagram)


@contextmanager
def bare() -> Iterator[tuple[Bare, InThread]]:
    server, thread = Bare(Judged()), InThread()
    thread.run(server.start())
    try:
        yield server, thread
    finally:
        thread.run(server.stop())
        thread.close()
