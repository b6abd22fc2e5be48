"""The organization in v0002: itself, its settings and API keys, who is connected, and how the service is."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from chalicelib.dialects.ibm import applications, connections, inventory, settings, times
from chalicelib.dialects.ibm.identity import DIALECT, api_key_name, parse_client
from chalicelib.dialects.ibm.inventory import Owned
from chalicelib.dialects.ibm.rest import lists
from chalicelib.dialects.ibm.rest.places import PREFIX, READ, WRITE, at
from chalicelib.dialects.ibm.settings import EventCache
from chalicelib.fleet.access import callers, keys
from chalicelib.fleet.access.callers import Caller
from chalicelib.fleet.access.inheriting import MAX_DESCRIPTION
from chalicelib.fleet.access.records import ApiKey, KeyRequest
from chalicelib.fleet.access.roles import ALL_ROLES, Role
from chalicelib.fleet.errors import Forbidden, KeyNotFound, NotFound
from chalicelib.fleet.inventory import devices
from chalicelib.fleet.ports import Ports
from chalicelib.web.parameters import Kind, Parameter
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Route

ROLES = {
    "PD_STANDARD_APP": ALL_ROLES,
    "PD_BACKEND_TRUSTED_APP": ALL_ROLES,
    "PD_OPERATOR_APP": frozenset({Role.DEVICE_R, Role.DEVICE_W, Role.DATA_R, Role.BUS_R}),
    "PD_VISUALIZATION_APP": frozenset({Role.DEVICE_R, Role.DATA_R, Role.BUS_R}),
    "PD_DATA_PROCESSOR_APP": frozenset({Role.DEVICE_R, Role.DATA_R, Role.DATA_W, Role.BUS_R}),
}
_CACHE = {
    "type": "object",
    "required": ["enabled"],
    "properties": {"enabled": {"type": "boolean"}, "ttlDays": {"type": "integer", "minimum": 1, "maximum": 45}},
}
_KEY = {
    "type": "object",
    "properties": {
        "comment": {"type": ["string", "null"], "maxLength": MAX_DESCRIPTION},
        "roles": {"type": "array", "minItems": 1, "items": {"enum": sorted(ROLES)}},
    },
}


def organization(ports: Ports, request: Request) -> Answer:
    tenant = ports.tenants.get(request.tenant)
    if tenant is None:
        raise NotFound("no such organization")
    created = times.render(tenant.created)
    return Answer(
        {
            "id": tenant.id,
            "name": tenant.name,
            "enabled": True,
            "type": "Homeport",
            "config": {"historian": {"enabled": True}},
            "created": created,
            "updated": created,
        }
    )


def service_status(ports: Ports, request: Request) -> Answer:
    """Who gets this answer has passed the API and the store; red would be an error."""
    ports.tenants.get(request.tenant)
    return Answer({"us": {"messaging": "green", "dashboard": "green", "thirdParty": "green"}})


def read_cache(ports: Ports, request: Request) -> Answer:
    return Answer(_cache(settings.last_event_cache(ports, request.tenant)))


def write_cache(ports: Ports, request: Request) -> Answer:
    wanted = EventCache(request.body["enabled"], request.body.get("ttlDays", EventCache().days))
    settings.set_last_event_cache(ports, request.tenant, wanted)
    return Answer(_cache(wanted))


def connection_log(ports: Ports, request: Request) -> Answer:
    name = inventory.addressed(request.asked["typeId"] or "", request.asked["deviceId"] or "")
    client = inventory.client_of(devices.get(ports, request.tenant, name.fleet_id))
    start, end = request.asked["offset"], request.asked["offset"] + request.asked["limit"]
    found = connections.newest(ports, request.tenant, client, end)[start:]
    return Answer([{"message": entry["message"], "timestamp": times.render(entry["at"])} for entry in found])


def states(ports: Ports, request: Request) -> Answer:
    def after(key: str | None) -> Iterator[tuple[str, dict[str, Any]]]:
        found = inventory.every(ports, request.tenant, after=key)
        return ((owned.device.id, _state(ports, owned)) for owned in found)

    return lists.answered(request, after, lambda: ports.devices.count(request.tenant, most=lists.MOST), ("id",))


def state(ports: Ports, request: Request) -> Answer:
    found = parse_client(request.path["client_id"])
    if found is None or found.organization != request.tenant:
        raise NotFound("no such client")
    if found.name is not None:
        return Answer(_state(ports, Owned(found.name, devices.get(ports, request.tenant, found.name.fleet_id))))
    known = applications.get(ports, request.tenant, request.path["client_id"])
    if known is None:
        raise NotFound("no such client")
    connected = known.session is not None
    return Answer({"id": known.client, "clientType": "Application", **_connected(connected, known.since)})


def api_keys(ports: Ports, request: Request) -> Answer:
    every = sorted(ports.keys.all(request.tenant), key=lambda k: k.id)
    return Answer({"results": [_key(k) for k in islice(every, lists.MOST)], "meta": {"total_rows": len(every)}})


def create_key(ports: Ports, request: Request) -> Answer:
    """The token is in this answer and nowhere else."""
    wanted = request.body.get("roles") or ["PD_STANDARD_APP"]
    roles = frozenset().union(*(ROLES[name] for name in wanted)) & request.by.roles
    asked = KeyRequest(roles=roles, description=request.body.get("comment"), label="ibm")
    key, token = keys.create_child(ports, request.by, _above(ports, request.by), asked)
    return Answer({**_key(key), "token": token})


def read_key(ports: Ports, request: Request) -> Answer:
    return Answer(_key(_found(ports, request)))


def revoke_key(ports: Ports, request: Request) -> Answer:
    """The key stops working at once, and applications that came in with it are disconnected."""
    key = _found(ports, request)
    keys.delete(ports, request.by, key.id)
    for application in applications.every(ports, request.tenant):
        claim = ports.claims.get(application.client)
        if claim is not None and claim.key and ports.keys.get(request.tenant, claim.key) is None:
            ports.background.disconnect(application.client, request.tenant)
    return Answer()


def _above(ports: Ports, by: Caller) -> str:
    """The key that a new one stands below: the caller's own, or the master key for who has none."""
    if by.kind is callers.Kind.KEY and by.key is not None:
        return by.key.id
    return next(key.id for key in ports.keys.all(by.tenant) if key.master)


