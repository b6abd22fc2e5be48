"""What happens while a device is connected, told on the topics that it listens to (Subscribe Topics).

That a tenant has devices which listen stands among its action policies, which whoever tells an event knows anyway:
where there are none, no event costs a read or a write more. Commands of the device itself, its configuration and
licences need none of this: the fleet sends them.
"""

from collections.abc import Callable
from typing import Any

from chalicelib.dialects.xyte import cards, codec, doing, identities, incidents, orders, topics
from chalicelib.dialects.xyte.identities import Identity, device_id
from chalicelib.dialects.xyte.orders import Shown
from chalicelib.dialects.xyte.topics import CHILDRENS, COMMAND, INCIDENTS, UPDATE
from chalicelib.fleet.commands.records import Command, Status
from chalicelib.fleet.data import open_alarms
from chalicelib.fleet.data.alarm_records import Alarm
from chalicelib.fleet.events import listening
from chalicelib.fleet.events.events import Event, EventKind
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.records import MQTT, Route, interface_key

DIALECT, POLICY = "xyte", "xyte.devices"
TIMEOUT = 5
"""How long (s) a message is waited for; what is not acknowledged then comes at the next subscription."""
KINDS = {
    INCIDENTS: {EventKind.ALARM_RAISED, EventKind.ALARM_CHANGED, EventKind.ALARM_CLEARED},
    CHILDRENS: {EventKind.COMMAND_STATUS},
}
"""Which events concern those who listen to a topic."""


def subscribed(ports: Ports, tenant: str, names: set[str]) -> None:
    """A device of the tenant listens to these from now on."""
    wanted = {kind for name in names for kind in KINDS.get(name, ())}
    if wanted:
        # What another device asked for before goes on being asked for.
        listening.settle(ports, tenant, DIALECT, POLICY, lambda: wanted | _asked(ports, tenant))


def _asked(ports: Ports, tenant: str) -> set[EventKind]:
    held = next((policy for policy in ports.policies.all(tenant) if policy.id == POLICY), None)
    return {EventKind(kind) for kind in held.triggers} if held is not None else set()


def hear(ports: Ports, event: Event) -> None:
    """The same event again is told again."""
    match event.subject:
        case Alarm():
            _alarmed(ports, event.subject)
        case Command():
            _commanded(ports, event.subject)


def tell(ports: Ports, tenant: str, uuid: str, name: str, body: Callable[[], Any], response: str = "") -> bool:
    """Whether the device is there for it, as its tenant's, and listens to that topic of its own."""
    mailbox = ports.mailboxes.get(tenant, device_id(uuid))
    presence = mailbox.presence.get(interface_key(MQTT, uuid)) if mailbox is not None else None
    if presence is None or not presence.session or topics.of(uuid, name) not in (ports.delivery.filters(uuid) or ()):
        return False
    route = Route(DIALECT, uuid, MQTT, uuid, presence.session)
    message = codec.telling(uuid, name, body(), response)
    ports.delivery.message(route, message.topic, message.payload, TIMEOUT, response=message.response)
    return True


def opened(ports: Ports, tenant: str, uuid: str) -> list[dict[str, Any]]:
    """The incidents of a device that are open."""
    return [incidents.view(alarm, uuid) for alarm in open_alarms.of_source(ports, tenant, device_id(uuid))]


def heads(ports: Ports, tenant: str, uuids: tuple[str, ...]) -> list[dict[str, Any]]:
    """The commands that are next of these children, which the tenant has; telling a parent of one delivers none."""
    found = ((uuid, doing.waiting(ports, tenant, device_id(uuid))) for uuid in uuids)
    return [codec.order(command, uuid) for uuid, command in found if command is not None]


def reported(ports: Ports, tenant: str, child: Identity, said: Shown) -> None:
    """A child has said what became of a command: its parent is told the one that is next then."""
    if child.parent is not None and said in orders.FINAL:
        _next(ports, tenant, child.parent, child.id)


def answered(parent: str) -> str:
    """Where a parent says what became of the commands of its children."""
    return f"{topics.of(parent, COMMAND)}/{UPDATE}"


def _alarmed(ports: Ports, alarm: Alarm) -> None:
    uuid = identities.uuid_of(alarm.source)
    if uuid is not None:
        tell(ports, alarm.tenant, uuid, INCIDENTS, lambda: opened(ports, alarm.tenant, uuid))


def _commanded(ports: Ports, command: Command) -> None:
    """A command of a child is new, and its parent speaks for it."""
    uuid = identities.uuid_of(command.device)
    if uuid is None or command.status is not Status.PENDING or command.generation:
        return
    device = ports.devices.get(command.tenant, command.device)
    parent = cards.read(device).get("parent") if device is not None else None
    if parent is not None:
        _next(ports, command.tenant, parent, uuid)


def _next(ports: Ports, tenant: str, parent: str, child: str) -> None:
    waiting = heads(ports, tenant, (child,))
    if waiting:
        tell(ports, tenant, parent, CHILDRENS, lambda: waiting, answered(parent))
