"""`/api/v1/bootstrap/lwm2m`: what devices are told of the servers to register with (manual 7.7.2 and 7.7.3)."""

from collections.abc import Callable

from chalicelib.dialects.live_objects.rest.devices import READ, WRITE
from chalicelib.dialects.live_objects.rest.shapes import bootstrap as shapes
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.access.sealing import Unsealable
from chalicelib.fleet.errors import (
    BootstrapConfigNotFound,
    BootstrapEntryDuplicate,
    BootstrapEntryNotFound,
    Conflict,
    Forbidden,
    Invalid,
    LimitReached,
)
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.tenancy import audit
from chalicelib.fleet.tenancy.records import Way
from chalicelib.fleet.twin import bootstrap
from chalicelib.fleet.twin.identities import secret_bytes
from chalicelib.fleet.twin.records import CONNECTOR, BootstrapEntry
from chalicelib.web.parameters import Kind, Parameter, Place
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import KILOBYTE, Route

_CONFIG = Parameter("config_id", place=Place.PATH, bounds=(1, 64))
_ENDPOINT = Parameter("endpoint_name", place=Place.PATH, bounds=(1, 255))
_SHOW = Parameter("showSecuritySecrets", Kind.BOOLEAN, default=False, explained="needs DEVICE_W, and is audited")
_LIMIT = Parameter("limit", Kind.INTEGER, default=20, bounds=(1, 1000))
_BOOKMARK = Parameter("bookmarkEndpointName", bounds=(1, 255), explained="only entries after this one")
_LARGEST_CONFIG = 180 * KILOBYTE
"""A device's entry has it twice: as it is sent, and as it was."""
_KEY = "security.pskInfo.secret"


def add_config(ports: Ports, request: Request) -> Answer:
    body = request.body
    servers = shapes.servers(body)
    made = bootstrap.add_config(ports, request.tenant, body["name"], body.get("description"), servers)
    return Answer(shapes.render_config(made))


def configs(ports: Ports, request: Request) -> Answer:
    return Answer([shapes.render_config(each) for each in bootstrap.configs(ports, request.tenant)])


def config(ports: Ports, request: Request) -> Answer:
    return Answer(shapes.render_config(bootstrap.config(ports, request.tenant, request.asked["config_id"])))


def update_config(ports: Ports, request: Request) -> Answer:
    body, config_id = request.body, request.asked["config_id"]
    servers = shapes.servers(body)
    changed = bootstrap.update_config(ports, request.tenant, config_id, body["name"], body.get("description"), servers)
    return Answer(shapes.render_config(changed))


def delete_config(ports: Ports, request: Request) -> Answer:
    """One that entries use stays."""
    bootstrap.delete_config(ports, request.tenant, request.asked["config_id"])
    return Answer()


def add_entry(ports: Ports, request: Request) -> Answer:
    made, secret, run = shapes.entry(request.body, ports.clock.now())
    if secret is None:
        raise Invalid(f"{_KEY} is required", _KEY)
    kept = bootstrap.add_entry(ports, request.tenant, made, secret_bytes(secret, _KEY), run)
    return _answer(kept)


def entries(ports: Ports, request: Request) -> Answer:
    """In order of their endpoint names."""
    found = bootstrap.entries(ports, request.tenant, request.asked["bookmarkEndpointName"], request.asked["limit"])
    return Answer([shapes.render_entry(each, _hidden) for each in found])


def entry(ports: Ports, request: Request) -> Answer:
    found = bootstrap.entry_of(ports, request.tenant, request.asked["endpoint_name"])
    if not request.asked["showSecuritySecrets"]:
        return _answer(found)
    if Role.DEVICE_W not in request.by.roles:
        raise Forbidden("to show secrets needs an API key with the role DEVICE_W")
    now = ports.clock.now()
    audit.refuse(
        ports,
        request.tenant,
        at=now,
        event=ports.new_id(now),
        reason="the secrets of a bootstrap entry were shown",
        source={"connector": CONNECTOR, "nodeId": found.endpoint},
        way=Way.HTTP,
    )
    return Answer(shapes.render_entry(found, _revealing(ports, request.tenant, found)))