def _found(ports: Ports, request: Request) -> ApiKey:
    wanted = request.path["api_key"]
    for key in ports.keys.all(request.tenant):
        if api_key_name(key.tenant, key.id) == wanted:
            return key
    raise KeyNotFound("no such API key")


def _key(key: ApiKey) -> dict[str, Any]:
    names = sorted(name for name, roles in ROLES.items() if roles <= key.roles)
    return {
        "key": api_key_name(key.tenant, key.id),
        "comment": key.description or key.label,
        "roles": names,
        "created": times.render(key.created),
        "expires": None if key.valid_to is None else times.render(key.valid_to),
    }


def _state(ports: Ports, owned: Owned) -> dict[str, Any]:
    mailbox = ports.mailboxes.get(owned.device.tenant, owned.device.id)
    seen = [p for p in mailbox.presence.values() if p.since is not None] if mailbox else []
    newest = max(seen, key=lambda p: p.since or 0, default=None)
    dialect = owned.device.interfaces[0].dialect if owned.device.interfaces else DIALECT
    return {
        "id": inventory.client_of(owned.device),
        "clientType": "Device",
        "deviceType": owned.name.type,
        "deviceId": owned.name.id,
        "protocolOwner": dialect,
        **_connected(newest is not None and newest.online, newest.since if newest else None),
    }


def _connected(connected: bool, since: int | None) -> dict[str, Any]:  # noqa: FBT001 - two values of one fact
    known = {"lastConnected": times.render(since)} if since else {}
    return {"connectionStatus": "connected" if connected else "disconnected", **known}


def _cache(cache: EventCache) -> dict[str, Any]:
    return {"enabled": cache.enabled, "ttlDays": cache.days}


_CACHE_PATH = f"{PREFIX}/config/lec"
_STATES = f"{PREFIX}/clientconnectionstates"
_KEYS = f"{PREFIX}/authorization/apikeys"
_LOG = (
    Parameter("typeId"),
    Parameter("deviceId"),
    Parameter("limit", Kind.INTEGER, default=20, bounds=(1, 20)),
    Parameter("offset", Kind.INTEGER, default=0, bounds=(0, 1000)),
)
ROUTES = (
    Route("GET", PREFIX, organization, "View the organization", failures=(Forbidden,)),
    Route("GET", f"{PREFIX}/service-status", service_status, "View the state of the service", failures=(Forbidden,)),
    Route("GET", _CACHE_PATH, read_cache, "View the last-event cache", READ),
    Route("PUT", _CACHE_PATH, write_cache, "Set the last-event cache", WRITE, schema=_CACHE),
    Route("GET", f"{PREFIX}/logs/connection", connection_log, "List connections of a device", READ, parameters=_LOG),
    Route("GET", _STATES, states, "List who is connected", READ, parameters=lists.PARAMETERS),
    Route("GET", f"{_STATES}/{{client_id}}", state, "View one client", READ, parameters=at("client_id")),
    Route("GET", _KEYS, api_keys, "List API keys", frozenset({Role.API_KEY_R})),
    Route("POST", _KEYS, create_key, "Create an API key", frozenset({Role.API_KEY_W}), 201, schema=_KEY),
    Route(
        "GET", f"{_KEYS}/{{api_key}}", read_key, "Get an API key", frozenset({Role.API_KEY_R}), parameters=at("api_key")
    ),
    Route(
        "DELETE",
        f"{_KEYS}/{{api_key}}",
        revoke_key,
        "Revoke an API key",
        frozenset({Role.API_KEY_W}),
        204,
        parameters=at("api_key"),
        failures=(KeyNotFound,),
    ),
)
