"""Several nodes behind a balancer that forgets silent flows and brings the next datagram anywhere."""

import asyncio
import os
import socket
from collections.abc import Iterator
from typing import Any

import cbor2
import pytest

from infra.gateway.coap.numbers import Code
from infra.gateway.coap.requests import Request
from infra.gateway.dtls.association import Address
from infra.gateway.dtls.client import Identity
from infra.gateway.forwarding import Forwarding
from infra.gateway.membership import Node
from tests.gateway.coaps_rig import KEY, SimulatedDevice
from tests.gateway.dtls.rig import LIB, until
from tests.gateway.nodes import MemoryPlatform, Running, aws

pytestmark = pytest.mark.row("F1")
READ = {"work": "w", "request": {"method": "GET", "path": ["3", "0", "9"]}}


@pytest.fixture
def platform() -> MemoryPlatform:
    return MemoryPlatform()


@pytest.fixture
def clients(platform: MemoryPlatform) -> Iterator[Any]:
    with aws(platform, nodes=2) as made:
        yield made


class Balancer:
    """Carries each flow to one target, and to another once `forget` was called. The targets see who sent.

    As AWS keeps the address of a client, each flow here has a socket of its own, bound to nothing else: a target knows
    flows apart by it, and what another target sends to that address is no part of the flow and is dropped.
    """

    def __init__(self, targets: list[int]) -> None:
        self._targets, self._at = targets, 0
        self._flows: dict[Address, tuple[socket.socket, int]] = {}
        self._loop = asyncio.get_running_loop()
        self._front = self._socket()
        self.port = int(self._front.getsockname()[1])
        self.dropped = 0
        self._loop.add_reader(self._front, self._take)

    @staticmethod
    def _socket() -> socket.socket:
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.setblocking(False)
        made.bind(("127.0.0.1", 0))
        return made

    def forget(self) -> None:
        """The next datagram of every client goes to the next target, from the same address as before."""
        self._at += 1
        self._flows = {client: (back, self._targets[self._at % 2]) for client, (back, _) in self._flows.items()}

    def _take(self) -> None:
        datagram, client = self._front.recvfrom(65_535)
        if client not in self._flows:
            back = self._socket()
            self._flows[client] = back, self._targets[self._at % 2]
            self._loop.add_reader(back, self._give, client)
        back, target = self._flows[client]
        back.sendto(datagram, ("127.0.0.1", target))

    def _give(self, client: Address) -> None:
        back, target = self._flows[client]
        datagram, source = back.recvfrom(65_535)
        if source[1] != target:
            self.dropped += 1
            return
        self._front.sendto(datagram, client)

    def close(self) -> None:
        for each in (self._front, *(back for back, _ in self._flows.values())):
            self._loop.remove_reader(each)
            each.close()


def node(clients: Any, name: str) -> Running:
    return Running(clients, machine=name, nodes=2, forward_port=0, address="127.0.0.1")


@pytest.mark.parametrize("cid", [None, b"", b"me"])
async def test_a_flow_that_is_brought_elsewhere_goes_on_without_a_handshake(
    clients: Any, platform: MemoryPlatform, cid: bytes | None
) -> None:
    nodes = [node(clients, "one"), node(clients, "two")]
    for each in nodes:
        await each.start()
    await nodes[0].node._look_around()
    assert [each.node.number for each in nodes] == [0, 1]
    balancer = Balancer([each.port for each in nodes])
    device = SimulatedDevice(LIB, balancer.port, Identity(b"device-1", KEY, cid=cid))
    await device.connect()
    for round_ in range(3):
        text = b"r%d" % round_
        answer = await device.peer.ask(Request(Code.POST, ("dp",), text, content_format=110))
        assert answer.code == Code.CHANGED
        platform.waiting["device-1"] = [READ]
        nodes[0].node.served["run"][0].hint({"wake": "device-1"})
        await until(lambda: not platform.waiting["device-1"])
        await until(lambda: len(platform.done) == len(platform.kept))
        balancer.forget()
    assert [done["code"] for done in platform.done] == ["2.05"] * 3
    assert platform.kept == ["r0", "r1", "r2"]
    assert [each.node.served["run"][1].server.counts.handshakes for each in nodes] == [1, 0]
    assert balancer.dropped == 0
    for each in nodes:
        await each.stop()
    balancer.close()
    device.close()


