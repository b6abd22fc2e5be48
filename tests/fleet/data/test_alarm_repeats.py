"""Raises that are told twice, out of order and side by side: each is counted once, in whichever alarm."""

from itertools import count, takewhile
from random import Random

import pytest

from chalicelib.fleet.data.alarm_records import OVER, REMEMBERED
from tests.fakes import MemoryPorts
from tests.fleet.data.test_alarms import TYPE, cleared, opened, raised
from tests.preempting import preempted

CLEAR = frozenset({5, 11})


def told(ports: MemoryPorts, n: int, clearings: frozenset[int] = frozenset()) -> None:
    if n in clearings:
        cleared(ports, n)
    else:
        raised(ports, n)


def counted(ports: MemoryPorts) -> int:
    return sum(one.count for one in ports.alarms.rows.values() if one.type == TYPE)


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("clearings", [frozenset[int](), CLEAR], ids=["raised", "cleared as well"])
def test_whatever_comes_twice_is_counted_once(seed: int, clearings: frozenset[int]) -> None:
    ports, chance, many = MemoryPorts(), Random(seed), REMEMBERED
    events = [*range(many), *chance.sample(range(many), many // 2)]
    chance.shuffle(events)
    for n in events:
        told(ports, n, clearings)
    assert counted(ports) == many - len(clearings)
    assert (opened(ports) is not None) is ((many - 1) not in clearings)


@pytest.mark.parametrize(
    ("before", "one", "other"),
    [
        ([0, 1], 2, 2),
        ([0, 2], 1, 1),
        ([0, 1], 2, 1),
        ([0, 2], 1, 3),
        ([], 0, 0),
        ([0, 1], 5, 1),
        ([0, 1, 5], 1, 6),
        ([0, 1, 5, 6], 1, 6),
        ([0, 1], 1, 5),
        ([0], 1, 5),
        ([0, 1, 2], 2, 5),
    ],
)
def test_two_functions_that_are_told_at_once_count_once(before: list[int], one: int, other: int) -> None:
    """Whatever the one does between any two calls of the other; 5 is a clearing."""

    def once(at: int) -> bool:
        ports = MemoryPorts()
        for n in before:
            told(ports, n, CLEAR)
        came = preempted(ports, at, lambda: told(ports, one, CLEAR), lambda: told(ports, other, CLEAR), ("alarms",))
        for n in (one, other):
            told(ports, n, CLEAR)
        assert counted(ports) == len({*before, one, other} - CLEAR), at
        return came

    assert list(takewhile(once, count())), "nothing was overtaken"


def test_what_was_counted_in_one_of_the_last_alarms_is_counted_in_no_other() -> None:
    ports = MemoryPorts()
    for cycle in range(OVER + 1):
        for n in (0, 1):
            raised(ports, 10 * cycle + n)
        if cycle < OVER:
            assert cleared(ports, 10 * cycle + 2) is not None
    for cycle in range(OVER + 1):
        assert raised(ports, 10 * cycle + 1).again
        assert raised(ports, 10 * cycle).again
    assert counted(ports) == 2 * (OVER + 1)
    assert len(ports.alarms.rows) == OVER + 1
