"""What happens to devices of other dialects, told to the applications of IBM as if they were devices of IBM.

That an organization has such applications stands among its action policies, which whoever tells an event knows anyway:
where there are none, no message costs a read or a write more.
"""

import re
from dataclasses import replace

from chalicelib.dialects.ibm import applications, codec, forwarding, monitoring, payload, topics
from chalicelib.dialects.ibm.applications import Application
from chalicelib.dialects.ibm.identity import DIALECT, name_of
from chalicelib.dialects.topics import Downlink, overlap
from chalicelib.fleet.commands.records import Command, Status
from chalicelib.fleet.data.records import DataMessage
from chalicelib.fleet.events import listening
from chalicelib.fleet.events.events import DeviceStatus, Event, EventKind
from chalicelib.fleet.inventory.records import Device
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.records import interface_key

POLICY = "ibm.applications"
_HEARD = {
    EventKind.DATA_MESSAGE: topics.DEVICE_EVENT,
    EventKind.DEVICE_STATUS: topics.DEVICE_STATUS,
    EventKind.COMMAND_STATUS: topics.DEVICE_COMMAND,
}
_NO_LEVEL = re.compile(r"[/+#\x00]")


def settle(ports: Ports, tenant: str) -> None:
    """Let the policy say what the organization's applications listen to by now.

    Called after an application was written.
    """
    listening.settle(ports, tenant, DIALECT, POLICY, lambda: _kinds(applications.present(ports, tenant)))


def hear(ports: Ports, event: Event) -> None:
    """Forward it, unless this dialect has done so by itself. The same event again is forwarded again."""
    match event.subject:
        case DataMessage():
            _said(ports, event.subject)
        case DeviceStatus():
            _moved(ports, event, event.subject)
        case Command():
            _commanded(ports, event.subject)


def _kinds(found: list[Application]) -> set[EventKind]:
    filters = {name for application in found for name in application.rings}
    return {kind for kind, topic in _HEARD.items() if any(overlap(topic, name) for name in filters)}


def _said(ports: Ports, message: DataMessage) -> None:
    source = message.metadata.get("source")
    name = name_of(source) if isinstance(source, str) else None
    if name is None or payload.is_own(message):
        return
    format_, body = payload.payload_of(message)
    event = _NO_LEVEL.sub("_", payload.event_of(message)) or message.kind
    forwarding.forward(ports, message.tenant, Downlink(topics.device_event(name.type, name.id, event, format_), body))


def _moved(ports: Ports, event: Event, status: DeviceStatus) -> None:
    device = ports.devices.get(event.tenant, status.device)
    interface = device.interface(status.connector, status.node) if device else None
    if device is None or interface is None or interface.dialect == DIALECT:
        return
    told = _status(ports, device, status, event.at)
    if told is not None:
        forwarding.forward(ports, event.tenant, told)


def _status(ports: Ports, device: Device, status: DeviceStatus, at: int) -> Downlink | None:
    mailbox = ports.mailboxes.get(device.tenant, device.id)
    presence = mailbox.presence.get(interface_key(status.connector, status.node)) if mailbox else None
    connection = monitoring.connection(device, presence)
    if status.online:
        return monitoring.connected(replace(connection, since=at), at)
    return monitoring.disconnected(connection, at, monitoring.NORMAL)


def _commanded(ports: Ports, command: Command) -> None:
    """A command that came through another dialect, when it is new."""
    name = name_of(command.device)
    if name is None or command.status is not Status.PENDING or command.generation or codec.is_own(command):
        return
    level, format_, body = codec.published(command)
    topic = topics.device_command(name.type, name.id, level, format_)
    forwarding.forward(ports, command.tenant, Downlink(topic, body))
