"""How far a list was read, remembered for clients that ask for its pages by number (reference, "Query result paging").

Whoever reads one page after the other is given each element once, whatever is made or removed meanwhile, and no page
costs more than its elements. What is remembered says where to go on, and nothing of what is there: who may not see an
element any more does not see it.
"""

import hashlib
import json

from chalicelib.dialects.cumulocity.rest.paging import Wanted
from chalicelib.fleet.access.callers import Caller
from chalicelib.fleet.documents import Record
from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.ports import Ports
from chalicelib.web.request import Request

KEPT = 15 * 60
"""Seconds."""
MOST_SKIPPED = 20_000
"""Elements before a page that nobody has read up to."""
_KIND = "cumulocity.pages"
_NOT_OF_THE_LIST = frozenset({"currentPage", "pageSize", "withTotalPages", "withTotalElements"})


def start(ports: Ports, request: Request, asked: Wanted, path: tuple[str, ...]) -> tuple[int, str | None]:
    """How many elements there are to be skipped, and after which one (its mark). Errors: Invalid (too many)."""
    if asked.page == 1:
        return 0, None
    list_ = _list(request, asked, path)
    found = ports.records.get(request.tenant, _kind(list_), _place(list_, asked.page))
    # What is over may be there for a while.
    if found is not None and (found.expires or 0) > ports.clock.now() // 1000:
        return 0, str(found.body["after"])
    ensure_near(asked)
    return asked.skipped, None


def ensure_near(asked: Wanted) -> None:
    """Errors: Invalid (too many elements would have to be skipped)."""
    if asked.skipped > MOST_SKIPPED:
        raise Invalid(
            f"pages begin within the first {MOST_SKIPPED} elements: read them one after the other, or ask for fewer",
            "currentPage",
        )


def note(ports: Ports, request: Request, asked: Wanted, path: tuple[str, ...], mark: str) -> None:
    """The page that is asked for is full, and ends with the element of that mark."""
    list_, expires = _list(request, asked, path), ports.clock.now() // 1000 + KEPT
    # Who reads the list from the beginning once more goes on from where this reading is.
    ports.records.put(
        Record(request.tenant, _kind(list_), _place(list_, asked.page + 1), {"after": mark}, expires=expires)
    )


def _list(request: Request, asked: Wanted, path: tuple[str, ...]) -> str:
    """Whose list of what: the same for all its pages."""
    query = request.query
    sent = sorted((name, query.sent(name)) for name in query if name not in _NOT_OF_THE_LIST)
    return hashlib.sha256(json.dumps([_who(request.by), path, asked.size, sent]).encode()).hexdigest()[:40]


def _who(caller: Caller) -> list[str | None]:
    return [caller.kind, caller.user, caller.key.id if caller.key is not None else None, caller.name]


def _kind(list_: str) -> str:
    return f"{_KIND} {list_[:2]}"


def _place(list_: str, page: int) -> str:
    return f"{list_} {page}"
