"""Operations: made, listed, and reported on by whoever does them (reference, "Operations")."""

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from heapq import merge
from typing import Any

from chalicelib.dialects.cumulocity import agents, bulk_operations, doorbell, fragments, modelled, ordering, reach
from chalicelib.dialects.cumulocity import alarms as choices
from chalicelib.dialects.cumulocity import operations as shapes
from chalicelib.dialects.cumulocity.rest import asking, contents, links, lists, managed_objects, paging, processing
from chalicelib.dialects.cumulocity.rest.sources import Sources
from chalicelib.fleet import ids
from chalicelib.fleet.commands import creating
from chalicelib.fleet.commands.records import Command
from chalicelib.fleet.commands.transitions import as_of
from chalicelib.fleet.errors import (
    CommandLimitReached,
    CommandNotFound,
    IllegalTransition,
    Invalid,
    TemporarilyUnavailable,
)
from chalicelib.fleet.inventory.managed_objects import ManagedObject
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.twin.records import CONNECTOR
from chalicelib.web.parameters import Parameter
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Route

KIND, COLLECTION = "operation", "operationCollection"
PATH = ("devicecontrol", "operations")
WITHIN = 20_000
"""Milliseconds that a request deletes many."""


def view(request: Request, sources: Sources, command: Command) -> dict[str, Any]:
    device, itself = sources.view(command.device), links.to(request, *PATH, shapes.number_of(command.id))
    shown = shapes.view(command, device["id"], itself)
    return {**shown, "deviceName": device["name"]} if "name" in device else shown


def _create(ports: Ports, request: Request) -> Answer:
    body, sources = contents.read(request), Sources(ports, request)
    fragments.ensure(body, "deviceId")
    found, said = sources.known(str(body["deviceId"]), "deviceId"), shapes.read(body)
    with processing.applied(request):
        ordered = ordering.order(ports, found, said, request.trace)
    shown = view(request, sources, ordered)
    if not processing.mode(request).live:
        # Who is to do it is told all the same.
        doorbell.ring(ports, shown["agentId"])
    return contents.created(request, KIND, shown, shown["self"])


def _get(ports: Ports, request: Request) -> Answer:
    sources = Sources(ports, request)
    found = _found(ports, request, sources)
    if sources.origin(found.device) == CONNECTOR:
        found = modelled.settled(ports, found)
    return contents.found(request, KIND, view(request, sources, found))


def _found(ports: Ports, request: Request, sources: Sources) -> Command:
    """What was to be done by a device that is deleted is gone with it."""
    number = request.path["operationId"]
    try:
        named = shapes.command_of(number)
        found = creating.get(ports, request.tenant, named) if named is not None else None
    except CommandNotFound:
        found = None
    if found is None or not sources.there(found.device):
        raise CommandNotFound(f"Finding device data from database failed : No operation for gid '{number[:64]}'!")
    sources.ensure(found.device)
    return found


def _change(ports: Ports, request: Request) -> Answer:
    body, sources = contents.read(request), Sources(ports, request)
    found = _found(ports, request, sources)
    fragments.ensure(body, "status")
    wanted = choices.chosen(shapes.STATUSES, body["status"], "status")
    with processing.applied(request):
        after = ordering.report(ports, found, wanted, body, ordering.told_by(managed_objects.owner(request.by)))
    return contents.changed(request, KIND, view(request, sources, after))


def _list(ports: Ports, request: Request) -> Answer:
    sources = Sources(ports, request)
    shown = partial(_listed, ports, request, sources)
    found = partial(_meant, ports, request, sources)
    page = lists.page(ports, request, "operations", found, lambda one: one.id, shown, *PATH)
    return contents.found(request, COLLECTION, page)


def _listed(ports: Ports, request: Request, sources: Sources, command: Command) -> dict[str, Any]:
    shown = view(request, sources, command)
    if not request.asked["agentId"]:
        return shown
    names = ports.objects.names(request.tenant, shown["deviceId"])
    external = [{"type": name.type, "externalId": name.value} for name in names]
    return {**shown, "deviceExternalIDs": {"externalIds": external}}


def _delete_all(ports: Ports, request: Request) -> Answer:
    asking.ensure_said(request, _WHICH, "operations")
    until = ports.clock.now() + WITHIN
    for command in list(_meant(ports, request, Sources(ports, request))):
        if ports.clock.now() >= until:
            raise TemporarilyUnavailable("there are more of them: send the request again for the others")
        # Somebody else may have deleted it meanwhile.
        with suppress(CommandNotFound):
            creating.delete(ports, request.tenant, command.id)
    return Answer()


