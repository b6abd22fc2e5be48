"""Devices with CoAP over DTLS on real sockets, and an application that notes what it sees."""

import asyncio
import random
import socket
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Any

from infra.gateway.coap.endpoint import Endpoint
from infra.gateway.coap.message import Message, Response
from infra.gateway.coap.numbers import Code
from infra.gateway.coap.peer import Peer
from infra.gateway.dtls.association import Address
from infra.gateway.dtls.client import Client, Identity
from infra.gateway.dtls.contexts import Context
from infra.gateway.dtls.half_open import Credential, Refusal
from infra.gateway.dtls.libssl import Libssl

KEY = bytes(range(16))


async def everybody(identity: bytes, _: str | None) -> Credential | None:
    """A look-up that knows every identity beginning with `device`."""
    return Credential(KEY, f"tenant/{identity.decode()}") if identity.startswith(b"device") else None


@dataclass
class NotingApplication:
    requests: list[Message] = field(default_factory=list)
    notifications: list[Message] = field(default_factory=list)
    peers: list[Peer] = field(default_factory=list)
    closed_: list[Peer] = field(default_factory=list)
    refused_: list[tuple[Refusal, bytes]] = field(default_factory=list)

    def request(self, _: Any, request: Message) -> Response | Awaitable[Response]:
        self.requests.append(request)
        return Response(Code.CREATED if request.path == ("rd",) else Code.CHANGED)

    def notification(self, _: Any, message: Message) -> bool | Awaitable[bool]:
        self.notifications.append(message)
        return True

    def reset(self, peer: Any, message_id: int) -> None:
        pass

    def malformed(self, peer: Any, why: str) -> None:
        pass

    def opened(self, peer: Any) -> None:
        self.peers.append(peer)

    def closed(self, peer: Any) -> None:
        self.closed_.append(peer)

    def refused(self, why: Refusal, address: Address, identity: bytes) -> None:  # noqa: ARG002 - a protocol's
        self.refused_.append((why, identity))


class DeviceApplication(NotingApplication):
    """What a simulated device answers: its battery level."""

    def request(self, _: Any, request: Message) -> Response | Awaitable[Response]:
        self.requests.append(request)
        return Response(Code.CONTENT, b"100")


class SimulatedDevice:
    """A device on a socket of its own."""

    def __init__(self, lib: Libssl, port: int, identity: Identity, host: str = "127.0.0.1") -> None:
        """`host` is where it comes from."""
        self._host = host
        self.application = DeviceApplication()
        self._server: Address = ("127.0.0.1", port)
        self._open_socket()
        self.client = Client(Context(lib), identity, self._transmit, self._received, self._server)
        self.peer: Peer
        self._loop = asyncio.get_running_loop()
        self.endpoint = Endpoint(self.application, chance=random.Random(1))

    def _open_socket(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind((self._host, 0))
        asyncio.get_running_loop().add_reader(self._socket, self._drain)

    def _drain(self) -> None:
        try:
            datagram = self._socket.recv(65_535)
        except OSError:
            return
        self.client.datagram_received(datagram)

    def _transmit(self, datagram: bytes, address: Address) -> None:
        self._socket.sendto(datagram, address)

    def _received(self, data: bytes) -> None:
        self.peer.receive(data)

    async def connect(self) -> None:
        association = await asyncio.wait_for(self.client.connect(), 20)
        self.peer = Peer(self.endpoint, association.send)

    def move(self) -> None:
        """What a NAT does: another port, and nothing arrives at the old one."""
        self.close()
        self._open_socket()

    def close(self) -> None:
        self._loop.remove_reader(self._socket)
        self._socket.close()
