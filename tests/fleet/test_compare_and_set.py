"""Tries of a compare-and-set: bounded, with pauses of random length between them."""

from dataclasses import replace

import pytest

from chalicelib.fleet.compare_and_set import (
    LONGEST,
    SHORTEST,
    SLOWEST,
    TRIES,
    change_record,
    create_record,
    tries,
    unrevised,
)
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


class Shelf:
    """One device, whose next writes go as `script` says: written or not, and what is answered."""

    def __init__(self, *script: tuple[bool, bool]) -> None:
        self.held = Device("t", "d", START, START)
        self.script = [*script]
        self.reads = 0

    def read(self) -> Device:
        self.reads += 1
        return self.held

    def write(self, old: Device, new: Device) -> bool:
        written, answer = self.script.pop(0) if self.script else (True, True)
        if old.revision != self.held.revision:
            return False
        if written:
            self.held = replace(new, revision=old.revision + 1)
        return answer


def same(device: Device) -> Device:
    """Equal, and not the same object."""
    return replace(device)


def named(device: Device) -> Device:
    return replace(device, name="new")


def test_a_write_whose_answer_was_lost_is_ours_and_is_told_once(ports: MemoryPorts) -> None:
    shelf, told = Shelf((True, False)), []
    after, ours = change_record(ports, "d", shelf.read, shelf.write, named, tell=lambda *both: told.append(both))
    assert (after, ours) == (shelf.held, True)
    assert [(before.name, now.name) for before, now in told] == [(None, "new")]


def test_a_lost_answer_of_a_change_that_builds_on_itself_counts_once(ports: MemoryPorts) -> None:
    shelf = Shelf((True, False))
    change_record(ports, "d", shelf.read, shelf.write, lambda device: replace(device, tags=(*device.tags, "x")))
    assert shelf.held.tags == ("x",)


def test_what_another_one_wrote_in_between_is_built_upon(ports: MemoryPorts) -> None:
    shelf = Shelf((False, False))
    shelf.held = replace(shelf.held, description="theirs")
    after, ours = change_record(ports, "d", shelf.read, shelf.write, named, seen=Device("t", "d", START, START))
    assert (after.name, after.description, ours) == ("new", "theirs", True)


def test_what_changes_nothing_is_not_written_unless_it_is_to_be_touched(ports: MemoryPorts) -> None:
    shelf = Shelf()
    assert change_record(ports, "d", shelf.read, shelf.write, same) == (shelf.held, False)
    assert shelf.held.revision == 0
    change_record(ports, "d", shelf.read, shelf.write, same, touch=True)
    assert shelf.held.revision == 1


def test_what_is_gone_is_not_written(ports: MemoryPorts) -> None:
    shelf = Shelf()
    assert change_record(ports, "d", lambda: None, shelf.write, named) == (None, False)


def test_a_record_without_a_revision_is_ours_where_it_reads_as_written(ports: MemoryPorts) -> None:
    held = [Device("t", "d", START, START)]

    def write(_old: Device, new: Device) -> bool:
        held.append(new)
        return False

    after, ours = change_record(ports, "d", lambda: held[-1], write, named, stored=unrevised)
    assert (after.name, ours, len(held)) == ("new", True, 2)


def test_one_that_was_made_and_not_told_so_is_ours(ports: MemoryPorts) -> None:
    mine, theirs = Device("t", "d", START, START), Device("t", "d", START + 1, START)
    assert create_record(mine, lambda _: True, lambda: None)
    assert create_record(mine, lambda _: False, lambda: mine)
    assert not create_record(mine, lambda _: False, lambda: theirs)
    assert not create_record(mine, lambda _: False, lambda: None)
