"""What devices and applications publish (manual 5.2.3, 5.3.3 and 5.3.4), turned into calls of use cases."""

from collections.abc import Callable
from dataclasses import replace

from chalicelib.dialects.ibm import behind, inventory, management, publishing, topics
from chalicelib.dialects.ibm.identity import Name
from chalicelib.dialects.ibm.payload import Said
from chalicelib.dialects.registry import Malformed
from chalicelib.dialects.topics import Direction, Uplink, matches
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.errors import DeviceNotFound, LimitReached
from chalicelib.fleet.inventory.records import Device
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.claims import Claim

_NODE_LEVELS = 4


def receive(ports: Ports, claim: Claim, uplink: Uplink) -> Claim | None:
    """Dispatch by topic; who spoke, where a gateway did so for another. Malformed for what this client may not send."""
    for topic in topics.TOPICS:
        ours = topic.direction is Direction.UP and topic.mode == claim.mode
        if ours and topic.handler and matches(topic.filter, uplink.topic):
            return HANDLERS[topic.handler](ports, claim, uplink)
    raise Malformed(f"a {claim.mode} may not publish on topic {uplink.topic}")


def event(ports: Ports, claim: Claim, uplink: Uplink) -> None:
    """`iot-2/evt/{event}/fmt/{format}`: the connection says whose event it is."""
    device = ports.devices.get(claim.tenant, claim.device or "")
    if device is None:
        raise Malformed(f"device {claim.device} was deleted")
    _tell(publishing.event(ports, device, _said(uplink), claim.connector))


def event_of_device(ports: Ports, claim: Claim, uplink: Uplink) -> None:
    """`iot-2/type/{type}/id/{id}/evt/…`: an application speaks for a device."""
    _ensure_role(ports, claim, Role.DATA_W)
    name, device = _addressed(ports, claim, uplink)
    if device is None:
        publishing.relay_event(ports, claim.tenant, name, _said(uplink))
    else:
        _tell(publishing.event(ports, device, _said(uplink)))


def command(ports: Ports, claim: Claim, uplink: Uplink) -> None:
    """`iot-2/type/{type}/id/{id}/cmd/…`: an application commands a device."""
    _ensure_role(ports, claim, Role.DEVICE_W)
    name, device = _addressed(ports, claim, uplink)
    if device is None:
        publishing.relay_command(ports, claim.tenant, name, _said(uplink))
        return
    try:
        publishing.command(ports, device, _said(uplink))
    except LimitReached as error:
        raise Malformed(f"the command was dropped: {error}") from error


def event_of_node(ports: Ports, claim: Claim, uplink: Uplink) -> Claim | None:
    """`iot-2/type/{type}/id/{id}/evt/…`: a gateway speaks for itself or for a device behind it."""
    _, _, type_, _, id_, *_ = uplink.topic.split("/")
    device = behind.spoken_for(ports, claim, uplink, type_, id_)
    speaker = None if device.id == claim.device else behind.node(claim, device)
    _tell(publishing.event(ports, device, _said(uplink), claim.connector), speaker)
    return speaker


def management_of_node(ports: Ports, claim: Claim, uplink: Uplink) -> None:
    """`iotdevice-1/type/{type}/id/{id}/…`: device management of a gateway or of a device behind it."""
    _, kind, *rest = uplink.topic.split("/", 5)
    if kind != "type" or len(rest) != _NODE_LEVELS or rest[1] != "id":
        raise Malformed(f"a gateway may not publish on topic {uplink.topic}")
    type_, _, id_, operation = rest
    device = behind.spoken_for(ports, claim, uplink, type_, id_)
    management.act(ports, replace(claim, device=device.id), uplink, operation)


HANDLERS: dict[str, Callable[[Ports, Claim, Uplink], Claim | None]] = {
    "event": event,
    "event_of_node": event_of_node,
    "management_of_node": management_of_node,
    "management": management.receive,
    "event_of_device": event_of_device,
    "command": command,
}


def _tell(fault: str | None, speaker: Claim | None = None) -> None:
    """Errors: Malformed with the fault of a message that was taken all the same."""
    if fault is not None:
        raise Malformed(fault, speaker)


def _said(uplink: Uplink) -> Said:
    *_, name, _, format_ = uplink.topic.split("/")
    return Said(name, format_, uplink.payload, uplink.at, uplink.event)


def _addressed(ports: Ports, claim: Claim, uplink: Uplink) -> tuple[Name, Device | None]:
    """The name in the topic, and the device if it is registered. Malformed for what can be no name."""
    _, _, type_, _, id_, *_ = uplink.topic.split("/")
    try:
        name = inventory.addressed(type_, id_)
    except DeviceNotFound as error:
        raise Malformed(f"{type_[:64]}:{id_[:64]} is no name of a device") from error
    return name, ports.devices.get(claim.tenant, name.fleet_id)


def _ensure_role(ports: Ports, claim: Claim, role: Role) -> None:
    key = ports.keys.get(claim.tenant, claim.key) if claim.key is not None else None
    if key is None or role not in key.roles:
        raise Malformed(f"the API key lacks the role {role}")
