"""Telling events: to the queues and webhooks of action policies, and to the queue that a request named itself.

A tenant's policies may be a minute old here, so that an event which nobody asked for costs neither a write nor a read.
What the tenant got wrong (a queue that is gone, a message that is too big) goes to the audit log; anything else fails
the caller, which is tried again.
"""

from collections.abc import Callable

from chalicelib.fleet import audit, events, groups, queueing
from chalicelib.fleet.commands import Command
from chalicelib.fleet.configuration import Configuration
from chalicelib.fleet.devices import Device
from chalicelib.fleet.errors import QueueNotFound, TooLarge
from chalicelib.fleet.events import DeviceStatus, Event, EventKind
from chalicelib.fleet.messages import DataMessage
from chalicelib.fleet.policies import ActionPolicy
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.pushing import Push


def message(ports: Ports, message: DataMessage) -> None:
    _tell(ports, message.tenant, EventKind.DATA_MESSAGE, lambda: events.of_message(message))


def created(ports: Ports, device: Device) -> None:
    _device(ports, EventKind.DEVICE_CREATED, device, device.created)


def deleted(ports: Ports, device: Device) -> None:
    _device(ports, EventKind.DEVICE_DELETED, device, ports.clock.now())


def status(ports: Ports, tenant: str, status: DeviceStatus, session: str, at: int) -> None:
    def event() -> Event:
        device = ports.devices.get(tenant, status.device)
        path = groups.path_of(ports, tenant, device.group) if device else groups.ROOT_PATH
        return events.of_status(tenant, status, session, at, path)

    _tell(ports, tenant, EventKind.DEVICE_STATUS, event)


def command(ports: Ports, command: Command) -> None:
    """A command stands where it has not stood before."""
    kind = EventKind.COMMAND_STATUS
    _tell(ports, command.tenant, kind, lambda: events.of_command(command))
    if command.notify_to:
        notify(ports, events.of_command(command), command.notify_to)


def configuration(ports: Ports, before: Configuration, after: Configuration) -> None:
    """The status of parameters changed: told to the queue that the request named."""
    statuses = {key: p.status for key, p in after.parameters.items()}
    if after.notify_to and statuses != {key: p.status for key, p in before.parameters.items()}:
        # The revision that was written over tells the same change from the next one.
        event = events.of_configuration(after, ports.clock.now(), str(before.revision))
        notify(ports, event, after.notify_to)


def notify(ports: Ports, event: Event, destination: str) -> None:
    """Tell a queue that a request named: `kind/name`, of which the name counts."""
    kind, _, queue = destination.partition("/")
    if queue and ports.formats.is_queue(kind):
        _publish(ports, event, queue, ports.formats.event(None, event), {"notifyTo": destination})


def _device(ports: Ports, kind: EventKind, device: Device, at: int) -> None:
    def event() -> Event:
        return events.of_device(kind, device, at, groups.path_of(ports, device.tenant, device.group))

    _tell(ports, device.tenant, kind, event)


def _tell(ports: Ports, tenant: str, kind: EventKind, make: Callable[[], Event]) -> None:
    concerned = [p for p in ports.policies.known(tenant) if p.concerns(kind)]
    if not concerned:
        return
    event = make()
    for policy in concerned:
        if policy.accepts(event):
            _act(ports, policy, event)


def _act(ports: Ports, policy: ActionPolicy, event: Event) -> None:
    body = ports.formats.event(policy.dialect, event)
    for action in policy.queues:
        _publish(ports, event, action.queue, body, {"actionPolicyId": policy.id}, retain=action.retain)
    for push in policy.pushes:
        ports.pushes.send(Push(policy.tenant, policy.id, push.id, event.id, body))


def _publish(ports: Ports, event: Event, queue: str, body: bytes, why: dict[str, str], *, retain: bool = True) -> None:
    try:
        queueing.publish(ports, event.tenant, queue, body, at=event.at, event=event.id, retain=retain)
    except (QueueNotFound, TooLarge) as error:
        source = {"deviceId": event.device} if event.device else {}
        audit.refuse(
            ports,
            event.tenant,
            at=event.at,
            event=event.id,
            reason=f"an event was not put into queue {queue}: {error}",
            source={**source, **why},
            content={"queue": queue},
            category="notification",
            subcategory="fifo",
        )
