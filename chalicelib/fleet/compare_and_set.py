"""Read, change, compare-and-set: how every contended record is written.

A write whose answer was lost on the way is repeated, and then it fails. So whoever was not let finds out by what is
there whether it was: where that is what it wanted to write, it takes it for its own. The rule that follows from that:
where two may want to write the same, and only one of them is to go on (to send it, to take it, to have its number),
what they write has something of each in it, as `new_draw` gives it. The moment is not enough, nor is a name that one
caller has twice at once. Where that is left out, both may go on, and it must not matter.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar, overload

from chalicelib.fleet.errors import Contended
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.shapes import encode

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

TRIES = 25
_CHANCE = 6
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


class Again(Enum):
    """What an attempt answers that was beaten: somebody else wrote in between."""

    AGAIN = "again"


AGAIN = Again.AGAIN
R = TypeVar("R", bound="DataclassInstance")
T = TypeVar("T")


def insist(ports: Ports, name: str, attempt: Callable[[], T | Again]) -> T:
    """What `attempt` answers once it is not beaten. Errors: Contended."""
    for _ in tries(ports):
        answer = attempt()
        if not isinstance(answer, Again):
            return answer
    raise Contended(f"{name} is written by too many at once")


def new_draw(ports: Ports) -> str:
    """What tells whoever writes it from all others that write the same at the same time."""
    return ports.chance(_CHANCE).hex()


def next_revision(old: Any, new: Any) -> Any:
    """How a record with a revision is stored; it takes along what else it has."""
    return replace(new, revision=old.revision + 1)


def unrevised(_old: R, new: R) -> R:
    """How a record is stored that is compared as a whole."""
    return new


@overload
def change_record(
    ports: Ports,
    name: str,
    read: Callable[[], R],
    write: Callable[[R, R], bool],
    change: Callable[[R], R | None],
    seen: R | None = None,
    tell: Callable[[R, R], None] = ...,
    *,
    stored: Callable[[R, R], R] = ...,
    touch: bool = ...,
) -> tuple[R, bool]: ...
@overload
def change_record(
    ports: Ports,
    name: str,
    read: Callable[[], R | None],
    write: Callable[[R, R], bool],
    change: Callable[[R], R | None],
    seen: R | None = None,
    tell: Callable[[R, R], None] = ...,
    *,
    stored: Callable[[R, R], R] = ...,
    touch: bool = ...,
) -> tuple[R | None, bool]: ...
def change_record(
    ports: Ports,
    name: str,
    read: Callable[[], R | None],
    write: Callable[[R, R], bool],
    change: Callable[[R], R | None],
    seen: R | None = None,
    tell: Callable[[R, R], None] = lambda _before, _after: None,
    *,
    stored: Callable[[R, R], R] = next_revision,
    touch: bool = False,
) -> tuple[R | None, bool]:
    """The record after `change`, and whether it was ours that changed it: of two who make the same of it, for both.

    `change` answers None, or what equals what it was given, to leave it. `seen` saves the first read. `tell` is called
    once it is written, with what was there before and what is there now; `stored` says how the new one reads then. With
    `touch` it is written even where nothing changes, so that whoever has read it before has to look again.
    Errors: Contended, and what the functions raise.
    """
    wanted: tuple[R, R] | None = None
    present = seen

    def attempt() -> tuple[R | None, bool] | Again:
        nonlocal wanted, present
        record = present if present is not None else read()
        present = None
        if record is None:
            return None, False
        if wanted is not None and encode(record) == encode(wanted[1]):
            # A write whose answer was lost on the way is repeated, and then it fails: it was ours all the same.
            tell(*wanted)
            return record, True
        changed = change(record)
        if changed is None or (changed == record and not touch):
            return record, False
        wanted = record, stored(record, changed)
        if not write(record, changed):
            return AGAIN
        tell(*wanted)
        return wanted[1], True

    return insist(ports, name, attempt)


def create_record(wanted: R, create: Callable[[R], bool], read: Callable[[], R | None]) -> bool:
    """Whether it was ours that made it; False where another one was there, which differs in when it was made, or more.

    Two may make one at the same time: `create` lets the first one do it. Two that make the same have both made it.
    """
    # A write whose answer was lost on the way is repeated, and then it fails: it was ours all the same.
    return create(wanted) or encode(read()) == encode(wanted)