def update_entry(ports: Ports, request: Request) -> Answer:
    endpoint = request.asked["endpoint_name"]
    wanted, secret, run = shapes.entry(request.body, ports.clock.now())
    if wanted.endpoint != endpoint:
        raise Invalid("endpointName names the entry; it cannot be changed", "endpointName")
    key = None if secret is None else secret_bytes(secret, _KEY)
    changed = bootstrap.update_entry(ports, request.tenant, endpoint, wanted.identity, key, wanted.config, run)
    return _answer(changed)


def assign(ports: Ports, request: Request) -> Answer:
    """Let an entry have another configuration."""
    return _answer(bootstrap.assign(ports, request.tenant, request.asked["endpoint_name"], request.body))


def delete_entry(ports: Ports, request: Request) -> Answer:
    bootstrap.delete_entry(ports, request.tenant, request.asked["endpoint_name"])
    return Answer()


def _answer(found: BootstrapEntry) -> Answer:
    return Answer(shapes.render_entry(found, _hidden))


def _hidden(sealed: str | None) -> str | None:
    return None if sealed is None else shapes.HIDDEN


def _revealing(ports: Ports, tenant: str, found: BootstrapEntry) -> Callable[[str | None], str | None]:
    def reveal(sealed: str | None) -> str | None:
        if sealed is None:
            return None
        try:
            return bootstrap.shown(ports, tenant, found.endpoint, sealed)
        except Unsealable:
            return shapes.HIDDEN

    return reveal


_CONFIGS, _ENTRIES = "/api/v1/bootstrap/lwm2m/configs", "/api/v1/bootstrap/lwm2m/entries"
_ONE_CONFIG, _ONE_ENTRY = f"{_CONFIGS}/{{config_id}}", f"{_ENTRIES}/{{endpoint_name}}"
_NO_CONFIG, _NO_ENTRY = (BootstrapConfigNotFound,), (BootstrapEntryNotFound,)

ROUTES = (
    Route(
        "POST",
        _CONFIGS,
        add_config,
        "Add a bootstrap configuration",
        WRITE,
        201,
        schema=shapes.CONFIG,
        max_body=_LARGEST_CONFIG,
        failures=(LimitReached,),
    ),
    Route("GET", _CONFIGS, configs, "List the bootstrap configurations", READ),
    Route(
        "GET",
        _ONE_CONFIG,
        config,
        "Get a bootstrap configuration",
        READ,
        parameters=(_CONFIG,),
        failures=_NO_CONFIG,
    ),
    Route(
        "PUT",
        _ONE_CONFIG,
        update_config,
        "Change a bootstrap configuration",
        WRITE,
        schema=shapes.CONFIG,
        max_body=_LARGEST_CONFIG,
        parameters=(_CONFIG,),
        failures=_NO_CONFIG,
    ),
    Route(
        "DELETE",
        _ONE_CONFIG,
        delete_config,
        "Delete a bootstrap configuration",
        WRITE,
        204,
        parameters=(_CONFIG,),
        failures=(*_NO_CONFIG, Conflict),
    ),
    Route(
        "POST",
        _ENTRIES,
        add_entry,
        "Add a bootstrap entry",
        WRITE,
        201,
        schema=shapes.ENTRY,
        failures=(*_NO_CONFIG, BootstrapEntryDuplicate),
    ),
    Route("GET", _ENTRIES, entries, "List the bootstrap entries", READ, parameters=(_LIMIT, _BOOKMARK)),
    Route(
        "GET",
        _ONE_ENTRY,
        entry,
        "Get a bootstrap entry",
        READ,
        parameters=(_ENDPOINT, _SHOW),
        failures=(*_NO_ENTRY, Forbidden),
    ),
    Route(
        "PUT",
        _ONE_ENTRY,
        update_entry,
        "Change a bootstrap entry",
        WRITE,
        schema=shapes.ENTRY,
        parameters=(_ENDPOINT,),
        failures=(*_NO_ENTRY, *_NO_CONFIG, BootstrapEntryDuplicate),
    ),
    Route(
        "PUT",
        f"{_ONE_ENTRY}/definition/bootstrapConfigId",
        assign,
        "Assign a bootstrap configuration",
        WRITE,
        schema=shapes.CONFIG_ID,
        parameters=(_ENDPOINT,),
        failures=(*_NO_ENTRY, *_NO_CONFIG),
    ),
    Route(
        "DELETE",
        _ONE_ENTRY,
        delete_entry,
        "Delete a bootstrap entry",
        WRITE,
        204,
        parameters=(_ENDPOINT,),
        failures=_NO_ENTRY,
    ),
)
