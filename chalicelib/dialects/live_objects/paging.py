"""Pages of lists: `page` and `size` below /api/v0, `limit` and `offset` below /api/v1."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

from chalicelib.fleet.errors import Invalid
from chalicelib.web.parameters import Kind, Parameter, Place
from chalicelib.web.request import Answer, Request

T = TypeVar("T")

DEFAULT, LARGEST = 20, 1000
LAST_OFFSET = 10_000
TOTAL = "X-Total-Count"

LIMIT = Parameter("limit", Kind.INTEGER, default=DEFAULT, bounds=(1, LARGEST), explained="items per page")
OFFSET = Parameter("offset", Kind.INTEGER, default=0, bounds=(0, LAST_OFFSET), explained="items to skip")
TOTAL_WANTED = Parameter(TOTAL, Kind.BOOLEAN, Place.HEADER, default=False, explained="answer with the total count too")
WINDOW = (LIMIT, OFFSET, TOTAL_WANTED)

PAGE = Parameter("page", Kind.INTEGER, default=0, bounds=(0, LAST_OFFSET), explained="number of the page, from 0")
SIZE = Parameter("size", Kind.INTEGER, default=DEFAULT, bounds=(1, LARGEST), explained="items per page")
PAGED = (PAGE, SIZE)


def window(request: Request, items: Iterable[T]) -> list[T]:
    """The asked part of a list, drawn no further than it reaches."""
    limit, offset = request.asked["limit"], request.asked["offset"]
    return list(islice(items, offset, offset + limit))


def answered(request: Request, items: Sequence[Any], total: Callable[[], int]) -> Answer:
    """A bare list, with the total in a header for those who asked for it."""
    headers: Mapping[str, str] = {TOTAL: str(total())} if request.asked[TOTAL] else {}
    return Answer(list(items), headers=headers)


def paged(request: Request, items: Sequence[Any]) -> Answer:
    """`{page, size, totalCount, data}` of a list that is at hand."""
    return page_of(request, slice_of(request, items), len(items))


def page_of(request: Request, data: Sequence[Any], total: int) -> Answer:
    """`{page, size, totalCount, data}` of the asked part of a list."""
    page, size = request.asked["page"], request.asked["size"]
    return Answer({"page": page, "size": size, "totalCount": total, "data": list(data)})


def start_of(request: Request) -> int:
    """How many items come before the page, of a list that is not at hand. Errors: Invalid."""
    start: int = request.asked["page"] * request.asked["size"]
    if start > LAST_OFFSET:
        raise Invalid(f"page times size is at most {LAST_OFFSET}", "page")
    return start


def slice_of(request: Request, items: Sequence[T]) -> Sequence[T]:
    """The page that was asked for."""
    page, size = request.asked["page"], request.asked["size"]
    return items[page * size : (page + 1) * size]


def order(request: Request, columns: Sequence[str], default: str) -> list[tuple[str, bool]]:
    """The columns to sort by and whether each is descending. Errors: Invalid."""
    # Some clients send the JSON list that the manual shows, others its parts.
    asked = [part.strip("\"'[] ") for part in request.asked["sort"] or [default]]
    # A plus says ascending; not encoded, it arrives as a blank.
    wanted = [(name.lstrip("+").removeprefix("-"), name.startswith("-")) for name in asked]
    for name, _ in wanted:
        if name not in columns:
            raise Invalid(f"sort is among {', '.join(columns)}, with - in front for descending", "sort")
    return wanted


SORT = Parameter("sort", Kind.LIST, explained="columns, with - in front for descending order")
