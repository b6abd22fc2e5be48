"""Who listens to what happens, by channels of a kind and one object or all (reference, "Real-time notifications").

That a tenant has somebody who listens stands among its policies, which whoever tells an event knows anyway: where there
is nobody, nothing costs a read or a write more.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from chalicelib.dialects.cumulocity import doorbell
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.events import listening
from chalicelib.fleet.events.events import EventKind
from chalicelib.fleet.ids import is_number
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.queues import subscriptions

DIALECT = "cumulocity"
SESSIONS = "cumulocity.realtime"
"""What the sessions' buffers are kept under."""
POLICY = "cumulocity.realtime"
ALL = "*"
ALARMS, ALARMS_BELOW, EVENTS = "alarms", "alarmsWithChildren", "events"
MEASUREMENTS, OPERATIONS, OBJECTS = "measurements", "operations", "managedobjects"
_ALARM_KINDS = frozenset(
    {EventKind.ALARM_RAISED, EventKind.ALARM_REPEATED, EventKind.ALARM_CHANGED, EventKind.ALARM_CLEARED}
)
KINDS: Mapping[str, frozenset[EventKind]] = {
    ALARMS: _ALARM_KINDS,
    ALARMS_BELOW: _ALARM_KINDS,
    EVENTS: frozenset({EventKind.DATA_MESSAGE}),
    MEASUREMENTS: frozenset({EventKind.DATA_MESSAGE}),
    OPERATIONS: frozenset({EventKind.COMMAND_STATUS}),
    OBJECTS: frozenset({EventKind.OBJECT_CREATED, EventKind.OBJECT_CHANGED, EventKind.OBJECT_DELETED}),
}
"""What the first part of a channel's name stands for."""
_ROLES = {OPERATIONS: Role.DEVICE_R, OBJECTS: Role.DEVICE_R}


def channel(name: str) -> tuple[str, str]:
    """Kind and object of a channel, `*` for all. Errors: Invalid."""
    kind, slash, which = name.partition("/")
    if kind not in KINDS or not slash or not (which == ALL or is_number(which)):
        raise Invalid(f"a channel is one of {', '.join(KINDS)}, and the id of an object or *: {name[:64]}", "channel")
    return kind, which


def role(kind: str) -> Role:
    """What it takes to listen."""
    return _ROLES.get(kind, Role.DATA_R)


def settle(ports: Ports, tenant: str) -> None:
    """Let the policy say what is listened to by now. Called after a session was written."""
    listening.settle(ports, tenant, DIALECT, POLICY, lambda: _wanted(ports, tenant))


def listened(ports: Ports, tenant: str, kind: str) -> bool:
    """Whether anybody may be listening to that kind of channel; costs nothing where it is known that nobody is."""
    held = (policy for policy in ports.policies.known(tenant) if policy.id == POLICY)
    return any(KINDS[kind] & policy.triggers.keys() for policy in held)


def live(ports: Ports, tenant: str) -> frozenset[str]:
    """All channels that somebody has, as known a moment ago."""
    now = ports.clock.now()
    every = (one.channels for one in subscriptions.every(ports, tenant, SESSIONS) if one.ends > now)
    return frozenset().union(*every)


def told(ports: Ports, tenant: str, channels: Iterable[str], action: str, data: Any) -> list[str]:
    """Which sessions were told on one of these channels."""
    names = frozenset(channels)

    def message(name: str) -> Mapping[str, Any]:
        return {"channel": f"/{name}", "data": {"realtimeAction": action, "data": data}}

    reached = subscriptions.tell(ports, tenant, SESSIONS, names.__contains__, message)
    for session in dict.fromkeys(reached):
        doorbell.ring(ports, session)
    return reached


def _wanted(ports: Ports, tenant: str) -> set[EventKind]:
    now = ports.clock.now()
    every = [one for one in subscriptions.every(ports, tenant, SESSIONS, fresh=True) if one.ends > now]
    named = {channel(name)[0] for one in every for name in one.channels}
    woken = {EventKind.COMMAND_STATUS} if doorbell.waits_for_operations(ports, tenant) else set()
    return woken | {event for kind in named for event in KINDS[kind]}
