"""Topics of SmartREST and JSON over MQTT (guide "MQTT", "Implementation" and "Static templates").

The first level of those that devices publish on is the processing mode: `s` PERSISTENT, `t` TRANSIENT, `q` QUIESCENT,
`c` CEP. All filters are literal topics of the whole account: nobody hears what is published below them.
"""

from collections.abc import Mapping

from chalicelib.dialects.cumulocity.modes import Mode
from chalicelib.dialects.topics import Direction, Topic
from chalicelib.fleet.access.doors import Door
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.presence.records import Capability

DEVICE, BOOTSTRAP = "device", "bootstrap"

OPERATIONS, CUSTOM_DOWN, DEFAULT_DOWN = "s/ds", "s/dc", "s/dd"
JSON_OPERATIONS = "devicecontrol/notifications"
TEMPLATES, TOKENS, CREDENTIALS = "s/dt", "s/dat", "s/dcr"
ERRORS, JSON_ERRORS = "s/e", "error"
MODES: Mapping[str, Mode] = {"s": Mode.PERSISTENT, "t": Mode.TRANSIENT, "q": Mode.QUIESCENT, "c": Mode.CEP}

APIS = ("event", "alarm", "measurement", "inventory")
ROOTS = (*MODES, *APIS)
"""First levels that clients publish below."""

WILLS = True
"""A will is taken as what its device publishes (guide "MQTT", "Last will")."""

ANSWERS: tuple[str, ...] = ()
"""What a device says of an operation is among everything else that it says."""


def _up(filter_: str, handler: str, mode: str = DEVICE) -> Topic:
    return Topic(filter_, Direction.UP, mode, handler=handler)


def _operations(filter_: str) -> Topic:
    return Topic(filter_, Direction.DOWN, DEVICE, capability=Capability.COMMAND, named=True)


TOPICS = (
    _up("s/us/#", "static"),
    _up("s/uc/#", "custom"),
    _up("s/ud/#", "default"),
    _up("s/ut/+", "collection"),
    _up("s/uat", "token"),
    _up("s/ucr", "credentials", BOOTSTRAP),
    *(_up(f"{prefix}/#", "in_mode") for prefix in MODES if prefix != "s"),
    *(_up(f"{api}/#", "json") for api in APIS),
    _operations(OPERATIONS),
    _operations(f"{CUSTOM_DOWN}/+"),
    _operations(DEFAULT_DOWN),
    _operations(JSON_OPERATIONS),
    *(Topic(name, Direction.DOWN, DEVICE, named=True) for name in (TEMPLATES, TOKENS, ERRORS, JSON_ERRORS)),
    # SmartREST 1.0 is not served; clients that subscribe to all that there is go on with the rest.
    *(Topic(name, Direction.DOWN, DEVICE) for name in ("s/dl", "s/dl/#", "s/ol/#")),
    Topic(CREDENTIALS, Direction.DOWN, BOOTSTRAP),
    Topic(ERRORS, Direction.DOWN, BOOTSTRAP),
)

DOORS = {
    # Devices come with users of their own, which open this and nothing else.
    DEVICE: Door(frozenset({Role.DEVICE_ACCESS, Role.DEVICE_W})),
    BOOTSTRAP: Door(frozenset({Role.DEVICE_ACCESS})),
}
