"""A CoAP client over DTLS for simulated devices: all of them in the loop of one thread."""

import asyncio
import random
import socket
import threading
from collections.abc import Coroutine
from functools import cache
from typing import Any

from infra.gateway.coap.endpoint import Endpoint, Handler
from infra.gateway.coap.peer import Peer
from infra.gateway.coap.transmissions import PeerClosedError
from infra.gateway.dtls import libssl
from infra.gateway.dtls.client import Client, Identity
from infra.gateway.dtls.contexts import Context

_PATIENCE_S = 60.0
_LARGEST = 65_535


@cache
def loop() -> asyncio.AbstractEventLoop:
    """That all devices live in; it ends with the process."""
    found = asyncio.new_event_loop()
    threading.Thread(target=found.run_forever, name="simulated-devices", daemon=True).start()
    return found


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """What it comes to, for other threads to wait for."""
    return asyncio.run_coroutine_threadsafe(work, loop()).result(_PATIENCE_S)


@cache
def _library() -> libssl.Libssl:
    return libssl.load()


class Socket:
    """An association from a port of its own; used in the loop alone."""

    def __init__(self, port: int, identity: Identity, handler: Handler) -> None:
        address = ("127.0.0.1", port)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.settimeout(0)
        self._socket.bind(("127.0.0.1", 0))
        self._client = Client(Context(_library()), identity, self._transmit, self._received, address)
        self._endpoint = Endpoint(handler, chance=random.SystemRandom())
        self._peer: Peer | None = None
        asyncio.get_running_loop().add_reader(self._socket, self._drain)

    @property
    def peer(self) -> Peer:
        """Errors: PeerClosedError (not connected)."""
        if self._peer is None:
            raise PeerClosedError
        return self._peer

    async def connect(self) -> None:
        """Errors: TimeoutError, HandshakeError."""
        association = await asyncio.wait_for(self._client.connect(), _PATIENCE_S)
        self._peer = Peer(self._endpoint, association.send)

    def close(self) -> None:
        """Without a goodbye: nothing arrives any more, and nothing is repeated."""
        if self._peer is not None:
            self._peer.close()
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    def _drain(self) -> None:
        try:
            datagram = self._socket.recv(_LARGEST)
        except OSError:
            # An ICMP error of an earlier datagram, or nothing any more: who waits repeats what it has sent.
            return
        self._client.datagram_received(datagram)

    def _transmit(self, datagram: bytes, address: Any) -> None:
        if self._socket.fileno() >= 0:
            self._socket.sendto(datagram, address)

    def _received(self, data: bytes) -> None:
        if self._peer is not None:
            self._peer.receive(data)
