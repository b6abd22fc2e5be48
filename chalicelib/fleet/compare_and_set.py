"""Read, change, compare-and-set: how every contended record is written."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, TypeVar

from chalicelib.fleet.errors import Contended
from chalicelib.fleet.ports import Ports

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    class _Revised(DataclassInstance, Protocol):
        @property
        def revision(self) -> int: ...


TRIES = 25
SHORTEST, LONGEST, SLOWEST = 10, 400, 1_000
"""Milliseconds that the first pause has at most, any pause, and any where tries are slow: 8 s or 22 s all together."""


def tries(ports: Ports) -> Iterator[int]:
    """Numbers of the tries of a compare-and-set, with pauses between: the first time somebody was beaten is chance.

    Where a try takes longer than the first pause, because many try at once or the machine is slow, pauses are longer by
    as much: otherwise everybody would be back before anybody is done.
    """
    took = 0
    for number in range(TRIES):
        if number > 1:
            slower = max(1, took // SHORTEST)
            longest = min(min(SHORTEST << (number - 2), LONGEST) * slower, SLOWEST)
            ports.pause(int.from_bytes(ports.chance(2)) % (longest + 1))
        began = ports.clock.now()
        yield number
        took = ports.clock.now() - began


R = TypeVar("R", bound="_Revised")


def change_record(
    ports: Ports,
    name: str,
    read: Callable[[], R | None],
    write: Callable[[R, R], bool],
    change: Callable[[R], R | None],
    seen: R | None = None,
    tell: Callable[[R, R], None] = lambda _before, _after: None,
) -> tuple[R | None, bool]:
    """The record after `change`, and whether it was ours that changed it.

    `change` answers None, or what it was given, to leave it. `seen` saves the first read. `tell` is called once it is
    written, with what was there before and what is there now. Errors: Contended.
    """
    wanted: tuple[R, R] | None = None
    for _ in tries(ports):
        record = seen or read()
        seen = None
        if record is None:
            return None, False
        if wanted is not None and record == wanted[1]:
            # A write whose answer was lost on the way is repeated, and then it fails: it was ours all the same.
            tell(*wanted)
            return record, True
        changed = change(record)
        if changed is None or changed is record:
            return record, False
        wanted = record, replace(changed, revision=record.revision + 1)
        if write(record, changed):
            tell(*wanted)
            return wanted[1], True
    raise Contended(f"{name} is written by too many at once")
