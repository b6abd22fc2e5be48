"""The topics of manual 5.2.3, 5.2.4 and 5.3.3 to 5.3.8, and those of device management.

Topics of applications and gateways have eight slashes, one more than IoT Core takes: there only `mon` works, at the
edge all do.
"""

from collections.abc import Collection

from chalicelib.dialects.topics import Direction, Topic, overlap
from chalicelib.fleet.access.doors import Door
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.presence.records import Capability

DEVICE = "device"
GATEWAY = "gateway"
APPLICATION = "application"

EVENT = "iot-2/evt/+/fmt/+"
COMMAND = "iot-2/cmd/+/fmt/+"
DEVICE_EVENT = "iot-2/type/+/id/+/evt/+/fmt/+"
DEVICE_COMMAND = "iot-2/type/+/id/+/cmd/+/fmt/+"
DEVICE_STATUS = "iot-2/type/+/id/+/mon"
APPLICATION_STATUS = "iot-2/app/+/mon"
NOTIFICATION = "iot-2/type/+/id/+/notify"

ROOTS = ("iot-2", "iotdevice-1")
"""First levels that clients publish below."""

WILLS = True
"""Whether a client's will is published."""

ANSWERS = ("iotdevice-1/response", "iotdevice-1/type/+/id/+/response")
"""Where devices, and gateways for them, answer what device management asked of them."""

TOPICS = (
    Topic(EVENT, Direction.UP, DEVICE, handler="event"),
    Topic(COMMAND, Direction.DOWN, DEVICE, capability=Capability.COMMAND),
    Topic("iotdevice-1/#", Direction.UP, DEVICE, handler="management"),
    Topic("iotdm-1/#", Direction.DOWN, DEVICE),
    Topic(DEVICE_EVENT, Direction.UP, GATEWAY, handler="event_of_node"),
    Topic("iotdevice-1/#", Direction.UP, GATEWAY, handler="management_of_node"),
    Topic(DEVICE_COMMAND, Direction.DOWN, GATEWAY, capability=Capability.COMMAND),
    Topic(NOTIFICATION, Direction.DOWN, GATEWAY),
    Topic("iotdm-1/#", Direction.DOWN, GATEWAY),
    Topic(DEVICE_EVENT, Direction.UP, APPLICATION, handler="event_of_device"),
    Topic(DEVICE_COMMAND, Direction.UP, APPLICATION, handler="command"),
    Topic(DEVICE_EVENT, Direction.DOWN, APPLICATION, role=Role.DATA_R),
    Topic(DEVICE_COMMAND, Direction.DOWN, APPLICATION, role=Role.DEVICE_R),
    Topic(DEVICE_STATUS, Direction.DOWN, APPLICATION, role=Role.DEVICE_R),
    Topic(APPLICATION_STATUS, Direction.DOWN, APPLICATION, role=Role.DEVICE_R),
)

DOORS = {
    # They come with a token of their own, which opens this and nothing else.
    DEVICE: Door(frozenset({Role.DEVICE_ACCESS})),
    GATEWAY: Door(frozenset({Role.DEVICE_ACCESS})),
    # One of what an application may do there: hear, tell, look and command.
    APPLICATION: Door(frozenset({Role.DATA_R, Role.DATA_W, Role.DEVICE_R, Role.DEVICE_W})),
}


def is_audible(filter_: str, roles: Collection[Role]) -> bool:
    """Whether an application with these roles may be told all that such a subscription would bring."""
    heard = [
        t for t in TOPICS if t.direction is Direction.DOWN and t.mode == APPLICATION and overlap(t.filter, filter_)
    ]
    return all(topic.role in roles for topic in heard)


def command(name: str, format_: str) -> str:
    """What a device sees of a command."""
    return f"iot-2/cmd/{name}/fmt/{format_}"


def device_event(type_: str, id_: str, event: str, format_: str) -> str:
    """What an application sees of a device's event."""
    return f"iot-2/type/{type_}/id/{id_}/evt/{event}/fmt/{format_}"


def device_command(type_: str, id_: str, name: str, format_: str) -> str:
    """A command as applications publish it and see it."""
    return f"iot-2/type/{type_}/id/{id_}/cmd/{name}/fmt/{format_}"


def device_status(type_: str, id_: str) -> str:
    return f"iot-2/type/{type_}/id/{id_}/mon"


def application_status(application: str) -> str:
    return f"iot-2/app/{application}/mon"


def notification(type_: str, id_: str) -> str:
    """Where a gateway hears that something of what it said was not accepted."""
    return f"iot-2/type/{type_}/id/{id_}/notify"


def management(tail: str, type_: str, id_: str, *, through_gateway: bool) -> str:
    """What a device, or the gateway that speaks for it, gets of device management."""
    return f"iotdm-1/type/{type_}/id/{id_}/{tail}" if through_gateway else f"iotdm-1/{tail}"
