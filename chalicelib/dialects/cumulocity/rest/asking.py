"""What lists of data are asked for by: moments and their ranges, and how far a request looks."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from chalicelib.dialects.cumulocity import times
from chalicelib.fleet.errors import Invalid
from chalicelib.web.parameters import Kind, Parameter
from chalicelib.web.request import Request

Item = TypeVar("Item")
MOST_LOOKED_AT = 10_000
"""Alarms, events, measurements or operations that one request looks at."""
MOST_POINTS = 50_000
"""Measurements whose series one request tells."""
_EXPLAINED = "a moment in ISO 8601; without a zone it is UTC"
DATES, CREATED, UPDATED = (
    tuple(Parameter(f"{name}{side}", default="", explained=_EXPLAINED) for side in ("From", "To"))
    for name in ("date", "created", "lastUpdated")
)
REVERT = Parameter("revert", Kind.BOOLEAN, default=False, explained="the other way round, where there is a range")


@dataclass(frozen=True, slots=True)
class Range:
    """start <= moment < end (ms); None where it is open."""

    start: int | None = None
    end: int | None = None

    @property
    def open(self) -> bool:
        return self.start is None and self.end is None

    def has(self, moment: int) -> bool:
        return (self.start is None or moment >= self.start) and (self.end is None or moment < self.end)


def window(request: Request, name: str = "date") -> Range:
    """The range of parameters `{name}From` and `{name}To`. Errors: Invalid."""
    given = [request.asked.get(f"{name}{side}") for side in ("From", "To")]
    start, end = (
        times.parse(said, f"{name}{side}") if said else None for said, side in zip(given, ("From", "To"), strict=True)
    )
    return Range(start, end)


def looked(found: Iterable[Item], most: int = MOST_LOOKED_AT) -> Iterator[Item]:
    """All of them, as long as they are not too many. Errors: Invalid."""
    for count, one in enumerate(found, 1):
        if count > most:
            raise Invalid(f"more than {most} would have to be looked at: ask by source or dates", "source")
        yield one
