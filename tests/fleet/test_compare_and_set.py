"""Tries of a compare-and-set: bounded, with pauses of random length between them."""

import pytest

from chalicelib.fleet.compare_and_set import LONGEST, SHORTEST, SLOWEST, TRIES, tries
from chalicelib.fleet.errors import Contended
from chalicelib.fleet.inventory import devices
from chalicelib.fleet.inventory.records import Device
from tests.fakes import START, MemoryPorts


def test_tries_end(ports: MemoryPorts) -> None:
    assert list(tries(ports)) == list(range(TRIES))


def test_the_first_two_come_at_once(ports: MemoryPorts) -> None:
    assert [len(ports.pauses) for _ in tries(ports)][:4] == [0, 0, 1, 2]


def test_pauses_differ_and_stay_within_growing_bounds(ports: MemoryPorts) -> None:
    list(tries(ports))
    bounds = [min(SHORTEST << n, LONGEST) for n in range(TRIES - 2)]
    assert all(0 <= pause <= bound for pause, bound in zip(ports.pauses, bounds, strict=True))
    assert len(set(ports.pauses)) > TRIES // 2


def test_where_tries_are_slow_pauses_are_longer_by_as_much(ports: MemoryPorts) -> None:
    for _ in tries(ports):
        ports.clock.advance(ms=20 * SHORTEST)
    bounds = [min(20 * (SHORTEST << n), SLOWEST) for n in range(TRIES - 2)]
    assert all(0 <= pause <= bound for pause, bound in zip(ports.pauses, bounds, strict=True))
    assert max(ports.pauses) > LONGEST


def test_a_clock_that_is_set_back_shortens_nothing(ports: MemoryPorts) -> None:
    for _ in tries(ports):
        ports.clock.advance(ms=-1_000)
    assert 0 < max(ports.pauses) <= LONGEST


def test_who_is_beaten_every_time_is_told_so(ports: MemoryPorts) -> None:
    device = Device("t", "d", START, START)
    ports.devices.create(device)

    def beaten(present: Device) -> Device:
        ports.devices.replace(present, Device("t", "d", START, START, name=str(ports.chance(4))))
        return Device("t", "d", START, START, name="mine")

    with pytest.raises(Contended):
        devices.update(ports, "t", "d", beaten)
    assert len(ports.pauses) == TRIES - 2