async def test_a_node_that_was_replaced_is_forwarded_to_where_it_is_now(clients: Any, platform: MemoryPlatform) -> None:
    nodes = [node(clients, "one"), node(clients, "two")]
    for each in nodes:
        await each.start()
    balancer = Balancer([each.port for each in nodes])
    device = SimulatedDevice(LIB, balancer.port, Identity(b"device-1", KEY, cid=b"me"))
    await device.connect()
    await nodes[0].stop()
    balancer.forget()
    reporting = asyncio.create_task(device.peer.ask(Request(Code.POST, ("dp",), b"meanwhile", content_format=110)))
    await asyncio.sleep(0.1)
    assert not platform.kept
    after = node(clients, "three")
    assert await after.start() == 1
    await nodes[1].node._look_around()
    assert (await asyncio.wait_for(reporting, 60)).code == Code.CHANGED
    assert platform.kept == ["meanwhile"]
    for each in (nodes[1], after):
        await each.stop()
    balancer.close()
    device.close()


class Wire:
    """Two nodes' forwarding ports, and what would leave by their others."""

    def __init__(self, key: bytes = b"k") -> None:
        self.now = 1_000.0
        self.between: list[tuple[bytes, Address]] = []
        self.out: list[tuple[bytes, Address]] = []
        self.taken: list[tuple[bytes, Address]] = []
        self.one, self.two = self._made(0, b"k"), self._made(1, key)
        self.one.nodes = {1: Node(1, "10.0.0.1", 5690)}
        self.two.nodes = {0: Node(0, "10.0.0.0", 5690)}

    def _made(self, number: int, key: bytes) -> Forwarding:
        return Forwarding(
            number,
            key,
            send=lambda raw, address: self.between.append((raw, address)),
            out=lambda raw, address: self.out.append((raw, address)),
            take=lambda raw, address: self.taken.append((raw, address)),
            now=lambda: self.now,
        )


def test_a_datagram_goes_there_and_its_answer_back() -> None:
    wire = Wire()
    wire.one.elsewhere(1, b"question", ("203.0.113.5", 4711))
    raw, target = wire.between.pop()
    assert target == ("10.0.0.1", 5690)
    wire.two.receive(raw, ("10.0.0.0", 1))
    ((datagram, address),) = wire.taken
    assert (datagram, address[:2]) == (b"question", ("203.0.113.5", 4711))
    wire.two.transmit(b"answer", address)
    raw, target = wire.between.pop()
    wire.one.receive(raw, ("10.0.0.1", 1))
    assert wire.out == [(b"answer", ("203.0.113.5", 4711))]
    wire.two.nodes = {}
    wire.two.transmit(b"later", address)
    assert wire.out[-1] == (b"later", ("203.0.113.5", 4711))


def test_nobody_else_has_a_node_take_or_send_anything() -> None:
    wire, other = Wire(), Wire(key=b"another")
    wire.one.elsewhere(1, b"question", ("203.0.113.5", 4711))
    good = wire.between.pop()[0]
    odd = [b"", b"x", good[:20], good[1:], good + b"x", bytes(len(good)), *(os.urandom(n) for n in range(0, 2000, 97))]
    odd += [good[:at] + bytes((good[at] ^ 1,)) + good[at + 1 :] for at in range(len(good))]
    for raw in odd:
        wire.two.receive(raw, ("10.0.0.7", 9))
    other.two.receive(good, ("10.0.0.0", 1))
    wire.one.receive(good, ("10.0.0.0", 1))  # its own, sent back
    wire.now += 61
    wire.two.receive(good, ("10.0.0.0", 1))  # recorded, and sent again
    assert (wire.taken, wire.out, other.taken) == ([], [], [])
    assert wire.two.refused == len(odd) + 1


def test_what_a_node_of_another_release_says_is_dropped() -> None:
    wire = Wire()
    for body in (
        b"",
        b"\xff",
        cbor2.dumps([]),
        cbor2.dumps({"a": 1}),
        cbor2.dumps([0, 1000, 0, "x", 7]),
        cbor2.dumps([9] * 5),
    ):
        wire.two.receive(wire.one._tag(body) + body, ("10.0.0.0", 1))
    assert (wire.taken, wire.out) == ([], [])


def test_strangers_without_a_connection_id_are_asked_for_within_bounds_and_unknown_numbers_nowhere() -> None:
    wire = Wire()
    for number in range(1_000):
        wire.one.elsewhere(None, b"x", ("203.0.113.5", number))
        wire.one.elsewhere(3, b"x", ("203.0.113.5", number))
    assert len(wire.between) == 200
    wire.now += 1
    wire.one.elsewhere(None, b"x", ("203.0.113.5", 1))
    assert len(wire.between) == 201
