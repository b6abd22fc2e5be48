"""The historian over REST: v0001 (manual 3.2) and v0002, whose answers say in their bodies how to go on."""

from http.cookies import CookieError, SimpleCookie

from chalicelib.dialects.ibm import historian
from chalicelib.dialects.ibm.historian import MOST_TOP, Position, Query
from chalicelib.dialects.ibm.rest import cursors
from chalicelib.dialects.ibm.rest.access import hostname, organization
from chalicelib.dialects.ibm.summary import FUNCTIONS
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.errors import DeviceNotFound, Invalid
from chalicelib.fleet.ports import Ports
from chalicelib.web.parameters import Kind, Parameter, Place
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Route

COOKIE = "iotHistorianSessionId"
CURSOR = "cursorId"
_MOST_FIELDS = 20
_LONGEST_FIELD = 128
_MOMENT = (0, 1 << 52)


def read(ports: Ports, request: Request) -> Answer:
    """v0001. The first answer sets the session's cookie; one without `cursorId` was the last."""
    query = _query(request, *_levels(request))
    cursor, session = request.headers.get(CURSOR), _session(request)
    headers = {}
    if not cursor:
        session = ports.new_id(ports.clock.now())
        headers["Set-Cookie"] = f"{COOKIE}={session}; Path=/; Secure; HttpOnly"
    if not session:
        raise Invalid(f"a {CURSOR} goes with the cookie {COOKIE}", COOKIE)
    position = cursors.read(cursor, query, session, CURSOR) if cursor else Position()
    part = historian.read(ports, request.tenant, query, position)
    if part.next is not None:
        headers[CURSOR] = cursors.written(part.next, query, session)
    return Answer(historian.answered(query, part), headers=headers)


def read_v2(ports: Ports, request: Request) -> Answer:
    """v0002: a bare list of a summary, else `{events, bookmark?}`."""
    query = _query(request, request.path.get("type_id"), request.path.get("device_id"))
    bookmark = request.asked["_bookmark"]
    position = cursors.read(bookmark, query, "", "_bookmark") if bookmark else Position()
    part = historian.read(ports, request.tenant, query, position)
    records = historian.answered(query, part, whole=True)
    following = cursors.written(part.next, query, "") if part.next is not None else None
    if query.fields:
        return Answer(records, headers={CURSOR: following} if following else {})
    return Answer({"events": records, **({"bookmark": following} if following else {})})


def _levels(request: Request) -> tuple[str | None, str | None]:
    """Type and id. On a host without an organization, the path of the oldest clients begins with it."""
    levels = [request.path.get(name) for name in ("device_type", "device_id", "more")]
    if levels[0] == request.tenant and organization(hostname(request)) is None:
        return levels[1], levels[2]
    if levels[2] is not None:
        raise DeviceNotFound("there is no such device")
    return levels[0], levels[1]


def _session(request: Request) -> str | None:
    try:
        found = SimpleCookie(request.headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return None
    return found.value if found else None


def _query(request: Request, type_: str | None, id_: str | None) -> Query:
    asked = request.asked
    return Query(
        type=type_,
        id=id_,
        event=asked["evt_type"],
        start=asked["start"],
        end=asked["end"],
        top=asked["top"],
        fields=_fields(asked["summarize"]),
        function=asked["summarize_type"],
    )


def _fields(text: str | None) -> tuple[str, ...]:
    """`{field1,field2}`, with or without braces."""
    if not text:
        return ()
    inner = text.strip()
    if inner.startswith("{") != inner.endswith("}"):
        raise Invalid("summarize is {field1,field2,…}", "summarize")
    fields = tuple(dict.fromkeys(f.strip() for f in inner.removeprefix("{").removesuffix("}").split(",")))
    if not all(fields) or len(fields) > _MOST_FIELDS or max(map(len, fields)) > _LONGEST_FIELD:
        raise Invalid(f"summarize names 1 to {_MOST_FIELDS} fields of the event", "summarize")
    return fields


READ = frozenset({Role.DATA_R})
_QUERY = (
    Parameter("evt_type", bounds=(1, 256), explained="events of this name only"),
    Parameter("start", Kind.INTEGER, bounds=_MOMENT, explained="milliseconds since 1970, inclusive"),
    Parameter("end", Kind.INTEGER, bounds=_MOMENT, explained="milliseconds since 1970, exclusive"),
    Parameter("top", Kind.INTEGER, default=MOST_TOP, bounds=(1, MOST_TOP), explained="records in one answer"),
    Parameter("summarize", explained="{field1,field2,…}: fields to aggregate"),
    Parameter("summarize_type", default="avg", choices=tuple(FUNCTIONS)),
)
_BOOKMARK = Parameter("_bookmark", explained="what the previous answer said")


def _at(*names: str) -> tuple[Parameter, ...]:
    return tuple(Parameter(name, place=Place.PATH) for name in names)


_V1, _V2 = "/api/v0001/historian", "/api/v0002/historian"
_OF_TYPE, _OF_DEVICE = f"{_V1}/{{device_type}}", f"{_V1}/{{device_type}}/{{device_id}}"
_GONE = (DeviceNotFound,)
ROUTES = (
    Route("GET", _V1, read, "View all events", READ, parameters=_QUERY),
    Route("GET", _OF_TYPE, read, "View events for a device type", READ, parameters=(*_at("device_type"), *_QUERY)),
    Route(
        "GET",
        _OF_DEVICE,
        read,
        "View events for a device",
        READ,
        parameters=(*_at("device_type", "device_id"), *_QUERY),
        failures=_GONE,
    ),
    Route(
        "GET",
        f"{_OF_DEVICE}/{{more}}",
        read,
        "View events for a device of the named organization",
        READ,
        parameters=(*_at("device_type", "device_id", "more"), *_QUERY),
        failures=_GONE,
    ),
)
ROUTES_V2 = (
    Route("GET", _V2, read_v2, "View all events", READ, parameters=(*_QUERY, _BOOKMARK)),
    Route(
        "GET",
        f"{_V2}/types/{{type_id}}",
        read_v2,
        "View events for a device type",
        READ,
        parameters=(*_at("type_id"), *_QUERY, _BOOKMARK),
    ),
    Route(
        "GET",
        f"{_V2}/types/{{type_id}}/devices/{{device_id}}",
        read_v2,
        "View events for a device",
        READ,
        parameters=(*_at("type_id", "device_id"), *_QUERY, _BOOKMARK),
        failures=_GONE,
    ),
)
