"""Counts of a big fleet are kept for a while, those of a small one never."""

import pytest

from chalicelib.fleet.inventory import counting
from chalicelib.fleet.inventory.facets import Facet
from chalicelib.fleet.inventory.records import Device
from tests.fakes import MemoryPorts


@pytest.fixture
def ports() -> MemoryPorts:
    return MemoryPorts()


def fill(ports: MemoryPorts, tenant: str, devices: range) -> None:
    for number in devices:
        one = Device(tenant, f"{number:05}", 1, 1, tags=("even",) if number % 2 == 0 else ())
        ports.devices.rows[tenant, one.id] = one


@pytest.mark.parametrize(("devices", "minutes"), [(9_999, 0), (10_000, 1), (39_000, 3), (10**6, 15)])
def test_the_bigger_a_fleet_the_longer_its_count_is_told(devices: int, minutes: int) -> None:
    assert counting.Tally(1_000, devices, ()).until == 1_000 + minutes * 60_000


def test_a_small_fleet_is_counted_whenever_somebody_asks(ports: MemoryPorts) -> None:
    for there in (3, 4):
        fill(ports, "t", range(there))
        assert counting.by_facet(ports, "t", Facet.TAG).counts == (("even", 2),)
        assert counting.by_presence(ports, "t").total == there
    assert not ports.records.rows


def test_a_big_one_is_counted_once_for_all_who_ask(ports: MemoryPorts) -> None:
    fill(ports, "t", range(counting.AT_ONCE))
    first = counting.by_facet(ports, "t", Facet.TAG)
    assert first.counts == (("even", 5_000),)
    fill(ports, "t", range(counting.AT_ONCE + 2))
    fill(ports, "other", range(1))
    ports.clock.advance(seconds=59)
    assert counting.by_facet(ports, "t", Facet.TAG) == first
    assert counting.by_presence(ports, "t").total == counting.AT_ONCE + 2, "each kind of count by itself"
    assert counting.by_facet(ports, "other", Facet.TAG).total == 1
    ports.clock.advance(seconds=1)
    again = counting.by_facet(ports, "t", Facet.TAG)
    assert (again.counts, again.at) == ((("even", 5_001),), first.at + 60_000)
