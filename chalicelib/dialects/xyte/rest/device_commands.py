"""Commands as an organization gives them (Send Command, Get Commands, Cancel Command)."""

import json
from itertools import islice
from typing import Any

from chalicelib.dialects.xyte import ORGANIZATION, files, identities, orders
from chalicelib.dialects.xyte.identities import Identity
from chalicelib.dialects.xyte.moments import render
from chalicelib.dialects.xyte.orders import Shown
from chalicelib.dialects.xyte.rest.access import DIALECT
from chalicelib.dialects.xyte.rest.paging import PAGES, after, next_page
from chalicelib.fleet import ids
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.commands import creating
from chalicelib.fleet.commands.creating import Order
from chalicelib.fleet.commands.records import Command, Policy
from chalicelib.fleet.errors import (
    CommandLimitReached,
    CommandNotFound,
    DeviceNotFound,
    IllegalTransition,
    Invalid,
    NotFound,
    TooLarge,
)
from chalicelib.fleet.ports import Ports
from chalicelib.web.answers import ANY, TEXT, among, listed, record
from chalicelib.web.parameters import Parameter, Place
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Handler, Route
from chalicelib.web.schemas import Schema

PATH = ORGANIZATION + "/v1/organization/devices/{device_id}/commands"
ONE = PATH + "/{command_id}"
LONGEST_NAME = 128
LARGEST = 100_000
"""Bytes of a command's parameters."""
POLICY = Policy(ack_mode=None, ack_timeout=None)
"""A week, and as its device's route grants."""
_TEXT: Schema = {"type": ["string", "null"], "maxLength": 255}
_NEW: Schema = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": LONGEST_NAME},
        "friendly_name": _TEXT,
        "file_id": _TEXT,
        "extra_params": {"type": ["object", "null"]},
    },
}


def send(ports: Ports, request: Request) -> Answer:
    """A command, to a device of whatever dialect; it goes by whichever way the device has."""
    device, sent = _device(ports, request), request.body
    found = _identity(ports, request.tenant, device)
    parameters, file = sent.get("extra_params") or {}, sent.get("file_id") or None
    if found is not None and not found.model.commands:
        raise Invalid("Commands are not enabled for this model", "name")
    if len(json.dumps(parameters, ensure_ascii=False).encode(errors="surrogatepass")) > LARGEST:
        raise TooLarge(f"extra_params has more than {LARGEST} bytes", "extra_params")
    if file is not None:
        _ensure_file(ports, found, file)
    asked = orders.request(sent["name"], parameters, sent.get("friendly_name"), file)
    order = Order(None, asked, POLICY, trace=request.trace, dialect=DIALECT)
    return Answer(view(creating.create(ports, request.tenant, device, order)))


def page(ports: Ports, request: Request) -> Answer:
    """The newest first."""
    device, last, most = _device(ports, request), _last(request), request.asked["per_page"]
    end = None if last is None else ids.moment(last) + 1
    listed = creating.listing(ports, request.tenant, device, start=None, end=end)
    older = (each for each in listed if last is None or ids.rank(each.id) < ids.rank(last))
    found = list(islice(older, most + 1))
    more = orders.uuid_of(found[most - 1].id) if len(found) > most else None
    return Answer({"items": [view(each) for each in found[:most]], "next_page": next_page(more)})


def cancel(ports: Ports, request: Request) -> Answer:
    """One that its device has not begun. The same once more changes nothing."""
    device, command = _device(ports, request), orders.id_of(request.path["command_id"])
    found = creating.get(ports, request.tenant, command) if command is not None else None
    if found is None or found.device != device:
        raise CommandNotFound("Command not found")
    stands = orders.status(found)
    if stands is Shown.CANCELED:
        return Answer(view(found))
    if stands is not Shown.PENDING:
        raise IllegalTransition(f"Command is {stands} already")
    return Answer(view(creating.cancel(ports, request.tenant, found.id, begun=False)))


def view(command: Command) -> dict[str, Any]:
    return {
        "id": orders.uuid_of(command.id),
        "device_id": identities.uuid_of(command.device) or command.device,
        "name": orders.name(command),
        "friendly_name": orders.friendly_name(command),
        "file_id": orders.file(command),
        "extra_params": orders.parameters(command),
        "status": str(orders.status(command)),
        "message": orders.message(command),
        "created_at": render(command.created),
        "updated_at": render(command.updated),
    }


def _last(request: Request) -> str | None:
    """The last command of the page before. Errors: Invalid."""
    named = after(request.asked["page"])
    last = None if named is None else orders.id_of(named)
    if named is not None and last is None:
        raise Invalid("page is the next_page of an answer", "page")
    return last


def _device(ports: Ports, request: Request) -> str:
    """The device of the path, as the fleet calls it. Errors: DeviceNotFound."""
    named = request.path["device_id"]
    for name in (identities.device_id(named), named):
        if ports.mailboxes.get(request.tenant, name) is not None:
            return name
    raise DeviceNotFound("Device not found")


def _identity(ports: Ports, tenant: str, device: str) -> Identity | None:
    """None for one of another dialect, and where another tenant has it by now."""
    uuid = identities.uuid_of(device)
    return identities.had_by(ports, uuid, tenant) if uuid is not None else None


def _ensure_file(ports: Ports, found: Identity | None, file: str) -> None:
    """Errors: Invalid."""
    try:
        known = found is not None and files.find(ports, found, file) is not None
    except NotFound:
        known = False
    if not known:
        raise Invalid("File not found", "file_id")


_DEVICE = Parameter("device_id", place=Place.PATH, bounds=(1, 256))
_COMMAND = Parameter("command_id", place=Place.PATH)
_MAY, _MAY_SEND = frozenset({Role.DEVICE_R, Role.DEVICE_W}), frozenset({Role.DEVICE_W})
ROUTES = (
    Route(
        "POST",
        PATH,
        send,
        "Send a command",
        _MAY_SEND,
        201,
        _NEW,
        parameters=(_DEVICE,),
        failures=(DeviceNotFound, CommandLimitReached, TooLarge),
    ),
    Route(
        "GET",
        PATH,
        page,
        "List commands",
        _MAY,
        parameters=(_DEVICE, *PAGES),
        failures=(DeviceNotFound,),
    ),
    Route(
        "DELETE",
        ONE,
        cancel,
        "Cancel a command",
        _MAY_SEND,
        parameters=(_DEVICE, _COMMAND),
        failures=(DeviceNotFound, CommandNotFound, IllegalTransition),
    ),
)
COMMAND = record(
    "id device_id name friendly_name file_id extra_params status message created_at updated_at",
    id=TEXT,
    device_id=TEXT,
    name=TEXT,
    friendly_name=ANY,
    file_id=ANY,
    extra_params={"type": "object"},
    status=among(Shown),
    message=ANY,
    created_at=TEXT,
    updated_at=TEXT,
)
ANSWERS: dict[Handler, Schema] = {
    send: COMMAND,
    page: record("items next_page", items=listed(COMMAND), next_page=ANY),
    cancel: COMMAND,
}
