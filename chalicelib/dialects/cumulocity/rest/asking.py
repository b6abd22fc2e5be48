"""What lists of data are asked for by: moments and their ranges, and how far a request looks."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from chalicelib.dialects.cumulocity import times
from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.frozen import dataclass
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


def ensure_said(request: Request, filters: Sequence[Parameter], what: str) -> None:
    """For requests that change or delete all that is meant: a filter without a value would mean everything.

    Errors: Invalid (no filter is there, or one is empty).
    """
    sent = [parameter.name for parameter in filters if parameter.name in request.query]
    if not sent:
        names = ", ".join(parameter.name for parameter in filters)
        raise Invalid(f"at least one of {names} says which {what} are meant", filters[0].name)
    for name in sent:
        if request.asked[name] in (None, "", []):
            raise Invalid(f"{name} is empty: it says which {what} are meant", name)


def looked(found: Iterable[Item], most: int = MOST_LOOKED_AT) -> Iterator[Item]:
    """All of them, as long as they are not too many. Errors: Invalid."""
    for count, one in enumerate(found, 1):
        if count > most:
            raise Invalid(f"more than {most} would have to be looked at: ask by source or dates", "source")
        yield one
