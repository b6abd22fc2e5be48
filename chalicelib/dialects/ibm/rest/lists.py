"""Lists of v0002: `{results, bookmark?, meta: {total_rows, facets}}`, with equality filters and sorting.

In their own order lists are read page by page. Sorted otherwise, or filtered, they are taken from the first MOST
entries.
"""

import base64
import binascii
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

from chalicelib.fleet.errors import Invalid
from chalicelib.web.parameters import Kind, Parameter
from chalicelib.web.request import Answer, Request

MOST = 10_000
LIMIT, LONGEST = 25, 100
PARAMETERS = (
    Parameter("_limit", Kind.INTEGER, default=LIMIT, bounds=(1, LONGEST), explained="entries in one answer"),
    Parameter("_bookmark", explained="what the previous answer said"),
    Parameter("_sort", explained="fields, separated by commas; one with a leading hyphen descends"),
    Parameter("_facets", explained="fields whose values are counted"),
)
Entry = dict[str, Any]


def answered(
    request: Request,
    after: Callable[[str | None], Iterable[tuple[str, Entry]]],
    total: Callable[[], int],
    own_order: tuple[str, ...],
) -> Answer:
    """`after` gives keys and entries behind a key, in the order of `own_order`."""
    sort = request.asked["_sort"]
    wanted = {name: value for name, value in request.query.items() if not name.startswith("_")}
    if not wanted and sort in (None, *own_order) and not request.asked["_facets"]:
        return _by_key(request, after, total)
    entries = [entry for _, entry in islice(after(None), MOST) if _matches(entry, wanted)]
    return _by_offset(request, _sorted(entries, sort), request.asked["_facets"])


def _by_key(
    request: Request, after: Callable[[str | None], Iterable[tuple[str, Entry]]], total: Callable[[], int]
) -> Answer:
    limit = request.asked["_limit"]
    page = list(islice(after(_bookmark(request)), limit + 1))
    following = page[limit - 1][0] if len(page) > limit else None
    return _answer([entry for _, entry in page[:limit]], following, total(), {})


def _by_offset(request: Request, entries: list[Entry], facets: str | None) -> Answer:
    limit, mark = request.asked["_limit"], _bookmark(request)
    if mark is not None and not mark.isdigit():
        raise Invalid("_bookmark belongs to another query", "_bookmark")
    start = int(mark or 0)
    following = str(start + limit) if len(entries) > start + limit else None
    counted = {name: _counts(entries, name) for name in (facets or "").split(",") if name}
    return _answer(entries[start : start + limit], following, len(entries), counted)


def _answer(results: list[Entry], following: str | None, total: int, facets: dict[str, Any]) -> Answer:
    body: Entry = {"results": results, "meta": {"total_rows": total, "facets": facets}}
    if following is not None:
        body["bookmark"] = base64.urlsafe_b64encode(following.encode()).decode()
    return Answer(body)


def _bookmark(request: Request) -> str | None:
    text = request.asked["_bookmark"]
    if not text:
        return None
    try:
        return base64.b64decode(text, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise Invalid("_bookmark is not one of ours", "_bookmark") from None


def _matches(entry: Entry, wanted: dict[str, str]) -> bool:
    return all(_text(_value(entry, name)) == value for name, value in wanted.items())


def _sorted(entries: list[Entry], sort: str | None) -> list[Entry]:
    for field in reversed((sort or "").split(",")):
        name = field.removeprefix("-").strip()
        if name:
            entries = sorted(entries, key=lambda e: _text(_value(e, name)), reverse=field.startswith("-"))
    return entries


def _counts(entries: list[Entry], name: str) -> dict[str, int]:
    counts: dict[str, int] = {}
    for entry in entries:
        if (value := _value(entry, name)) is not None:
            counts[_text(value)] = counts.get(_text(value), 0) + 1
    return counts


def _value(entry: Entry, path: str) -> Any:
    found: Any = entry
    for step in path.split("."):
        found = found.get(step) if isinstance(found, dict) else None
    return found


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
