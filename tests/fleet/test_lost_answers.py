"""A write whose answer is lost on the way is repeated, and then its condition fails: it was ours all the same."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from tests.fakes import MemoryPorts
from tests.shapes.cases import CASES, Case

WRITES = ("replace", "replace_settings", "replace_version", "mark", "put", "put_new", "remove")

UNCONDITIONAL = {"store.tombstones.TOMBSTONE"}
"""Written over and over with what is true by then."""


def losing(lost: list[str], name: str, write: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """Writes, and says that the condition failed."""
    written = write(*arguments, **named)
    if written is not True or name in lost:
        return written
    lost.append(name)
    return False


def lose(ports: MemoryPorts) -> list[str]:
    """The first write of each table is one whose answer is lost, until the list of these is cleared."""
    lost: list[str] = []
    for store, table in vars(ports).items():
        for write in WRITES:
            if hasattr(table, write) and type(table).__name__.startswith("Memory"):
                setattr(table, write, partial(losing, lost, f"{store}.{write}", getattr(table, write)))
    return lost


def told(ports: MemoryPorts) -> list[object]:
    """What others have been told, besides what is stored."""
    background, delivery = ports.background, ports.delivery
    return [vars(background), delivery.sent, ports.pushes.sent, ports.audit.rows]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_lost_answer_changes_nothing(case: Case) -> None:
    plain, lossy = case.make(), case.make()
    every: list[str] = []
    lost = lose(lossy)
    for number, use in enumerate(case.uses):
        for ports in (plain, lossy):
            ports.clock.advance(seconds=1)
        use(plain)
        lost.clear()
        use(lossy)
        every += lost
        assert case.rows(lossy) == case.rows(plain), f"after use {number}, when the answer of {lost} was lost"
        assert told(lossy) == told(plain), f"after use {number}, when the answer of {lost} was lost"
    assert every or case.name in UNCONDITIONAL, "nothing was written whose answer could be lost"
