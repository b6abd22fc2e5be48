"""Commands (manual 8.3; OpenAPI "Device management - Commands - V1")."""

from collections.abc import Iterable
from dataclasses import replace

from chalicelib.dialects.live_objects import paging, times
from chalicelib.dialects.live_objects.rest.devices import READ, WRITE
from chalicelib.dialects.live_objects.rest.identifiers import DEVICE
from chalicelib.dialects.live_objects.rest.shapes import commands as shapes
from chalicelib.dialects.live_objects.rest.shapes.notification import reached
from chalicelib.fleet.commands import creating, idempotency
from chalicelib.fleet.commands.records import Command
from chalicelib.fleet.errors import (
    CommandLimitReached,
    CommandNotFound,
    Conflict,
    ConnectorNotFound,
    DeviceNotFound,
    IllegalTransition,
)
from chalicelib.fleet.ids import is_id
from chalicelib.fleet.ports import Ports
from chalicelib.web.parameters import Kind, Parameter, Place
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Route

COLUMNS = ("id", "status", "created")

COMMAND = Parameter("command_id", place=Place.PATH)
_VALIDATE = Parameter("validate", Kind.BOOLEAN, default=True, explained="whether the connector looks at the value")
_ONCE = Parameter(
    "Idempotency-Key",
    place=Place.HEADER,
    bounds=(1, 255),
    explained="our own: the same command again for the same key, for a day, however often it is asked for",
)
FORCE = Parameter("force", Kind.BOOLEAN, default=False, explained="accepted; a command that is final stays as it is")
_FROM = Parameter("from", explained="created at or after, in ISO 8601")
_TO = Parameter("to", explained="created before, in ISO 8601")


def create(ports: Ports, request: Request) -> Answer:
    """201 with a PENDING command; what becomes of it is decided in the background."""
    reached(request.caller, request.body.get("notifyTo"))
    order = replace(shapes.order(request.body, validate=request.asked["validate"]), trace=request.trace)
    device, token = request.asked["device_id"], request.asked.get("Idempotency-Key")
    if token is None:
        return _shown(creating.create(ports, request.tenant, device, order))
    return _shown(idempotency.create(ports, request.tenant, device, order, token))


def listing(ports: Ports, request: Request) -> Answer:
    device = request.asked["device_id"]
    start = times.parse_optional(request.asked["from"], "from")
    end = times.parse_optional(request.asked["to"], "to")
    by = paging.order(request, COLUMNS, "-created")
    commands = creating.listing(ports, request.tenant, device, start=start, end=end, descending=by[0][1])
    page = paging.window(request, in_order(commands, by))
    return paging.answered(
        request,
        [shapes.render(command) for command in page],
        lambda: ports.commands.count(request.tenant, device, start=start, end=end),
    )


def read(ports: Ports, request: Request) -> Answer:
    return _shown(found(ports, request))


def delete(ports: Ports, request: Request) -> Answer:
    creating.delete(ports, request.tenant, _id(request))
    return Answer()


def status(ports: Ports, request: Request) -> Answer:
    return Answer({"content": found(ports, request).status.value})


def cancel(ports: Ports, request: Request) -> Answer:
    """The only change of status that a client can make."""
    creating.cancel(ports, request.tenant, _id(request))
    return Answer()


def _shown(command: Command) -> Answer:
    """With its trace beside the body, whose fields are the original's."""
    return Answer(shapes.render(command), headers={"X-Trace-Id": command.trace} if command.trace else {})


def found(ports: Ports, request: Request) -> Command:
    """The command that the path names. Errors: CommandNotFound."""
    return creating.get(ports, request.tenant, _id(request))


def _id(request: Request) -> str:
    """What cannot be an id of ours costs no read."""
    command_id: str = request.asked[COMMAND.name]
    if not is_id(command_id):
        raise CommandNotFound(f"command {command_id[:64]} not found")
    return command_id


def in_order(found: Iterable[Command], by: list[tuple[str, bool]]) -> Iterable[Command]:
    """Ids sort as their moments of creation do, and commands come in that order: only by status all must be read."""
    if by[0][0] != "status":
        return found
    commands = sorted(found, key=lambda command: command.id, reverse=by[1][1] if len(by) > 1 else True)
    return sorted(commands, key=lambda command: command.status, reverse=by[0][1])


_OF_DEVICE = "/api/v1/deviceMgt/devices/{device_id}/commands"
_ONE = "/api/v1/deviceMgt/commands/{command_id}"
_STATUS = f"{_ONE}/status"

ROUTES = (
    Route(
        "POST",
        _OF_DEVICE,
        create,
        "Register a command",
        WRITE,
        201,
        schema=shapes.NEW,
        parameters=(DEVICE, _VALIDATE, _ONCE),
        failures=(DeviceNotFound, ConnectorNotFound, CommandLimitReached, Conflict),
    ),
    Route(
        "GET",
        _OF_DEVICE,
        listing,
        "List the commands of a device",
        READ,
        parameters=(DEVICE, _FROM, _TO, *paging.WINDOW, paging.SORT),
        failures=(DeviceNotFound,),
    ),
    Route("GET", _ONE, read, "Get a command", READ, parameters=(COMMAND,), failures=(CommandNotFound,)),
    Route("DELETE", _ONE, delete, "Delete a command", WRITE, parameters=(COMMAND,), failures=(CommandNotFound,)),
    Route("GET", _STATUS, status, "Get a status", READ, parameters=(COMMAND,), failures=(CommandNotFound,)),
    Route(
        "PUT",
        _STATUS,
        cancel,
        "Cancel a command",
        WRITE,
        schema=shapes.CANCELED,
        parameters=(COMMAND, FORCE),
        failures=(CommandNotFound, IllegalTransition),
    ),
)
