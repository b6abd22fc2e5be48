"""What falls due: a moment at which somebody has to look at something, whatever it is.

A record that has such a moment carries it itself, and is found by it in a sharded index: its writer needs no second
write that could fail apart from the first. Near deadlines of commands have timers besides; all others, and what a
timer has missed, are found by the one sweep.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.ports import Ports

COMMAND = "command"
DELETION, LEAVING = "data/deletion", "inventory/leaving"
"""Data that is being deleted, a tombstone each; objects that are."""


@dataclass(frozen=True, slots=True)
class Matter:
    """What is due: of which kind, whose, and by which names it is found.

    The kind of a document is the document's; where documents belong to one thing, without its name: that is `subject`.
    """

    kind: str
    tenant: str
    subject: str
    id: str


@dataclass(frozen=True, slots=True)
class Keeper:
    """What is to be done about matters of one kind. Each may be told again, and late.

    `settle` must leave it due later or never, or it comes again every minute. `near` is told of those that are due
    within the next quarter of an hour, once; `timed` of a timer's subject when it has run out. `work` is in place of
    `settle` for what may take long: it stops when the clock shows its third argument (ms), and what is left stays due.
    """

    settle: Callable[[Ports, Matter], object] | None = None
    near: Callable[[Ports, Sequence[Matter]], object] | None = None
    timed: Callable[[Ports, Mapping[str, Any]], object] | None = None
    work: Callable[[Ports, Matter, int], object] | None = None
