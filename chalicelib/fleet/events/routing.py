"""Telling events: to the queues and webhooks of action policies, and to the queue that a request named itself.

A tenant's policies may be a minute old here, so that an event which nobody asked for costs neither a write nor a read.
What the tenant got wrong (a queue that is gone, a message that is too big) goes to the audit log; anything else fails
the caller, which is tried again.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial

from chalicelib.fleet.commands.records import Command
from chalicelib.fleet.configuration.records import Configuration
from chalicelib.fleet.data.alarm_records import Alarm
from chalicelib.fleet.data.records import DataMessage
from chalicelib.fleet.errors import QueueNotFound
from chalicelib.fleet.events import events
from chalicelib.fleet.events.events import DeviceStatus, Event, EventKind
from chalicelib.fleet.events.records import ActionPolicy, Push
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.inventory import group_paths
from chalicelib.fleet.inventory.managed_objects import ManagedObject
from chalicelib.fleet.inventory.records import ROOT_PATH, Device
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.queues import publishing
from chalicelib.fleet.queues.publishing import Arrival
from chalicelib.fleet.queues.records import MAX_PAYLOAD
from chalicelib.fleet.resources.updates import DeviceResources, ResourceUpdate
from chalicelib.fleet.tenancy import audit
from chalicelib.fleet.tenancy.records import Cause

_quiet = ContextVar("quiet", default=False)


@contextmanager
def quietly() -> Iterator[None]:
    """What is told meanwhile goes to queues and webhooks, and to no dialect that listens."""
    before = _quiet.set(True)
    try:
        yield
    finally:
        _quiet.reset(before)


def messages(ports: Ports, stored: Sequence[DataMessage], *, fresh: bool = False) -> None:
    """Data messages of one tenant; `fresh` says that none of them can have come before."""
    if stored:
        told = partial(_tell_all, ports, stored[0].tenant, EventKind.DATA_MESSAGE)
        told(lambda: [events.of_message(message) for message in stored], fresh=fresh)


def created(ports: Ports, device: Device) -> None:
    _device(ports, EventKind.DEVICE_CREATED, device, device.created)


def changed(ports: Ports, device: Device) -> None:
    _device(ports, EventKind.DEVICE_CHANGED, device, device.updated)


def object_changed(ports: Ports, kind: EventKind, found: ManagedObject) -> None:
    """Made, changed or deleted just now."""
    _tell(ports, found.tenant, kind, lambda: events.of_object(kind, found, ports.clock.now()))


def alarm(ports: Ports, kind: EventKind, found: Alarm) -> None:
    """An alarm stands where it has not stood before, or was raised once more."""
    _tell(ports, found.tenant, kind, lambda: events.of_alarm(kind, found))


def deleted(ports: Ports, device: Device) -> None:
    _device(ports, EventKind.DEVICE_DELETED, device, ports.clock.now())


def status(ports: Ports, tenant: str, status: DeviceStatus, session: str, at: int) -> None:
    def event() -> Event:
        device = ports.devices.get(tenant, status.device)
        path = group_paths.path_of(ports, tenant, device.group) if device else ROOT_PATH
        return events.of_status(tenant, status, session, at, path)

    _tell(ports, tenant, EventKind.DEVICE_STATUS, event)


def command(ports: Ports, command: Command) -> None:
    """A command stands where it has not stood before."""
    kind = EventKind.COMMAND_STATUS
    _tell(ports, command.tenant, kind, lambda: events.of_command(command))
    if command.notify_to:
        notify(ports, events.of_command(command), command.notify_to)


def configuration(ports: Ports, before: Configuration, after: Configuration, at: int | None = None) -> None:
    """The status of parameters changed, now or at `at`: told to the queue that the request named."""
    statuses = {key: p.status for key, p in after.parameters.items()}
    if statuses != {key: p.status for key, p in before.parameters.items()}:
        configured(ports, after, ports.clock.now() if at is None else at)


def configured(ports: Ports, present: Configuration, at: int) -> None:
    """The same, perhaps once more."""
    if present.notify_to:
        notify(ports, events.of_configuration(present, at), present.notify_to)


def resource(ports: Ports, found: DeviceResources, update: ResourceUpdate) -> None:
    """The status of an update changed: told to the queue that its request named."""
    if update.notify_to:
        notify(ports, events.of_resource(found, update), update.notify_to)


def notify(ports: Ports, event: Event, destination: str) -> None:
    """Tell a queue that a request named: `kind/name`, of which the name counts."""
    kind, _, queue = destination.partition("/")
    if queue and ports.formats.is_queue(kind):
        body = ports.formats.event(None, event)
        _publish(ports, queue, {event.id: _Telling(event, body, {"destination": destination})}, fresh=False)


def _device(ports: Ports, kind: EventKind, device: Device, at: int) -> None:
    def event() -> Event:
        return events.of_device(kind, device, at, group_paths.path_of(ports, device.tenant, device.group))

    _tell(ports, device.tenant, kind, event)


@dataclass(frozen=True, slots=True)
class _Telling:
    """An event as one queue is to get it, and why."""

    event: Event
    body: bytes
    why: Mapping[str, str]
    retain: bool = True


def _tell(ports: Ports, tenant: str, kind: EventKind, make: Callable[[], Event]) -> None:
    _tell_all(ports, tenant, kind, lambda: [make()])


def _tell_all(
    ports: Ports, tenant: str, kind: EventKind, make: Callable[[], Iterable[Event]], *, fresh: bool = False
) -> None:
    concerned = [p for p in ports.policies.known(tenant) if p.concerns(kind) and not (p.listens and _quiet.get())]
    if not concerned:
        return
    queues: dict[str, dict[str, _Telling]] = {}
    pushes: list[Push] = []
    heard: list[tuple[str, Event]] = []
    for event in make():
        for policy in concerned:
            if policy.accepts(event) and policy.listens:
                heard.append((policy.dialect, event))
            elif policy.accepts(event):
                pushes += _act(ports, policy, event, queues)
    for queue, tellings in queues.items():
        _publish(ports, queue, tellings, fresh=fresh)
    if pushes:
        ports.pushes.send(*pushes)
    for dialect, event in heard:
        ports.listeners.hear(dialect, event)


def _act(ports: Ports, policy: ActionPolicy, event: Event, queues: dict[str, dict[str, _Telling]]) -> list[Push]:
    """Adds to `queues` by queue and event, so that two policies tell a queue once; returns what webhooks get."""
    body = ports.formats.event(policy.dialect, event)
    for action in policy.queues:
        others = queues.setdefault(action.queue, {})
        retain = action.retain or (event.id in others and others[event.id].retain)
        others[event.id] = _Telling(event, body, {"policy": policy.id}, retain)
    return [
        Push(policy.tenant, policy.id, push.id, event.id, body)
        for push in policy.pushes
        if not policy.state(push.id).is_suspended
    ]


def _publish(ports: Ports, queue: str, tellings: Mapping[str, _Telling], *, fresh: bool) -> None:
    """One call for all that fits: what is too big, or has no queue, goes to the audit log."""
    for retain in (True, False):
        chosen = [t for t in tellings.values() if t.retain is retain]
        fitting = [t for t in chosen if len(t.body) <= MAX_PAYLOAD]
        for telling in chosen:
            if len(telling.body) > MAX_PAYLOAD:
                _complain(ports, queue, telling, f"its {len(telling.body)} bytes are more than {MAX_PAYLOAD}")
        if not fitting:
            continue
        arrivals = [Arrival(t.body, t.event.at, t.event.id, t.event.device) for t in fitting]
        tenant = fitting[0].event.tenant
        try:
            publishing.publish_all(ports, tenant, queue, arrivals, retain=retain, fresh=fresh)
        except QueueNotFound as error:
            _complain(ports, queue, fitting[0], str(error))


def _complain(ports: Ports, queue: str, telling: _Telling, reason: str) -> None:
    event = telling.event
    source = {"device": event.device} if event.device else {}
    audit.refuse(
        ports,
        event.tenant,
        at=event.at,
        event=event.id,
        reason=f"an event was not put into queue {queue}: {reason}",
        source={**source, **telling.why},
        content={"queue": queue},
        cause=Cause.QUEUE,
        way=None,
    )
