"""`GET /api/v0/auditlog/messages`: what was refused or malformed, and why (OpenAPI "Audit Log")."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from chalicelib.dialects.live_objects import paging, times
from chalicelib.dialects.live_objects.rest.shapes import audit_log as shapes
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.tenancy import audit
from chalicelib.web import json_text
from chalicelib.web.parameters import Kind, Parameter
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Route

SCANNED = 50_000
"""How many messages a filter looks at before it asks for a narrower range."""
ANYWHERE = "@any"

_FROM = Parameter("from", explained="not before, in ISO 8601")
_TO = Parameter("to", explained="before, in ISO 8601")
_LIMIT = Parameter("limit", Kind.INTEGER, default=100, bounds=(1, paging.LARGEST))
_SORT = Parameter("sort", default="desc", choices=("desc", "asc"))
_OWN = frozenset({"from", "to", "limit", "offset", "sort", ANYWHERE})

Message = Mapping[str, Any]


def messages(ports: Ports, request: Request) -> Answer:
    """Other query parameters filter by a field, such as `level=error` or `source.deviceId=…`."""
    if request.asked["offset"] + request.asked["limit"] > paging.LAST_OFFSET:
        raise Invalid(f"offset + limit is at most {paging.LAST_OFFSET}", "offset")
    start = times.parse_optional(request.asked["from"], "from")
    end = times.parse_optional(request.asked["to"], "to")
    found = audit.read(ports, request.tenant, start=start, end=end, descending=request.asked["sort"] == "desc")
    fields = {name: value for name, value in request.query.items() if name not in _OWN}
    words = request.query.every(ANYWHERE)
    shown: Iterable[Message] = map(shapes.render, found)
    if fields or words:
        shown = (m for m in _bounded(shown) if _matches(m, fields) and _mentions(m, words))
    return Answer(paging.window(request, shown))


def _bounded(found: Iterable[Message]) -> Iterator[Message]:
    drawn = iter(found)
    yield from islice(drawn, SCANNED)
    if next(drawn, None) is not None:
        raise Invalid(f"filters look at {SCANNED} messages at most; name a narrower range", "from")


def _matches(message: Message, fields: Mapping[str, str]) -> bool:
    return all(_field(message, path) == value for path, value in fields.items())


def _field(message: Message, path: str) -> str | None:
    value: Any = message
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return None if value is None else str(value)


def _mentions(message: Message, words: Iterable[str]) -> bool:
    text = json_text.render(message).casefold()
    return all(word.casefold() in text for word in words)


ROUTES = (
    Route(
        "GET",
        "/api/v0/auditlog/messages",
        messages,
        "Read the audit log",
        frozenset({Role.LOGS_R}),
        parameters=(_FROM, _TO, _LIMIT, paging.OFFSET, _SORT),
    ),
)
