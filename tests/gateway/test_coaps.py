"""A gateway's port from outside, on real sockets: devices that register, move, sleep through a restart."""

import asyncio
import contextlib
import socket
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import pytest

from infra.gateway.association_file import AssociationFile
from infra.gateway.coap.numbers import Code, Transmission
from infra.gateway.coap.requests import Request
from infra.gateway.coaps import Coaps, Settings
from infra.gateway.dtls.association import Address
from infra.gateway.dtls.client import Identity
from infra.gateway.dtls.half_open import Credential, Refusal
from infra.gateway.dtls.states import GOOD_MS, Sealer
from infra.gateway.udp import UdpSocket
from tests.fakes.clock import SetClock
from tests.gateway.coaps_rig import KEY, NotingApplication, SimulatedDevice, everybody
from tests.gateway.dtls.rig import LIB, until

pytestmark = pytest.mark.row("F1")
REGISTER = Request(Code.POST, ("rd",), b"</1/0>,</3/0>", content_format=40, query=("ep=device", "lwm2m=1.1"))
READ = Request(Code.GET, ("3", "0", "9"))
SEALER = Sealer([b"k" * 32])


class Gateway:
    """One process's worth."""

    def __init__(self, store: AssociationFile, port: int = 0, clock: SetClock | None = None) -> None:
        self.application = NotingApplication()
        self.keys: dict[bytes, bytes] = {}
        self.failing = False
        transmission = Transmission(ack_timeout=0.2)
        settings = Settings(port=port, gateway=7, transmission=transmission, recheck_s=0.05)
        now = (clock or SetClock()).now
        self.coaps = Coaps(LIB, settings, self.application, lookup=self.lookup, store=store, sealer=SEALER, now=now)

    async def lookup(self, identity: bytes, server_name: str | None) -> Credential | None:
        if self.failing:
            raise ConnectionError("the store is away")
        credential = await everybody(identity, server_name)
        return credential and credential._replace(key=self.keys.get(identity, credential.key))

    async def crash(self) -> None:
        """As `kill -9` leaves it: nothing is saved, and the socket is gone."""
        self.coaps._socket.stop()
        self.coaps.server.stop()
        for task in (self.coaps._keeping._task, self.coaps._keeping._renewing, self.coaps._rechecking):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def store(tmp_path: Path) -> Iterable[AssociationFile]:
    store = AssociationFile(tmp_path / "associations.sqlite3")
    yield store
    store.close()


def identity(number: int, cid: bytes | None) -> Identity:
    return Identity(b"device-%d" % number, KEY, cid=cid)


async def test_a_device_registers_is_read_and_moves(store: AssociationFile) -> None:
    gateway = Gateway(store)
    assert await gateway.coaps.start() == 0
    device = SimulatedDevice(LIB, gateway.coaps.port, identity(1, b"me"))
    await device.connect()
    assert (await device.peer.ask(REGISTER)).code == Code.CREATED
    (request,) = gateway.application.requests
    assert request.payload == b"</1/0>,</3/0>"
    peer = gateway.coaps.peer("tenant/device-1")
    assert peer is not None
    assert (await peer.ask(READ)).payload == b"100"
    device.move()
    assert (await device.peer.ask(Request(Code.POST, ("dp",), b"x" * 5000))).code == Code.CHANGED
    assert (await peer.ask(READ)).payload == b"100"
    assert gateway.coaps.server.counts.moved == 1
    gateway.coaps.forget("tenant/device-1")
    assert gateway.coaps.peer("tenant/device-1") is None
    assert gateway.application.closed_ == [peer]
    stranger = SimulatedDevice(LIB, gateway.coaps.port, Identity(b"stranger", KEY))
    connecting = asyncio.create_task(stranger.connect())
    await until(lambda: gateway.application.refused_)
    assert gateway.application.refused_ == [(Refusal.UNKNOWN_IDENTITY, b"stranger")]
    connecting.cancel()
    await gateway.coaps.stop()
    device.close()
    stranger.close()


