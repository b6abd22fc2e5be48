"""What is shown of a device besides its record: who is there, and what it reported last."""

from collections.abc import Mapping
from dataclasses import field, replace
from typing import Any

from chalicelib.dialects.live_objects import times
from chalicelib.dialects.live_objects.rest.shapes import interfaces as shapes
from chalicelib.dialects.live_objects.rest.shapes.configuration import rendered_reports
from chalicelib.dialects.live_objects.rest.shapes.resources import reported_versions
from chalicelib.fleet.configuration import document_fields
from chalicelib.fleet.data import messages
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.inventory.records import Device, Interface
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence import relaying
from chalicelib.fleet.presence.mailbox import Mailbox
from chalicelib.fleet.presence.records import MQTT

_LOOKED_AT = 20
"""Of so many of the newest messages the last place is taken."""


@dataclass(frozen=True, slots=True)
class Details:
    """`config` and `resources` as they are shown, `places` by connector."""

    mailbox: Mailbox | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    resources: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def interface(self, interface: Interface, device_id: str | None) -> dict[str, Any]:
        """`device_id` is left out where the interface is shown inside its device."""
        shown = shapes.render(interface, device_id, self.mailbox)
        if place := self.places.get(interface.connector):
            shown["locations"] = [place]
        if interface.connector == MQTT and self.resources:
            shown |= {"firmwares": self.resources, "resources": self.resources}
        return shown

    def device(self) -> dict[str, Any]:
        """The fields of a device that come from elsewhere."""
        shown = {"config": self.config, "resources": self.resources, "firmwares": self.resources}
        return {name: value for name, value in shown.items() if value}


def of_device(ports: Ports, device: Device) -> Details:
    """Without places, which would cost a read of messages."""
    configuration = ports.configurations.get(device.tenant, device.id)
    return replace(
        _present(ports, device), config=rendered_reports(document_fields.shown(configuration)) if configuration else {}
    )


def of_interfaces(ports: Ports, device: Device) -> Details:
    return replace(_present(ports, device), places=_places(ports, device))


def _present(ports: Ports, device: Device) -> Details:
    mailbox = relaying.seen(ports, ports.mailboxes.get(device.tenant, device.id))
    return Details(mailbox, resources=reported_versions(ports.resources.get(device.tenant, device.id)))


def _places(ports: Ports, device: Device) -> dict[str, Mapping[str, Any]]:
    """Where each connector's last message with a place was sent from."""
    found: dict[str, Mapping[str, Any]] = {}
    for message in messages.read(ports, device.tenant, device.data_stream, limit=_LOOKED_AT):
        connector = message.metadata.get("connector")
        if message.location and isinstance(connector, str) and message.metadata.get("source") == device.id:
            found.setdefault(connector, {"timestamp": times.render(message.timestamp), **message.location})
    return found
