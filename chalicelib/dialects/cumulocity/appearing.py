"""Devices that appear by connecting or by being spoken for (guide "MQTT", "Automatic device creation").

A device is the object with its serial as an external id, and is made where there is none yet. The first template that
describes it names it, whatever of the device arrives before that.
"""

from collections.abc import Iterable
from itertools import islice

from chalicelib.dialects.cumulocity import device_groups, device_users, naming, owners, reach
from chalicelib.dialects.cumulocity import objects as shapes
from chalicelib.fleet.access.callers import Caller
from chalicelib.fleet.errors import ExternalIdDuplicate, ExternalIdNotFound, FleetError, Forbidden
from chalicelib.fleet.inventory import finding, hierarchy, objects, promoting, removing
from chalicelib.fleet.inventory.finding import Chosen
from chalicelib.fleet.inventory.managed_objects import ChildKind, ManagedObject, ObjectFacet
from chalicelib.fleet.inventory.records import Interface
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence import nodes
from chalicelib.fleet.presence.claims import Claim
from chalicelib.fleet.presence.nodes import NodeStatus
from chalicelib.fleet.presence.records import MQTT, Capability
from chalicelib.fleet.tenancy.records import Way

DEVICE_TYPE, CHILD_TYPE, SERVICE_TYPE = "c8y_MQTTDevice", "c8y_MQTTChildDevice", "c8y_Service"
_REACHED = {Capability.COMMAND: True}
_MOST_ABOVE = 60


def device(ports: Ports, caller: Caller, serial: str) -> str:
    """The device that calls itself so, as the fleet names it.

    Errors: Forbidden (somebody else's, or one more of a user that has one), QuotaReached, InterfaceDuplicate.
    """
    found = named(ports, caller.tenant, serial)
    if found is not None:
        reach.ensure(ports, caller, found)
        # Also where it is a device already: whoever made it may have died before that was registered.
        return _promoted(ports, found, serial)
    if reach.bounded(caller) and device_users.device_of(caller.name or "") != serial and _owns(ports, caller):
        raise Forbidden("the user is that of another device")
    wanted = objects.Draft(
        name=default_name(serial),
        type=DEVICE_TYPE,
        owner=owners.of(caller),
        fragments={shapes.IS_DEVICE: {}, shapes.AGENT: {}},
        named=[(naming.SERIAL, serial)],
        indexed=shapes.INDEXED,
        undescribed=True,
        namespace=naming.NAMESPACE,
    )
    try:
        made = objects.create(ports, caller.tenant, wanted)
    except ExternalIdDuplicate:
        # Two first connections at once: one of them makes it.
        return device(ports, caller, serial)
    try:
        promoted = _promoted(ports, made, serial)
    except FleetError:
        removing.delete(ports, made.tenant, made.id)
        raise
    device_groups.registered(ports, caller, [made])
    return promoted


def default_name(serial: str) -> str:
    return f"MQTT Device {serial}"


def named(ports: Ports, tenant: str, serial: str) -> ManagedObject | None:
    try:
        return objects.named(ports, tenant, naming.SERIAL, serial)
    except ExternalIdNotFound:
        return None


def below(ports: Ports, parent: ManagedObject, found: ManagedObject) -> bool:
    """Whether an object is in the hierarchy of another one, or that itself."""
    above = islice(hierarchy.ancestors(ports, found), _MOST_ABOVE) if found.parents else ()
    return found.id == parent.id or any(one.id == parent.id for one in above)


def child(
    ports: Ports, agent: ManagedObject, parent: ManagedObject, serial: str, wanted: objects.Draft, kind: ChildKind
) -> tuple[ManagedObject, bool]:
    """What is called so below an agent, linked to `parent` if it is new or nobody's child yet; whether it was made now.

    Errors: Forbidden (it belongs to somebody else), LimitReached, Circular, QuotaReached.
    """
    found, made = named(ports, agent.tenant, serial), False
    if found is None:
        try:
            found, made = objects.create(ports, agent.tenant, wanted), True
        except ExternalIdDuplicate:
            # Two first messages at once: one of them makes it.
            return child(ports, agent, parent, serial, wanted, kind)
    if found.id == parent.id:
        return found, made
    # One that was made, and whose maker died before it was linked, is nobody's child.
    if not made and not below(ports, agent, found) and (found.parents or found.owner != agent.owner):
        raise Forbidden(f"{serial[:64]} belongs to another device")
    linked = ports.objects.link(agent.tenant, parent.id, kind, found.id) is not None
    if not linked:
        hierarchy.link(ports, agent.tenant, parent.id, found.id, kind)
    if kind is ChildKind.DEVICE and shapes.IS_DEVICE in found.fragments and (made or not linked or not found.device):
        promoting.promote(ports, found.tenant, found.id, naming.NAMESPACE, way=Way.MQTT, fresh=made)
        found = objects.get(ports, found.tenant, found.id)
        behind(ports, found, serial, agent)
    return found, made


def behind(ports: Ports, found: ManagedObject, serial: str, agent: ManagedObject) -> None:
    """Let what a device is to do go to its agent, where that speaks MQTT. Again changes nothing."""
    above = objects.device_of(ports, agent)
    node = next((i.node for i in _spoken(above.interfaces if above else ())), None)
    mailbox = ports.mailboxes.get(found.tenant, found.device) if found.device and node is not None else None
    if mailbox is None or node is None:
        return
    known = mailbox.presence.get(f"{MQTT}:{serial}")
    if known is not None and ((not known.relayed and known.online) or known.client == node):
        # It speaks for itself, or is reached this way already.
        return
    now = ports.clock.now()
    itself = Claim(serial, found.tenant, naming.DIALECT, "", None, now, found.device, MQTT)
    nodes.state(ports, itself, node, NodeStatus(online=True, at=now, able=_REACHED))


def _spoken(interfaces: Iterable[Interface]) -> Iterable[Interface]:
    return (i for i in interfaces if i.connector == MQTT and i.dialect == naming.DIALECT)


def _promoted(ports: Ports, found: ManagedObject, serial: str) -> str:
    now = ports.clock.now()
    way = [Interface(MQTT, serial, naming.DIALECT, now, now)]
    promoted = promoting.promote(ports, found.tenant, found.id, naming.NAMESPACE, way, way=Way.MQTT, seen=found)
    return promoted.id


def _owns(ports: Ports, caller: Caller) -> bool:
    """Whether a device's user has a device already."""
    chosen = (Chosen(ObjectFacet.OWNER, caller.name or ""),)
    page = finding.page(ports, caller.tenant, chosen, lambda one: one.owner == caller.name, after=None, limit=1)
    return bool(page.items)
