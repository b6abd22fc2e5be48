"""The topics of a device that comes over MQTT 5: `v1/device/{id}/…` (MQTT Basics, MQTT Events, Subscribe Topics).

Older devices are told their commands on `…/commands`. They listen to `…/update`, too, on which nothing comes.
"""

from chalicelib.dialects.topics import Direction, Topic
from chalicelib.fleet.access.doors import Door
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.presence.records import Capability

DEVICE = "device"
ROOT, OWN = "v1/device/+", 2
COMMAND, COMMANDS, CHILDRENS = "command", "commands", "command/children"
CONFIG, LICENSE = "config", "license"
SPACE_INFO, INCIDENTS, FIRMWARE = "space_info", "incidents", "firmware"
TELEMETRY = "telemetry"
UPDATE = "update"
"""Below a topic of the platform's, where its device answers."""

ROOTS = ("v1",)
"""First levels that clients publish below."""

WILLS = True
"""Whether a client's will is published."""

ANSWERS = tuple(f"{ROOT}/{name}/{UPDATE}" for name in (COMMAND, COMMANDS, CONFIG, LICENSE))
"""Where devices answer what they were told."""


def _down(name: str, capability: Capability | None = None, *, named: bool = False) -> Topic:
    return Topic(f"{ROOT}/{name}", Direction.DOWN, DEVICE, capability=capability, named=named, own=OWN)


def _up(name: str, handler: str) -> Topic:
    return Topic(f"{ROOT}/{name}", Direction.UP, DEVICE, handler=handler, own=OWN)


TOPICS = (
    _up(TELEMETRY, "telemetry"),
    _up(f"{COMMAND}/{UPDATE}", "command"),
    _up(f"{COMMANDS}/{UPDATE}", "command"),
    _up(f"{CONFIG}/{UPDATE}", "configuration"),
    _up(f"{LICENSE}/{UPDATE}", "licence"),
    _down(COMMAND, Capability.COMMAND, named=True),
    _down(COMMANDS, Capability.COMMAND, named=True),
    _down(CHILDRENS),
    _down(CONFIG, Capability.CONFIGURATION),
    _down(LICENSE, Capability.DOCUMENT),
    _down(SPACE_INFO),
    _down(INCIDENTS),
    _down(FIRMWARE),
    _down(UPDATE),
)

DOORS = {DEVICE: Door(frozenset({Role.DEVICE_ACCESS}))}
"""They come with a key of their own, which opens this and nothing else."""


def of(device: str, name: str) -> str:
    """A topic of that device."""
    return f"v1/device/{device}/{name}"


def parsed(topic: str) -> tuple[str, str] | None:
    """The device that a topic names, and the rest; None for one of another form."""
    levels = topic.split("/", OWN + 1)
    return (levels[OWN], levels[OWN + 1]) if len(levels) > OWN + 1 and levels[:OWN] == ["v1", "device"] else None
