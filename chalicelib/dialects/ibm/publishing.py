"""Events and commands, whichever way they came in: kept or queued by the fleet, then told to the applications."""

from chalicelib.dialects.ibm import codec, forwarding, payload, topics
from chalicelib.dialects.ibm.identity import Name, name_of
from chalicelib.dialects.ibm.payload import Said
from chalicelib.dialects.topics import Downlink
from chalicelib.fleet.commands import creating
from chalicelib.fleet.commands.creating import Order
from chalicelib.fleet.commands.records import Command
from chalicelib.fleet.data import messages
from chalicelib.fleet.ids import repeatable_id
from chalicelib.fleet.inventory import group_paths
from chalicelib.fleet.inventory.records import Device
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.records import MQTT
from chalicelib.fleet.reading import reading


def event(ports: Ports, device: Device, said: Said, connector: str = MQTT) -> str | None:
    """An event of the device, published by itself or on its behalf; what was left out of it and why, if anything was.

    The same one again changes nothing. Errors: Invalid.
    """
    path = group_paths.path_of(ports, device.tenant, device.group)
    with reading("the event"):
        found = payload.specified(said.payload, said.format)
        message = payload.message(device, said, found, connector, path)
    messages.store(ports, message, device=device.id)
    name = name_of(device.id)
    if name is not None:
        relay_event(ports, device.tenant, name, said)
    return payload.doubt(said, found)


def relay_event(ports: Ports, tenant: str, name: Name, said: Said) -> None:
    """To the applications that listen; nothing is kept, and the device need not be registered."""
    topic = topics.device_event(name.type, name.id, said.name, said.format)
    forwarding.forward(ports, tenant, Downlink(topic, said.payload))


def relay_command(ports: Ports, tenant: str, name: Name, said: Said) -> None:
    """As `relay_event`, of a command."""
    topic = topics.device_command(name.type, name.id, said.name, said.format)
    forwarding.forward(ports, tenant, Downlink(topic, said.payload))


def command(ports: Ports, device: Device, said: Said) -> Command:
    """A command to the device. Errors: CommandLimitReached, DeviceNotFound."""
    wanted = repeatable_id(said.at, said.event)
    known = ports.commands.get(device.tenant, wanted)
    if known is not None:
        return known
    with reading("the command"):
        request = codec.request(said.name, said.format, said.payload)
    order = Order(None, request, codec.POLICY, id=wanted)
    made = creating.create(ports, device.tenant, device.id, order)
    name = name_of(device.id)
    if name is not None:
        relay_command(ports, device.tenant, name, said)
    return made
