"""What happens in a fleet and may be told to others: data, devices that come, go and connect, commands that proceed."""

from dataclasses import field
from enum import StrEnum
from typing import Any

from chalicelib.fleet.commands.records import Command
from chalicelib.fleet.configuration.records import Configuration
from chalicelib.fleet.data.alarm_records import Alarm
from chalicelib.fleet.data.records import DataMessage
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.ids import repeatable_id
from chalicelib.fleet.inventory.managed_objects import ManagedObject
from chalicelib.fleet.inventory.records import Device
from chalicelib.fleet.resources.updates import DeviceResources, ResourceUpdate


class EventKind(StrEnum):
    DATA_MESSAGE = "data"
    DEVICE_CREATED = "device created"
    DEVICE_CHANGED = "device changed"
    DEVICE_DELETED = "device deleted"
    DEVICE_STATUS = "device status"
    COMMAND_STATUS = "command status"
    CONFIGURATION_STATUS = "configuration status"
    RESOURCE_STATUS = "resource status"
    OBJECT_CREATED = "object created"
    OBJECT_CHANGED = "object changed"
    OBJECT_DELETED = "object deleted"
    ALARM_RAISED = "alarm raised"
    ALARM_REPEATED = "alarm repeated"
    ALARM_CHANGED = "alarm changed"
    ALARM_CLEARED = "alarm cleared"


@dataclass(frozen=True, slots=True)
class DeviceStatus:
    """An interface of a device came or went."""

    device: str
    connector: str
    node: str
    online: bool


@dataclass(frozen=True, slots=True)
class Event:
    """`id` is the same however often the event is told. The fields below `at` are what policies select by."""

    kind: EventKind
    tenant: str
    id: str
    subject: DataMessage | Device | DeviceStatus | Command | Configuration | ResourceUpdate | ManagedObject | Alarm
    at: int
    device: str | None = None
    connectors: frozenset[str] = frozenset()
    group: str = "/"
    tags: frozenset[str] = frozenset()
    status: str | None = None
    details: dict[str, Any] = field(default_factory=dict)


def of_message(message: DataMessage) -> Event:
    source, connector = message.metadata.get("source"), message.metadata.get("connector")
    group = message.metadata.get("group") or {}
    return Event(
        EventKind.DATA_MESSAGE,
        message.tenant,
        message.id,
        message,
        message.created,
        device=source,
        connectors=frozenset({connector} if connector else ()),
        group=group.get("path", "/"),
        tags=frozenset(message.tags),
    )


def of_object(kind: EventKind, found: ManagedObject, at: int) -> Event:
    """Its `device` is what its messages name it by."""
    seed = f"{kind}{found.id}{found.revision}{found.lineage}{at}"
    return Event(kind, found.tenant, repeatable_id(at, seed), found, at, device=found.source)


def of_alarm(kind: EventKind, alarm: Alarm) -> Event:
    """It stands as it stands: the same event however often it is made of that."""
    seed = f"{kind}{alarm.id}{alarm.count}{alarm.revision}{alarm.status}"
    return Event(
        kind,
        alarm.tenant,
        repeatable_id(alarm.updated, seed),
        alarm,
        alarm.updated,
        device=alarm.source,
        status=str(alarm.status),
        details={"severity": str(alarm.severity), "type": alarm.type},
    )


def of_device(kind: EventKind, device: Device, at: int, group: str) -> Event:
    """A device was created, changed or deleted; `group` is the path of its group."""
    which = f"{device.created}" if kind is not EventKind.DEVICE_CHANGED else f"{device.created} {device.revision}"
    return Event(
        kind,
        device.tenant,
        repeatable_id(at, f"{kind}{device.id}{which}"),
        device,
        at,
        device=device.id,
        connectors=frozenset(i.connector for i in device.interfaces),
        group=group,
        tags=frozenset(device.tags),
    )


def of_status(tenant: str, status: DeviceStatus, session: str, at: int, group: str) -> Event:
    """`session` is the connection that began or ended."""
    kind = EventKind.DEVICE_STATUS
    return Event(
        kind,
        tenant,
        repeatable_id(at, f"{kind}{status.device}{session}{status.online}"),
        status,
        at,
        device=status.device,
        connectors=frozenset({status.connector}),
        group=group,
        status="online" if status.online else "offline",
    )


def of_command(command: Command) -> Event:
    """The command stands where it stands: the same event however often and however much later it is made."""
    kind = EventKind.COMMAND_STATUS
    at, seed = command.since, f"{kind}{command.id}{command.status}{command.generation}"
    if command.begun is not None and not command.final:
        at, seed = command.begun, f"{seed} begun"
    return Event(
        kind,
        command.tenant,
        repeatable_id(at, seed),
        command,
        at,
        device=command.device,
        connectors=frozenset({command.connector} if command.connector else ()),
        status=str(command.status),
    )


def of_configuration(configuration: Configuration, at: int) -> Event:
    """How its parameters stand since `at`: the same event however often it is made of one revision."""
    kind = EventKind.CONFIGURATION_STATUS
    seed = f"{kind}{configuration.device}{configuration.revision}"
    return Event(
        kind,
        configuration.tenant,
        repeatable_id(at, seed),
        configuration,
        at,
        device=configuration.device,
    )


def of_resource(found: DeviceResources, update: ResourceUpdate) -> Event:
    """The update of a resource stands where it has not stood before."""
    kind = EventKind.RESOURCE_STATUS
    return Event(
        kind,
        found.tenant,
        repeatable_id(update.updated, f"{kind}{update.id}{update.status}{found.revision}"),
        update,
        update.updated,
        device=found.device,
        status=str(update.status),
    )
