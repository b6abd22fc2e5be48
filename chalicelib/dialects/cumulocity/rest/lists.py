"""Lists that are walked element by element, page after page."""

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any, TypeVar

from chalicelib.dialects.cumulocity.rest import cursors, paging
from chalicelib.fleet.ports import Ports
from chalicelib.web.request import Request

Item = TypeVar("Item")
MOST_COUNTED = 10_000
Walk = Callable[[str | None], Iterator[Item]]
"""All elements after the one with that mark, or from the first on, each read as it is asked for."""


def page(
    ports: Ports,
    request: Request,
    name: str,
    walk: Walk[Item],
    mark: Callable[[Item], str],
    view: Callable[[Item], Mapping[str, Any]],
    *path: str,
) -> dict[str, Any]:
    """The page that is asked for. Errors: Invalid (too far on)."""
    asked = paging.wanted(request)
    shown = [view(one) for one in items(ports, request, asked, walk, mark, path)]
    total = counted(walk) if asked.pages or asked.elements else None
    return paging.body(request, name, shown, asked, total, *path)


def items(
    ports: Ports,
    request: Request,
    asked: paging.Wanted,
    walk: Walk[Item],
    mark: Callable[[Item], str],
    path: tuple[str, ...],
) -> list[Item]:
    """The elements of the page. Errors: Invalid (too far on)."""
    skipped, after = cursors.start(ports, request, asked, path)
    found = list(islice(walk(after), skipped, skipped + asked.size))
    if len(found) == asked.size:
        cursors.note(ports, request, asked, path, mark(found[-1]))
    return found


def counted(walk: Walk[Item]) -> int | None:
    """How many there are; None where that are too many to count."""
    found = sum(1 for _ in islice(walk(None), MOST_COUNTED + 1))
    return found if found <= MOST_COUNTED else None
