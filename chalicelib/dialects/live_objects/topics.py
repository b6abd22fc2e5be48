"""The topics of manual 6.5.4 ("device" mode) and 3.6.2 ("application" mode)."""

from chalicelib.dialects.topics import Direction, Topic
from chalicelib.fleet.presence import Capability

DEVICE = "device"
APPLICATION = "application"

DATA = "dev/data"
BINARY = "dev/v1/data/binary"
CONFIGURATION = "dev/cfg"
CONFIGURATION_UPDATE = "dev/cfg/upd"
COMMAND = "dev/cmd"
COMMAND_RESPONSE = "dev/cmd/res"
RESOURCE = "dev/rsc"
RESOURCE_UPDATE = "dev/rsc/upd"
RESOURCE_RESPONSE = "dev/rsc/upd/res"
RESOURCE_ERROR = "dev/rsc/upd/err"

FIFO = "fifo"

ROOTS = ("dev",)
"""First levels that clients publish below."""

TOPICS = (
    Topic(DATA, Direction.UP, DEVICE, handler="data"),
    Topic(BINARY, Direction.UP, DEVICE, handler="binary"),
    Topic(f"{BINARY}/+", Direction.UP, DEVICE, handler="binary"),
    Topic(COMMAND, Direction.DOWN, DEVICE, capability=Capability.COMMAND),
    Topic(COMMAND_RESPONSE, Direction.UP, DEVICE, handler="command_response"),
    Topic(CONFIGURATION, Direction.UP, DEVICE, handler="configuration"),
    Topic(CONFIGURATION_UPDATE, Direction.DOWN, DEVICE, capability=Capability.CONFIGURATION),
    Topic(RESOURCE, Direction.UP, DEVICE, handler="resources"),
    Topic(RESOURCE_UPDATE, Direction.DOWN, DEVICE, capability=Capability.RESOURCE),
    Topic(RESOURCE_RESPONSE, Direction.UP, DEVICE, handler="resource_response"),
    Topic(RESOURCE_ERROR, Direction.UP, DEVICE, handler="resource_error"),
    Topic(f"{FIFO}/+", Direction.DOWN, APPLICATION, queues=True),
)