def _meant(ports: Ports, request: Request, sources: Sources, after: str | None = None) -> Iterator[Command]:
    """Those that the query means, the oldest first; the newest of a range where it is to be the other way round.

    Those that come `after` that operation.
    """
    asked, moments = request.asked, asking.window(request)
    status = choices.chosen(shapes.STATUSES, asked["status"], "status") if asked["status"] else None
    fragment, now = asked.get("fragmentType"), ports.clock.now()
    descending = bool(asked.get("revert")) and not moments.open

    def meant(command: Command) -> bool:
        return (
            status in (None, shapes.status(command))
            and asked.get("bulkOperationId", "") in ("", shapes.about(command).get("bulk"))
            and moments.has(command.created)
            and (after is None or _comes_after(command.id, after, descending=descending))
            and (not fragment or fragment in shapes.said(command))
        )

    bulk = asked.get("bulkOperationId", "")
    if bulk and not (asked["deviceId"] or asked["agentId"] or reach.bounded(request.by)):
        ours = bulk_operations.commands(ports, request.tenant, bulk) if ids.is_number(bulk) else []
        return filter(meant, reversed(ours) if descending else iter(ours))
    each, start, end = [], moments.start, moments.end
    if after is not None:
        # What is before it need not be read, but what was made in the same millisecond.
        at = ids.moment(after)
        start, end = (start, at + 1) if descending else (at, end)
    for device in _devices(ports, request, sources):
        if status in shapes.OPEN:
            each.append(_waiting(ports, request.tenant, device, descending=descending))
        else:
            found = ports.commands.of_device(request.tenant, device, start=start, end=end, descending=descending)
            each.append(as_of(command, now) for command in found)
    every = merge(*each, key=lambda command: ids.rank(command.id), reverse=descending)
    return filter(meant, asking.looked(every))


def _comes_after(command: str, mark: str, *, descending: bool) -> bool:
    return ids.rank(command) < ids.rank(mark) if descending else ids.rank(command) > ids.rank(mark)


def _waiting(ports: Ports, tenant: str, device: str, *, descending: bool) -> Iterator[Command]:
    """What is not final: an agent that starts asks for it, however much it has done before."""
    mailbox, now = ports.mailboxes.get(tenant, device), ports.clock.now()
    for command_id in sorted(mailbox.queue if mailbox else (), reverse=descending):
        command = ports.commands.get(tenant, command_id)
        if command is not None:
            yield as_of(command, now)


def _devices(ports: Ports, request: Request, sources: Sources) -> list[str]:
    """Devices, as the fleet names them, whose operations are asked for. Errors: Invalid."""
    asked = request.asked
    if not asked["deviceId"] and not asked["agentId"]:
        return [source for source in sources.all() if not ids.is_number(source)]
    device, agent = (_known(ports, request, asked[name]) for name in ("deviceId", "agentId"))
    every = agents.served(ports, agent) if agent is not None else [device] if device is not None else []
    wanted = [one for one in every if asked["deviceId"] in ("", one.id)]
    return [one.device for one in wanted if one.device and (agent is not None or not asked["agentId"])]


def _known(ports: Ports, request: Request, number: str) -> ManagedObject | None:
    """Errors: Forbidden."""
    found = ports.objects.get(request.tenant, number) if number and ids.is_number(number) else None
    return reach.ensure(ports, request.by, found) if found is not None else None


_ALL, _ONE = "/devicecontrol/operations", "/devicecontrol/operations/{operationId}"
_BODY: dict[str, Any] = {"schema": contents.OBJECT, "reads": contents.ANYTHING, "max_body": fragments.LARGEST}
_WHICH = (
    Parameter("agentId", default="", explained="of that object, and of its child devices that have no nearer agent"),
    Parameter("deviceId", default=""),
    Parameter("status", default="", explained=", ".join(shapes.STATUSES)),
    *asking.DATES,
)
_READING, _WRITING = managed_objects.READING, managed_objects.WRITING
ROUTES = (
    Route(
        "POST",
        _ALL,
        _create,
        "Have a device do something",
        roles=_WRITING,
        devices=True,
        success=201,
        failures=(Invalid, CommandLimitReached),
        **_BODY,
    ),
    Route(
        "GET",
        _ALL,
        _list,
        "Operations, the oldest first",
        roles=_READING,
        devices=True,
        parameters=(
            *paging.PARAMETERS,
            *_WHICH,
            Parameter("fragmentType", default=""),
            Parameter("bulkOperationId", default=""),
            asking.REVERT,
        ),
        failures=(Invalid,),
    ),
    Route(
        "DELETE",
        _ALL,
        _delete_all,
        "Delete operations by device, status and time",
        roles=_WRITING,
        devices=True,
        success=204,
        parameters=_WHICH,
        failures=(Invalid, TemporarilyUnavailable),
    ),
    Route("GET", _ONE, _get, "An operation", roles=_READING, devices=True, failures=(CommandNotFound,)),
    Route(
        "PUT",
        _ONE,
        _change,
        "Say how far an operation is",
        roles=_WRITING,
        devices=True,
        failures=(Invalid, CommandNotFound, IllegalTransition),
        **_BODY,
    ),
)
