"""A gateway returns, and many devices wait behind it: all are woken, and no function takes too long."""

import pytest

from chalicelib.fleet.errors import TemporarilyUnavailable
from chalicelib.fleet.presence import relaying
from chalicelib.fleet.presence.claims import Claim
from chalicelib.fleet.presence.gateways import Waiting
from chalicelib.fleet.presence.records import Capability
from chalicelib.triggers import downlink
from tests.fakes import START, MemoryPorts, QueuedBackground

TENANT = "t00001"
GATEWAY = Claim("g1", TENANT, "live_objects", "connector", "k", START, connector="x")
LISTENING = frozenset({Capability.COMMAND})


@pytest.fixture
def ports() -> MemoryPorts:
    return MemoryPorts()


def come(ports: MemoryPorts) -> None:
    relaying.subscribed(ports, GATEWAY, "s1", LISTENING, ports.clock.advance(seconds=1))


class Slow(QueuedBackground):
    """Each invocation takes a while."""

    def __init__(self, ports: MemoryPorts) -> None:
        super().__init__()
        self._ports = ports

    def deliver(self, tenant: str, device: str) -> bool:
        self._ports.clock.advance(ms=30)
        return super().deliver(tenant, device)


def waiting_behind(ports: MemoryPorts, count: int) -> list[str]:
    names = [f"urn:lo:nsid:x:{number:04}" for number in range(count)]
    for device in names:
        ports.gateways.wait(Waiting(TENANT, GATEWAY.client, device, "m"))
    return names


def test_a_few_devices_are_woken_at_once(ports: MemoryPorts) -> None:
    names = waiting_behind(ports, 20)
    come(ports)
    assert [device for _, device in ports.background.deliveries] == names
    assert not ports.background.wakes


def test_a_thousand_devices_are_woken_in_the_background_in_runs_that_end_in_time(ports: MemoryPorts) -> None:
    names = waiting_behind(ports, 1_000)
    ports.background = Slow(ports)
    come(ports)
    runs = []
    while ports.background.wakes:
        tenant, client = ports.background.wakes.popleft()
        began = ports.clock.now()
        downlink.deliver(ports, {"tenant": tenant, "gateway": client}, 50_000)
        runs.append(ports.clock.now() - began)
    assert [device for _, device in ports.background.deliveries] == names
    assert not list(ports.gateways.waiting(TENANT, "g1"))
    assert len(runs) == 2
    assert max(runs) <= 50_000 - downlink.RESERVE + 30


def test_every_run_wakes_somebody_however_little_time_it_has(ports: MemoryPorts) -> None:
    waiting_behind(ports, 30)
    come(ports)
    ports.background.wakes.clear()
    relaying.wake(ports, TENANT, "g1", 0)
    assert len(ports.background.deliveries) == len(ports.background.wakes) == 1


def test_waking_ends_when_the_gateway_is_gone_again(ports: MemoryPorts) -> None:
    come(ports)
    relaying.disconnected(ports, GATEWAY, "s1", ports.clock.advance(seconds=1))
    waiting_behind(ports, 30)
    relaying.wake(ports, TENANT, "g1", ports.clock.now() + 1_000)
    assert not ports.background.deliveries
    assert len(list(ports.gateways.waiting(TENANT, "g1"))) == 30


def test_who_could_not_be_woken_stays_noted(ports: MemoryPorts) -> None:
    waiting_behind(ports, 3)
    ports.background.failing = True
    with pytest.raises(TemporarilyUnavailable):
        come(ports)
    assert len(list(ports.gateways.waiting(TENANT, "g1"))) == 3
    ports.background.failing = False
    come(ports)
    assert len(ports.background.deliveries) == 3
