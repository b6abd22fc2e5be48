"""`/api/v0/apiKeys` (manual 4.3 and 4.4) and `whoami`."""

from chalicelib.dialects.live_objects import paging
from chalicelib.dialects.live_objects.rest.shapes import api_keys as shapes
from chalicelib.fleet.access import debugging, keys
from chalicelib.fleet.access.records import ApiKey
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.errors import Forbidden, KeyNotFound
from chalicelib.fleet.ids import is_id
from chalicelib.fleet.ports import Ports
from chalicelib.web.parameters import Kind, Parameter, Place
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Route

_KEY_ID = Parameter("key_id", place=Place.PATH)
_PARENT = Parameter("parentId", bounds=(0, 24))
_SESSIONS = Parameter("showSessionKeys", Kind.BOOLEAN, default=False)
_MASTER = Parameter("showMasterKey", Kind.BOOLEAN, default=True)
_ROLES = Parameter("roles", Kind.LIST, explained="roles that a key must have")


def create(ports: Ports, request: Request) -> Answer:
    """200 with the secret in `value`, here and never again."""
    now = ports.clock.now()
    wanted = shapes.requested(request.body, now)
    key, secret = keys.create_child(ports, request.by, request.body["parentId"], wanted)
    return Answer(shapes.render(key, now, secret))


def listing(ports: Ports, request: Request) -> Answer:
    now = ports.clock.now()
    found = [key for key in ports.keys.all(request.tenant) if _shown(key, request)]
    return paging.paged(request, [shapes.render(key, now) for key in found])


def current(ports: Ports, request: Request) -> Answer:
    """The session's, where a person asks."""
    if request.by.key is None:
        raise KeyNotFound("this request came with no API key")
    return Answer(shapes.render(request.by.key, ports.clock.now()))


def read(ports: Ports, request: Request) -> Answer:
    return Answer(shapes.render(keys.get(ports, request.tenant, _id(request)), ports.clock.now()))


def update(ports: Ports, request: Request) -> Answer:
    now = ports.clock.now()
    wanted = shapes.requested(request.body, now)
    renew = bool(request.body.get("regenerateValue"))
    key, secret = keys.update(ports, request.by, _id(request), wanted, renew=renew)
    return Answer(shapes.render(key, now, secret))


def delete(ports: Ports, request: Request) -> Answer:
    keys.delete(ports, request.by, _id(request))
    return Answer()


def debug(ports: Ports, request: Request) -> Answer:
    """For a while, every message that comes in with the key is told to the audit log."""
    now, body = ports.clock.now(), request.body
    seconds = body.get("durationSeconds")
    until = now + int(shapes.DEBUGGED if seconds is None else seconds) * 1000 if body["activated"] else None
    return Answer(shapes.render(debugging.debug(ports, request.by, _id(request), until), now))


def whoami(ports: Ports, request: Request) -> Answer:  # noqa: ARG001 - the key says it all
    return Answer({"content": request.tenant})


def _id(request: Request) -> str:
    key_id: str = request.asked["key_id"]
    if not is_id(key_id):
        raise KeyNotFound("no such API key")
    return key_id


def _shown(key: ApiKey, request: Request) -> bool:
    asked = request.asked
    return (
        (asked["showSessionKeys"] or not key.session)
        and (asked["showMasterKey"] or not key.master)
        and (not asked["parentId"] or key.parent == asked["parentId"])
        and set(asked["roles"] or ()) <= key.roles
    )


_KEYS = "/api/v0/apiKeys"
_KEY = f"{_KEYS}/{{key_id}}"
_READ, _WRITE = frozenset({Role.API_KEY_R}), frozenset({Role.API_KEY_W})
_CHANGING = (KeyNotFound, Forbidden)

ROUTES = (
    Route("POST", _KEYS, create, "Create a key", _WRITE, schema=shapes.NEW, failures=_CHANGING),
    Route("GET", _KEYS, listing, "List keys", _READ, parameters=(*paging.PAGED, _PARENT, _SESSIONS, _MASTER, _ROLES)),
    Route("GET", f"{_KEYS}/current_key", current, "Get the key of this request", queues=True),
    Route("GET", _KEY, read, "Get a key", _READ, parameters=(_KEY_ID,), failures=(KeyNotFound,)),
    Route(
        "POST", _KEY, update, "Update a key", _WRITE, schema=shapes.UPDATE, parameters=(_KEY_ID,), failures=_CHANGING
    ),
    Route("DELETE", _KEY, delete, "Delete a key", _WRITE, parameters=(_KEY_ID,), failures=_CHANGING),
    Route(
        "PUT",
        f"{_KEY}/debugMode",
        debug,
        "Begin or end the debug mode of a key",
        _WRITE,
        schema=shapes.DEBUG,
        parameters=(_KEY_ID,),
        failures=_CHANGING,
    ),
    Route("GET", "/api/v0/whoami", whoami, "Get the tenant's id", queues=True),
)
