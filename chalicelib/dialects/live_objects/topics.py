"""The topics of manual 6.5.4 ("device" mode), 6.6.2 ("external connector" mode) and 3.6.2 ("application" mode)."""

from chalicelib.dialects.topics import Direction, Topic
from chalicelib.fleet.access.doors import Door
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.presence.records import Capability

DEVICE = "device"
CONNECTOR = "connector"
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
INFORMATION = "dev/info"
"""Where the C SDK tells what it is; the platform never had a use for it."""

NODE_STATUS = "connector/v1/nodes/+/status"
NODE_DATA = "connector/v1/nodes/+/data"
COMMAND_REQUEST = "connector/v1/requests/command"
COMMAND_ANSWER = "connector/v1/responses/command"
CONFIGURATION_REPORT = "connector/v1/current/configuration"
CONFIGURATION_REQUEST = "connector/v1/requests/configuration"
CONFIGURATION_ANSWER = "connector/v1/responses/configuration"
RESOURCE_REPORT = "connector/v1/current/resource"
RESOURCE_REQUEST = "connector/v1/requests/resource"
RESOURCE_ANSWER = "connector/v1/responses/resource"

FIFO = "fifo"

ROOTS = ("dev", "connector")
"""First levels that clients publish below."""

WILLS = False
"""Whether a client's will is published (6.5.2: the original ignores it, as it does RETAIN)."""

ANSWERS = (
    COMMAND_RESPONSE,
    RESOURCE_RESPONSE,
    RESOURCE_ERROR,
    COMMAND_ANSWER,
    CONFIGURATION_ANSWER,
    RESOURCE_ANSWER,
)
"""Where clients answer what was sent to them."""

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
    Topic(INFORMATION, Direction.UP, DEVICE, handler="information"),
    Topic(NODE_STATUS, Direction.UP, CONNECTOR, handler="node_status"),
    Topic(NODE_DATA, Direction.UP, CONNECTOR, handler="node_data"),
    Topic(COMMAND_REQUEST, Direction.DOWN, CONNECTOR, capability=Capability.COMMAND),
    Topic(COMMAND_ANSWER, Direction.UP, CONNECTOR, handler="command_answer"),
    Topic(CONFIGURATION_REPORT, Direction.UP, CONNECTOR, handler="configuration_report"),
    Topic(CONFIGURATION_REQUEST, Direction.DOWN, CONNECTOR, capability=Capability.CONFIGURATION),
    Topic(CONFIGURATION_ANSWER, Direction.UP, CONNECTOR, handler="configuration_answer"),
    Topic(RESOURCE_REPORT, Direction.UP, CONNECTOR, handler="resource_report"),
    Topic(RESOURCE_REQUEST, Direction.DOWN, CONNECTOR, capability=Capability.RESOURCE),
    Topic(RESOURCE_ANSWER, Direction.UP, CONNECTOR, handler="resource_answer"),
    Topic(f"{FIFO}/+", Direction.DOWN, APPLICATION, queues=True),
)

DOORS = {
    DEVICE: Door(frozenset({Role.DEVICE_ACCESS})),
    CONNECTOR: Door(frozenset({Role.CONNECTOR_ACCESS})),
    APPLICATION: Door(frozenset({Role.BUS_R}), queues=True),
}
