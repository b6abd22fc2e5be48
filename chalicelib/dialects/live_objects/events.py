"""Events as applications receive them on a FIFO or a webhook.

A data message is the stored document with a `type`. Of the other kinds the manual shows no example: they carry `type`,
`version`, `timestamp`, `tenantId` and `deviceId`, and name everything else as the REST API does.
"""

from typing import Any

from chalicelib.dialects.live_objects import times, topics
from chalicelib.fleet.commands.records import Command
from chalicelib.fleet.configuration.records import Configuration
from chalicelib.fleet.data.records import DataMessage
from chalicelib.fleet.events.events import DeviceStatus, Event, EventKind
from chalicelib.fleet.inventory.records import Device
from chalicelib.fleet.resources.updates import ResourceUpdate
from chalicelib.web import json_text

TYPES = {
    EventKind.DATA_MESSAGE: "dataMessage",
    EventKind.DEVICE_CREATED: "deviceCreated",
    EventKind.DEVICE_DELETED: "deviceDeleted",
    EventKind.DEVICE_STATUS: "deviceStatus",
    EventKind.COMMAND_STATUS: "commandStatus",
    EventKind.CONFIGURATION_STATUS: "configurationStatus",
    EventKind.RESOURCE_STATUS: "resourceStatus",
}
"""The names of events."""
NOTIFIED = frozenset({EventKind.CONFIGURATION_STATUS, EventKind.RESOURCE_STATUS})
"""Those without a trigger, which reach whom a request named in `notifyTo`."""
VERSION = 1
_TOLD = ("status", "deliveryStatus", "errorCode", "request", "response", "created", "updated")
"""What of a command is in an event: the rest of it the API tells."""


def render(event: Event) -> bytes:
    return json_text.render(_body(event)).encode()


def is_queue(kind: str) -> bool:
    return kind == topics.FIFO


def _body(event: Event) -> dict[str, Any]:
    subject = event.subject
    match subject:
        case DataMessage():
            return {"type": TYPES[event.kind], "version": VERSION, **_message(subject)}
        case Device():
            body = _device(subject, event.group)
        case DeviceStatus():
            body = _status(subject)
        case Command():
            body = _command(subject)
        case Configuration():
            body = _configuration(subject)
        case ResourceUpdate():
            body = _resource(subject)
    return {
        "type": TYPES[event.kind],
        "version": VERSION,
        "timestamp": times.render(event.at),
        "tenantId": event.tenant,
        "deviceId": event.device,
        **body,
    }


def _message(message: DataMessage) -> dict[str, Any]:
    # The REST side is imported where an event is written: most messages cause none.
    from chalicelib.dialects.live_objects.rest.shapes import data

    return data.render(message)


def _device(device: Device, group: str) -> dict[str, Any]:
    return {
        "name": device.name,
        "tags": list(device.tags),
        "group": {"id": device.group, "path": group},
        "interfaces": [{"connector": i.connector, "nodeId": i.node} for i in device.interfaces],
    }


def _status(status: DeviceStatus) -> dict[str, Any]:
    return {
        "connector": status.connector,
        "nodeId": status.node,
        "status": "ONLINE" if status.online else "OFFLINE",
    }


def _command(command: Command) -> dict[str, Any]:
    from chalicelib.dialects.live_objects.rest.shapes import commands

    shown = commands.render(command)
    return {"commandId": command.id, **{name: shown[name] for name in _TOLD if name in shown}}


def _configuration(configuration: Configuration) -> dict[str, Any]:
    from chalicelib.dialects.live_objects.rest.shapes.configuration import rendered_parameters

    return {"parameters": rendered_parameters(configuration)}


def _resource(update: ResourceUpdate) -> dict[str, Any]:
    from chalicelib.dialects.live_objects.rest.shapes.resources import render_update

    return render_update(update)
