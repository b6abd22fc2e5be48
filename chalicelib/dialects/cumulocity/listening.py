"""What happens, told to clients that listen to it in real time (reference, "Real-time notifications").

What is told is what a GET of it would answer. Its addresses are without a host until somebody asks for them by one.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

from chalicelib.dialects.cumulocity import device_events, doorbell, realtime
from chalicelib.dialects.cumulocity import measurements as measured
from chalicelib.dialects.cumulocity import operations as shapes
from chalicelib.fleet import ids
from chalicelib.fleet.access import callers
from chalicelib.fleet.commands.records import Command, Status
from chalicelib.fleet.data.alarm_records import Alarm
from chalicelib.fleet.data.records import DataMessage
from chalicelib.fleet.events.events import Event, EventKind
from chalicelib.fleet.inventory import hierarchy, objects
from chalicelib.fleet.inventory.managed_objects import ManagedObject
from chalicelib.fleet.ports import Ports
from chalicelib.web.request import Headers, Request

NOWHERE = "realtime.invalid"
"""The host in addresses of what waits to be asked for."""
LARGEST = 100_000
"""Characters of what is told as a whole; of more there is what it is found by."""
_ACTIONS = {
    EventKind.ALARM_RAISED: "CREATE",
    EventKind.OBJECT_CREATED: "CREATE",
    EventKind.OBJECT_DELETED: "DELETE",
}
_FOUND_BY = ("id", "self", "type", "name", "source", "time", "deviceId", "status", "creationTime", "lastUpdated")


def hear(ports: Ports, event: Event) -> None:
    """The same event again is told again."""
    if isinstance(event.subject, Command) and _is_new(event.subject):
        doorbell.ring(ports, _agent(event.subject))
    if not (live := realtime.live(ports, event.tenant)):
        # The last who listened has not said good-bye.
        realtime.settle(ports, event.tenant)
        return
    request = _request(event.tenant)
    match event.subject:
        case DataMessage():
            _said(ports, request, event.subject)
        case Alarm():
            _alarmed(ports, request, event, event.subject, live)
        case Command():
            _commanded(ports, request, event.subject)
        case ManagedObject():
            _changed(ports, request, event, event.subject)


def tell(ports: Ports, tenant: str, kind: str, number: str, action: str, data: Callable[[Request], Any]) -> None:
    """What no event tells, of the object with that number: as `data` shows it, if anybody listens."""
    if realtime.listened(ports, tenant, kind):
        _tell(ports, tenant, kind, [number], action, data(_request(tenant)))


def _said(ports: Ports, request: Request, message: DataMessage) -> None:
    from chalicelib.dialects.cumulocity.rest import events, measurements
    from chalicelib.dialects.cumulocity.rest.sources import Sources

    sources = Sources(ports, request)
    number = sources.number(str(message.metadata.get("source")))
    if number is None:
        return
    found = measured.of(message)
    if found is not None:
        shown = measurements.view(request, sources, message, found)
        _tell(ports, request.tenant, realtime.MEASUREMENTS, [number], "CREATE", shown)
    elif device_events.of(message) is not None:
        _tell(ports, request.tenant, realtime.EVENTS, [number], "CREATE", events.view(request, sources, message))


def _alarmed(ports: Ports, request: Request, event: Event, alarm: Alarm, live: frozenset[str]) -> None:
    from chalicelib.dialects.cumulocity.rest import alarms
    from chalicelib.dialects.cumulocity.rest.sources import Sources

    sources = Sources(ports, request)
    number = sources.number(alarm.source)
    if number is None:
        return
    action, shown = _ACTIONS.get(event.kind, "UPDATE"), alarms.view(request, sources, alarm)
    _tell(ports, request.tenant, realtime.ALARMS, [number], action, shown)
    if any(name.startswith(f"{realtime.ALARMS_BELOW}/") for name in live):
        above = [number, *_above(ports, request.tenant, number)]
        _tell(ports, request.tenant, realtime.ALARMS_BELOW, above, action, shown)


def _above(ports: Ports, tenant: str, number: str) -> Iterator[str]:
    found = ports.objects.get(tenant, number)
    yield from (one.id for one in hierarchy.ancestors(ports, found)) if found is not None and found.parents else ()


def _commanded(ports: Ports, request: Request, command: Command) -> None:
    from chalicelib.dialects.cumulocity.rest import operations
    from chalicelib.dialects.cumulocity.rest.sources import Sources

    new = _is_new(command)
    if not (new or command.final or command.begun is not None):
        # That it was sent does not change how it is shown.
        return
    sources = Sources(ports, request)
    number = sources.number(command.device)
    if number is not None:
        shown = operations.view(request, sources, command)
        _tell(ports, request.tenant, realtime.OPERATIONS, [number], "CREATE" if new else "UPDATE", shown)


def _is_new(command: Command) -> bool:
    return command.status is Status.PENDING and not command.generation


def _agent(command: Command) -> str:
    """The number of who is to do it, or have it done."""
    agent = shapes.about(command).get("agent")
    named = ids.device_name(command.device)
    return str(agent) if agent is not None else named[1] if named is not None else command.device


def _changed(ports: Ports, request: Request, event: Event, found: ManagedObject) -> None:
    from chalicelib.dialects.cumulocity.rest import managed_objects

    action = _ACTIONS.get(event.kind, "UPDATE")
    if action == "DELETE":
        _tell(ports, request.tenant, realtime.OBJECTS, [found.id], action, found.id)
        return
    present = ports.objects.get(event.tenant, found.id)
    if present is not None:
        (shown,) = managed_objects.shown(ports, request, [objects.get(ports, event.tenant, found.id)])
        _tell(ports, request.tenant, realtime.OBJECTS, [found.id], action, shown)


def _tell(ports: Ports, tenant: str, kind: str, numbers: list[str], action: str, shown: Any) -> None:
    if isinstance(shown, dict) and len(json.dumps(shown)) > LARGEST:
        shown = {name: shown[name] for name in _FOUND_BY if name in shown}
    realtime.told(ports, tenant, [f"{kind}/{which}" for which in (*numbers, realtime.ALL)], action, shown)


def at_host(told: Any, here: str) -> Any:
    """The same with addresses of the host that it is asked for by; `here` ends without a slash."""
    if isinstance(told, list):
        return [at_host(one, here) for one in told]
    if not isinstance(told, dict):
        return told
    nowhere = f"https://{NOWHERE}"
    return {
        name: here + one.removeprefix(nowhere)
        if name == "self" and isinstance(one, str) and one.startswith(f"{nowhere}/")
        else at_host(one, here)
        for name, one in told.items()
    }


def _request(tenant: str) -> Request:
    return Request(headers=Headers({"host": NOWHERE}), caller=callers.of_operator(tenant))
