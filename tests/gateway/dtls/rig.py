"""A server and clients over a network that loses, repeats, changes and remembers what it is told to."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Self

import pytest

from infra.gateway.dtls import libssl
from infra.gateway.dtls.association import Address, Association
from infra.gateway.dtls.client import Client, Identity
from infra.gateway.dtls.contexts import Context
from infra.gateway.dtls.half_open import Credential, Refusal
from infra.gateway.dtls.server import Limits, Server
from infra.gateway.dtls.suites import SUITES


def _lib() -> libssl.Libssl:
    """The interpreter's OpenSSL, or another one that OPENSSL_UNDER_TEST names."""
    try:
        return libssl.load(os.environ.get("OPENSSL_UNDER_TEST"))
    except libssl.OpensslHiddenError as error:
        if os.environ.get("CI"):
            raise  # a gate that skips what it is there for guards nothing
        pytest.skip(str(error), allow_module_level=True)


LIB = _lib()
KEY = bytes(range(16))
SERVER: Address = ("192.0.2.1", 5684)
PATIENCE_S = 20
"""How long a test waits for what never comes, on a machine that does other things too."""


@dataclass
class Sent:
    datagram: bytes
    source: Address
    target: Address


class Network:
    """Delivers in order, one turn of the loop later; `filter` may answer other datagrams instead of one."""

    def __init__(self) -> None:
        self.log: list[Sent] = []
        self.filter: Callable[[Sent], list[bytes]] = lambda sent: [sent.datagram]
        self._at: dict[Address, Callable[[bytes, Address], None]] = {}
        self._ports = count(40_000)

    def attach(self, receive: Callable[[bytes, Address], None], address: Address | None = None) -> Address:
        address = address or ("198.51.100.7", next(self._ports))
        self._at[address] = receive
        return address

    def detach(self, address: Address) -> None:
        self._at.pop(address, None)

    def send(self, datagram: bytes, source: Address, target: Address) -> None:
        sent = Sent(datagram, source, target)
        self.log.append(sent)
        for each in self.filter(sent):
            asyncio.get_running_loop().call_soon(self.deliver, each, source, target)

    def deliver(self, datagram: bytes, source: Address, target: Address) -> None:
        receive = self._at.get(target)
        if receive is not None:
            receive(datagram, source)

    def from_(self, source: Address) -> list[bytes]:
        return [sent.datagram for sent in self.log if sent.source == source]


@dataclass
class Application:
    """Notes what the server tells, and answers everything by its echo."""

    opened_: list[Association] = field(default_factory=list)
    received_: list[bytes] = field(default_factory=list)
    closed_: list[Association] = field(default_factory=list)
    moved_: list[Address] = field(default_factory=list)
    refused_: list[tuple[Refusal, bytes]] = field(default_factory=list)
    low: int = 0

    def opened(self, association: Association) -> None:
        self.opened_.append(association)

    def received(self, association: Association, data: bytes) -> None:
        self.received_.append(data)
        association.send(b"echo " + data)

    def moved(self, association: Association) -> None:
        self.moved_.append(association.address)

    def closed(self, association: Association) -> None:
        self.closed_.append(association)

    def refused(self, why: Refusal, address: Address, identity: bytes) -> None:  # noqa: ARG002 - a protocol's
        self.refused_.append((why, identity))

    def low_on_numbers(self) -> None:
        self.low += 1


class Device:
    """A client with what it received, at an address that can change."""

    def __init__(self, network: Network, identity: Identity, suites: tuple[str, ...], address: Address | None) -> None:
        self.network, self.got = network, asyncio.Queue[bytes]()
        self.address = network.attach(self._receive, address)
        context = Context(LIB, suites=suites, retransmit_ms=50)
        self.client = Client(context, identity, self._transmit, self.got.put_nowait, SERVER)

    def _receive(self, datagram: bytes, _: Address) -> None:
        self.client.datagram_received(datagram)

    def _transmit(self, datagram: bytes, target: Address) -> None:
        self.network.send(datagram, self.address, target)

    async def connect(self) -> Association:
        return await asyncio.wait_for(self.client.connect(), PATIENCE_S)

    async def ask(self, data: bytes) -> bytes:
        assert self.client.association is not None
        self.client.association.send(data)
        return await self.next()

    async def next(self) -> bytes:
        return await asyncio.wait_for(self.got.get(), PATIENCE_S)

    def move(self) -> Address:
        """What a NAT does: another port, and nothing arrives at the old one."""
        self.network.detach(self.address)
        self.address = self.network.attach(self._receive)
        return self.address


class Rig:
    """`keys` is who exists; a look-up takes two turns of the loop."""

    def __init__(self, *, limits: Limits | None = None, generation: int = 1, network: Network | None = None) -> None:
        self.network, self.application = network or Network(), Application()
        self.keys = {b"thermometer": Credential(KEY, "tenant/thermometer"), b"valve": Credential(KEY, "tenant/valve")}
        self.asked: list[tuple[bytes, str | None]] = []
        self.failing = 0
        self.server = Server(
            LIB,
            upper=self.application,
            lookup=self.lookup,
            transmit=lambda datagram, address: self.network.send(datagram, SERVER, address),
            generation=generation,
            gateway=258,
            limits=limits or Limits(handshakes_a_second=10_000),
            retransmit_ms=50,
        )
        self.network.attach(self.server.datagram_received, SERVER)

    async def lookup(self, identity: bytes, server_name: str | None) -> Credential | None:
        self.asked.append((identity, server_name))
        await asyncio.sleep(0)
        if self.failing:
            self.failing -= 1
            raise ConnectionError("the store is away")
        return self.keys.get(identity)

    def device(
        self,
        identity: bytes = b"thermometer",
        key: bytes = KEY,
        *,
        host_name: str | None = None,
        cid: bytes | None = None,
        suites: tuple[str, ...] = tuple(SUITES),
        address: Address | None = None,
    ) -> Device:
        return Device(self.network, Identity(identity, key, host_name, cid), suites, address)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.server.stop()


async def until(true: Callable[[], object]) -> None:
    """Waits for progress of others; the test fails by its patience only if there is none."""
    async with asyncio.timeout(PATIENCE_S):
        while not true():  # noqa: ASYNC110 - whoever makes progress knows of no event
            await asyncio.sleep(0.005)