@pytest.mark.parametrize("cid", [None, b"", b"me"])
@pytest.mark.parametrize("crashes", [False, True])
async def test_after_a_restart_the_gateway_reads_without_a_handshake(
    store: AssociationFile, cid: bytes | None, *, crashes: bool
) -> None:
    """Twice in a row, and the devices notice nothing."""
    gateway = Gateway(store)
    await gateway.coaps.start()
    port = gateway.coaps.port
    devices = [SimulatedDevice(LIB, port, identity(number, cid)) for number in range(3)]
    for device in devices:
        await device.connect()
        await device.peer.ask(REGISTER)
    await gateway.coaps._keeping.save()
    for _ in range(2):
        if crashes:
            await gateway.crash()
        else:
            await gateway.coaps.stop()
        gateway = Gateway(store, port)
        assert await gateway.coaps.start() == 3
        for number, device in enumerate(devices):
            peer = gateway.coaps.peer(f"tenant/device-{number}")
            assert peer is not None
            assert (await peer.ask(READ)).payload == b"100"
            assert (await device.peer.ask(REGISTER)).code == Code.CREATED
        assert gateway.coaps.server.counts.handshakes == 0
    await gateway.coaps.stop()
    for device in devices:
        device.close()


async def test_states_are_forgotten_with_their_association_their_age_and_their_key(store: AssociationFile) -> None:
    clock = SetClock()
    gateway = Gateway(store, clock=clock)
    await gateway.coaps.start()
    devices = [SimulatedDevice(LIB, gateway.coaps.port, identity(number, b"")) for number in range(2)]
    for device in devices:
        await device.connect()
    await gateway.coaps._keeping.save()
    assert len(list(store.load())) == 2
    gateway.coaps.forget("tenant/device-0")
    await gateway.coaps._keeping.save()
    ((id_, sealed),) = store.load()
    assert SEALER.open(id_, sealed).peer.identity == b"device-1"
    clock.advance(ms=GOOD_MS // 2 + 1)  # silent, but saved again before it grows too old
    await gateway.coaps._keeping.save()
    ((_, refreshed),) = store.load()
    assert SEALER.open(id_, refreshed).saved == clock.at
    await gateway.crash()
    clock.advance(ms=GOOD_MS + 1)
    gateway = Gateway(store, clock=clock)
    assert await gateway.coaps.start() == 0
    await gateway.coaps._keeping.save()
    assert list(store.load()) == []
    store.save({"foreign": b"x" * 100}, ())
    await gateway.coaps.stop()
    gateway = Gateway(store)
    assert await gateway.coaps.start() == 0
    await gateway.coaps.stop()
    assert list(store.load()) == []
    for device in devices:
        device.close()


async def test_a_key_that_changed_while_nobody_was_there_ends_what_was_restored(store: AssociationFile) -> None:
    gateway = Gateway(store)
    await gateway.coaps.start()
    port = gateway.coaps.port
    devices = [SimulatedDevice(LIB, port, identity(number, b"")) for number in range(2)]
    for device in devices:
        await device.connect()
    await gateway.coaps.stop()
    gateway = Gateway(store, port)
    gateway.keys[b"device-0"] = b"another key"
    assert await gateway.coaps.start() == 2
    await until(lambda: gateway.application.closed_)
    assert gateway.coaps.peer("tenant/device-0") is None
    assert (await devices[1].peer.ask(REGISTER)).code == Code.CREATED
    await gateway.coaps.stop()
    assert len(list(store.load())) == 1
    gateway = Gateway(store, port)
    gateway.failing = True  # a store that is away ends nobody
    assert await gateway.coaps.start() == 1
    assert (await devices[1].peer.ask(REGISTER)).code == Code.CREATED
    await gateway.coaps.stop()
    assert len(list(store.load())) == 1
    for device in devices:
        device.close()


class FailingOnce(AssociationFile):
    fails = True

    def save(self, states: Mapping[str, bytes], gone: Collection[str]) -> None:
        if self.fails:
            self.fails = False
            raise OSError("the disk is full")
        super().save(states, gone)


async def test_what_could_not_be_saved_is_saved_later(tmp_path: Path) -> None:
    store = FailingOnce(tmp_path / "a.sqlite3")
    gateway = Gateway(store)
    await gateway.coaps.start()
    device = SimulatedDevice(LIB, gateway.coaps.port, identity(1, None))
    await device.connect()
    with pytest.raises(OSError, match="full"):
        await gateway.coaps._keeping.save()
    await gateway.coaps._keeping.save()
    assert len(list(store.load())) == 1
    await gateway.coaps.stop()
    device.close()
    store.close()


async def test_a_gateway_takes_another_generation_when_its_numbers_run_low(store: AssociationFile) -> None:
    gateway = Gateway(store)
    await gateway.coaps.start()
    device = SimulatedDevice(LIB, gateway.coaps.port, identity(1, None))
    await device.connect()
    (association,) = gateway.coaps.server.all()
    association.numbers._next = association.numbers._end - 2
    peer = gateway.coaps.peer("tenant/device-1")
    assert peer is not None
    for _ in range(5):
        assert (await peer.ask(READ)).payload == b"100"
    assert gateway.coaps.server._generation > 1
    await gateway.coaps.stop()
    device.close()


def test_generations_never_come_back(tmp_path: Path) -> None:
    path = tmp_path / "associations.sqlite3"
    taken = []
    for _ in range(3):
        store = AssociationFile(path)
        taken += [store.next_generation(), store.next_generation()]
        store.close()
    assert taken == [1, 2, 3, 4, 5, 6]
    assert path.stat().st_mode & 0o077 == 0


async def test_a_socket_is_drained_and_survives_what_its_reader_raises(caplog: pytest.LogCaptureFixture) -> None:
    got: list[bytes] = []

    def receive(datagram: bytes, _: object) -> None:
        if datagram == b"bad":
            raise KeyError("a mistake")
        got.append(datagram)

    udp = UdpSocket("::1" if socket.has_ipv6 else "127.0.0.1", 0)
    udp.start(receive)
    family = socket.AF_INET6 if socket.has_ipv6 else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sender:
        sender.connect(("::1" if socket.has_ipv6 else "127.0.0.1", udp.port))
        for datagram in (b"one", b"bad", b"two"):
            sender.send(datagram)
        await until(lambda: len(got) == 2)
        udp.send(b"x" * 70_000, sender.getsockname())
        udp.send(b"back", sender.getsockname())
        assert sender.recv(100) == b"back"
    assert got == [b"one", b"two"]
    assert udp.unsent == 1
    assert "was not understood" in caplog.text
    udp.stop()


async def test_datagrams_that_are_read_together_are_answered_together_and_in_order() -> None:
    udp = UdpSocket("127.0.0.1", 0)
    early: list[bytes] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        sender.connect(("127.0.0.1", udp.port))

        def answers() -> list[bytes]:
            got = []
            with contextlib.suppress(BlockingIOError):
                while True:
                    got.append(sender.recv(100))
            return got

        def receive(datagram: bytes, address: Address) -> None:
            early.extend(answers())
            udp.send(datagram.upper(), address)
            if datagram == b"bad":
                raise KeyError("a mistake after its answer")

        for datagram in (b"one", b"bad", b"two"):
            sender.send(datagram)
        udp.start(receive)
        late: list[bytes] = []

        def all_have_come() -> bool:
            late.extend(answers())
            return len(late) == 3

        await until(all_have_come)
        assert not early
        assert late == [b"ONE", b"BAD", b"TWO"]
        udp.send(b"by itself", sender.getsockname())
        assert answers() == [b"by itself"]
    udp.stop()
