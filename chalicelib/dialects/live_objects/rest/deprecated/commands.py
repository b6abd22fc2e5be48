"""`/api/v0/commands` and `/api/v0/assets/{namespace}/{id}/commands`, before `/api/v1/deviceMgt/commands`.

An old command has an event with data, which a device in MQTT mode gets as `req` and `arg`, and no policy: the defaults
hold.
"""

from collections.abc import Iterable
from heapq import merge
from itertools import islice
from typing import Any

from chalicelib.dialects.live_objects import paging
from chalicelib.dialects.live_objects.rest import commands
from chalicelib.dialects.live_objects.rest.commands import COLUMNS, COMMAND, FORCE, in_order
from chalicelib.dialects.live_objects.rest.deprecated.naming import NOTIFIED, device_of, notified, parts
from chalicelib.dialects.live_objects.rest.devices import READ, WRITE
from chalicelib.dialects.live_objects.rest.identifiers import ASSETS
from chalicelib.dialects.live_objects.rest.searching import SCANNED_FOR
from chalicelib.dialects.live_objects.rest.shapes import commands as shapes
from chalicelib.dialects.live_objects.rest.shapes import present
from chalicelib.fleet.commands import creating
from chalicelib.fleet.commands.records import Command, Status
from chalicelib.fleet.commands.transitions import as_of
from chalicelib.fleet.errors import CommandLimitReached, CommandNotFound, DeviceNotFound, IllegalTransition, Invalid
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.records import MQTT
from chalicelib.web import json_text
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Route

MOST_DEVICES = 500
"""Of how many devices the commands are listed together: each costs two reads of an index."""
STATUSES = {
    Status.PENDING: "PENDING",
    Status.PROCESSING: "SENT",
    Status.RETRYING: "SENT",
    Status.PROCESSED: "PROCESSED",
    Status.CANCELED: "CANCELED",
    Status.EXPIRED: "ERROR",
    Status.ERROR: "ERROR",
}
_NAME = 255

_PAGED = (*paging.PAGED, paging.SORT)
_NEW = {
    "type": "object",
    "properties": {
        "event": {"type": ["string", "null"], "minLength": 1, "maxLength": _NAME},
        "data": {
            "type": ["object", "null"],
            "maxProperties": 100,
            "propertyNames": {"maxLength": _NAME, "description": f"has a name of more than {_NAME} characters"},
            "additionalProperties": {"type": "string"},
        },
        "payload": {"type": ["string", "null"]},
    },
}


def create(ports: Ports, request: Request) -> Answer:
    """200 with a PENDING command."""
    body = request.body
    if body.get("payload"):
        raise Invalid("payload: devices of this platform take event and data", "payload")
    if not body.get("event"):
        raise Invalid("event is what the device is to do", "event")
    value = {"req": body["event"], "arg": dict(body.get("data") or {})}
    wanted = {"request": {"connector": MQTT, "value": value}, "notifyTo": notified(request)}
    order = shapes.order(wanted, validate=True)
    return Answer(_command(creating.create(ports, request.tenant, device_of(request), order)))


def of_asset(ports: Ports, request: Request) -> Answer:
    device = device_of(request)
    by = paging.order(request, COLUMNS, "-created")
    found = creating.listing(ports, request.tenant, device, start=None, end=None, descending=by[0][1])
    total = ports.commands.count(request.tenant, device, start=None, end=None)
    return _page(request, in_order(found, by), total)


def listing(ports: Ports, request: Request) -> Answer:
    """Of all devices, where these are not too many."""
    by = paging.order(request, COLUMNS, "-created")
    page = ports.devices.page(request.tenant, after=None, limit=MOST_DEVICES)
    if page.cursor is not None:
        _refuse()
    until, now, total = ports.clock.now() + SCANNED_FOR, ports.clock.now(), 0
    streams = []
    for device in page.items:
        count = ports.commands.count(request.tenant, device.id, start=None, end=None)
        if count:
            streams.append(
                ports.commands.of_device(request.tenant, device.id, start=None, end=None, descending=by[0][1])
            )
        total += count
        if ports.clock.now() > until:
            _refuse()
    found = (as_of(command, now) for command in merge(*streams, key=_id, reverse=by[0][1]))
    return _page(request, in_order(found, by), total)


def read(ports: Ports, request: Request) -> Answer:
    return Answer(_command(commands.found(ports, request)))


def status(ports: Ports, request: Request) -> Answer:
    return Answer({"content": _status(commands.found(ports, request))})


def _refuse() -> None:
    raise Invalid(
        f"the commands of more than {MOST_DEVICES} devices are not listed together: list those of one asset", "size"
    )


def _id(command: Command) -> str:
    return command.id


def _page(request: Request, found: Iterable[Command], total: int) -> Answer:
    start = paging.start_of(request)
    page = islice(iter(found), start, start + request.asked["size"])
    return paging.page_of(request, [_command(command) for command in page], total)


def _status(command: Command) -> str:
    """One that a newer release has set is shown as that calls it."""
    return STATUSES.get(command.status, command.status.value)


def _command(command: Command) -> dict[str, Any]:
    namespace, asset = parts(command.device)
    asked = command.request if isinstance(command.request, dict) else {}
    return present(
        {
            "id": command.id,
            "assetIdNamespace": namespace,
            "assetId": asset,
            "reqEvent": asked.get("req"),
            "reqData": _texts(asked.get("arg")),
            "resData": _texts(command.response),
            "status": _status(command),
            "notifyTo": command.notify_to,
            "creationTs": command.created,
            "updateTs": command.updated,
        }
    )


def _texts(data: Any) -> dict[str, str] | None:
    """Old clients know texts only: other values are shown as their JSON."""
    if not isinstance(data, dict):
        return None
    return {name: value if isinstance(value, str) else json_text.render(value) for name, value in data.items()}


_OF_ASSET = "/api/v0/assets/{namespace}/{asset_id}/commands"
_ALL = "/api/v0/commands"
_ONE = f"{_ALL}/{{command_id}}"
_MISSING = (CommandNotFound,)

ROUTES = (
    Route(
        "POST",
        _OF_ASSET,
        create,
        "Register a command (v0)",
        WRITE,
        schema=_NEW,
        parameters=(*ASSETS, NOTIFIED),
        failures=(DeviceNotFound, CommandLimitReached),
        deprecated=True,
    ),
    Route(
        "GET",
        _OF_ASSET,
        of_asset,
        "List the commands of an asset",
        READ,
        parameters=(*ASSETS, *_PAGED),
        failures=(DeviceNotFound,),
        deprecated=True,
    ),
    Route("GET", _ALL, listing, "List commands (v0)", READ, parameters=_PAGED, deprecated=True),
    Route("GET", _ONE, read, "Get a command (v0)", READ, parameters=(COMMAND,), failures=_MISSING, deprecated=True),
    Route(
        "DELETE",
        _ONE,
        commands.delete,
        "Delete a command (v0)",
        WRITE,
        parameters=(COMMAND,),
        failures=_MISSING,
        deprecated=True,
    ),
    Route(
        "GET",
        f"{_ONE}/status",
        status,
        "Get a status (v0)",
        READ,
        parameters=(COMMAND,),
        failures=_MISSING,
        deprecated=True,
    ),
    Route(
        "PUT",
        f"{_ONE}/status",
        commands.cancel,
        "Cancel a command (v0)",
        WRITE,
        schema=shapes.CANCELED,
        parameters=(COMMAND, FORCE),
        failures=(*_MISSING, IllegalTransition),
        deprecated=True,
    ),
)
