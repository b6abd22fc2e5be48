"""Pages as clients walk them: `currentPage` from 1, `pageSize` elements, `next` for as long as pages are full."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, TypeVar

from chalicelib.dialects.cumulocity.rest import links
from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.ports import Page
from chalicelib.web.parameters import Kind, Parameter
from chalicelib.web.request import Request

Item = TypeVar("Item")
DEFAULT, LARGEST = 5, 2_000
_MOST_PAGES = 1_000_000
PARAMETERS = (
    Parameter("currentPage", Kind.INTEGER, default=1, bounds=(1, _MOST_PAGES)),
    Parameter("pageSize", Kind.INTEGER, default=DEFAULT, explained=f"1 to {LARGEST}; more is taken as {LARGEST}"),
    Parameter("withTotalPages", Kind.BOOLEAN, default=False),
    Parameter("withTotalElements", Kind.BOOLEAN, default=False),
)


@dataclass(frozen=True, slots=True)
class Wanted:
    page: int
    size: int
    pages: bool
    elements: bool

    @property
    def skipped(self) -> int:
        """How many elements the pages before have."""
        return (self.page - 1) * self.size


def wanted(request: Request) -> Wanted:
    """Errors: Invalid."""
    asked = request.asked
    size = asked["pageSize"]
    if size < 1:
        raise Invalid(f"pageSize is from 1 to {LARGEST}", "pageSize")
    return Wanted(asked["currentPage"], min(size, LARGEST), asked["withTotalPages"], asked["withTotalElements"])


def body(
    request: Request, name: str, items: Sequence[Mapping[str, Any]], asked: Wanted, total: int | None, *path: str
) -> dict[str, Any]:
    """A collection: its elements under `name`, links to itself and to its neighbours; `total` where it was counted."""
    statistics: dict[str, Any] = {"currentPage": asked.page, "pageSize": asked.size}
    if asked.pages and total is not None:
        statistics["totalPages"] = -(-total // asked.size)
    if asked.elements and total is not None:
        statistics["totalElements"] = total
    answer: dict[str, Any] = {
        "self": _page(request, path, asked, asked.page),
        name: list(items),
        "statistics": statistics,
    }
    if len(items) == asked.size:
        answer["next"] = _page(request, path, asked, asked.page + 1)
    if asked.page > 1:
        answer["prev"] = _page(request, path, asked, asked.page - 1)
    return answer


def _page(request: Request, path: Sequence[str], asked: Wanted, number: int) -> str:
    query = {**dict(request.query), "pageSize": str(asked.size), "currentPage": str(number)}
    return links.to(request, *path, query=query)


def walked(read: Callable[[str | None], Page[Item]], after: str | None = None) -> Iterator[Item]:
    """All elements of the pages that are read one after the other, as they are asked for."""
    return chain.from_iterable(pages(read, after))


def pages(read: Callable[[str | None], Page[Item]], after: str | None = None) -> Iterator[Sequence[Item]]:
    """One page after the other, read as they are asked for."""
    while True:
        page = read(after)
        yield page.items
        if page.cursor is None:
            return
        after = page.cursor
