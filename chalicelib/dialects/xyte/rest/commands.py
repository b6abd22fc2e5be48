"""What a device does with its commands (Get Command, Get Commands with Children, Update Command)."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from chalicelib.dialects.xyte import children, deciding, doing, files, listening, orders
from chalicelib.dialects.xyte.deciding import Owned
from chalicelib.dialects.xyte.doing import LONGEST_MESSAGE, Said
from chalicelib.dialects.xyte.identities import Identity
from chalicelib.dialects.xyte.models import COMMAND_ID, DEVICE_ID
from chalicelib.dialects.xyte.rest import owners
from chalicelib.dialects.xyte.rest.access import asking
from chalicelib.dialects.xyte.rest.devices import ITSELF, ONE
from chalicelib.dialects.xyte.rest.forms import LARGEST
from chalicelib.fleet.commands.records import Command
from chalicelib.fleet.errors import CommandNotFound, IllegalTransition, Invalid, NotFound, Unauthenticated
from chalicelib.fleet.ports import Ports
from chalicelib.web.answers import ANY, DONE, TEXT, among, listed, record
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Handler, Route
from chalicelib.web.schemas import Schema

PATH = ONE + "/command"
_REPORT: Schema = {
    "type": "object",
    "required": ["status"],
    "properties": {
        "id": {"type": ["string", "null"], "maxLength": 64},
        "status": {"enum": list(orders.REPORTS)},
        "message": {"type": ["string", "null"], "maxLength": LONGEST_MESSAGE},
    },
}


def get(ports: Ports, request: Request) -> Answer:
    """The oldest that has not ended; nothing, `{}`, where there is none. It is the device's from then on."""
    owned = owners.owned(ports, request)
    return Answer(_head(ports, owned) if owned is not None else {})


def pending(ports: Ports, request: Request) -> Answer:
    """The head of the device itself and of each child, where there is one."""
    owned = owners.owned(ports, request)
    every = [owned, *_children(ports, owned)] if owned is not None else []
    return Answer([head for each in every if (head := _head(ports, each))])


def report(ports: Ports, request: Request) -> Answer:
    """It is at one, has done it, or could not. The same once more changes nothing."""
    found, sent = asking(request), request.body
    named = sent.get("id")
    if named is None and found.model.since(COMMAND_ID):
        raise Invalid("id is required", "id")
    owned = owners.owned(ports, request)
    command = None if owned is None else _named(ports, owned, named)
    if owned is None or command is None:
        raise CommandNotFound("Command not found")
    said = Said(orders.REPORTS[sent["status"]], sent.get("message"))
    after = doing.report(ports, owned.tenant, owned.device, owned.id, command, said)
    listening.reported(ports, owned.tenant, owned.identity, said.status)
    told = {"success": True, "id": orders.uuid_of(after.id), "status": str(orders.status(after))}
    return Answer(_for(found, {**told, "message": orders.message(after)}))


def view(ports: Ports, found: Identity, command: Command) -> dict[str, Any]:
    """As the device is shown it; a file that is gone by now is left out."""
    parameters = orders.parameters(command)
    if (file := orders.file(command)) is not None:
        with suppress(NotFound):
            parameters |= files.ordered(ports, files.find(ports, found, file))
    shown = {"id": orders.uuid_of(command.id), "status": str(orders.status(command)), "name": orders.name(command)}
    return _for(found, {**shown, "parameters": parameters})


def _for(found: Identity, shown: dict[str, Any]) -> dict[str, Any]:
    return {**shown, "device_id": found.id} if found.model.since(DEVICE_ID) else shown


def _head(ports: Ports, owned: Owned) -> dict[str, Any]:
    found = doing.head(ports, owned.tenant, owned.device, owned.id) if doing.waits(owned.mailbox) else None
    return {} if found is None else view(ports, owned.identity, found)


def _named(ports: Ports, owned: Owned, named: str | None) -> str | None:
    if named is not None:
        return orders.id_of(named)
    head = doing.head(ports, owned.tenant, owned.device, owned.id)
    return None if head is None else head.id


def _children(ports: Ports, parent: Owned) -> Iterator[Owned]:
    """Those that its owner has as well."""
    for child in children.of(ports, parent.identity):
        # One that was deleted just now is no reason to send its parent away.
        with suppress(Unauthenticated):
            owned = deciding.whose(ports, child).owned
            if owned is not None and owned.tenant == parent.tenant:
                yield owned


ROUTES = (
    Route("GET", PATH, get, "Get the command that is next", parameters=(ITSELF,), devices=True),
    Route(
        "GET",
        PATH + "/pending_commands",
        pending,
        "Get the commands that are next, also of children",
        parameters=(ITSELF,),
        devices=True,
    ),
    Route(
        "POST",
        PATH,
        report,
        "Report on a command",
        schema=_REPORT,
        parameters=(ITSELF,),
        devices=True,
        max_body=LARGEST,
        failures=(CommandNotFound, IllegalTransition),
    ),
)
COMMAND = record("", id=TEXT, device_id=TEXT, status=among(orders.Shown), name=TEXT, parameters={"type": "object"})
ANSWERS: dict[Handler, Schema] = {
    get: COMMAND,
    pending: listed(COMMAND),
    report: record("success id status message", success=DONE, id=TEXT, status=among(orders.Shown), message=ANY),
}
