"""Objects that become devices: what was a record of the inventory connects, or is to be commanded."""

from collections.abc import Sequence
from dataclasses import replace

from chalicelib.fleet import ids
from chalicelib.fleet.errors import DeviceDuplicate
from chalicelib.fleet.inventory import devices, objects
from chalicelib.fleet.inventory.managed_objects import ManagedObject
from chalicelib.fleet.inventory.records import LONGEST_NAME, Device, Interface
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.claims import Claim
from chalicelib.fleet.tenancy.records import Way


def promote(
    ports: Ports,
    tenant: str,
    number: str,
    namespace: str,
    interfaces: Sequence[Interface] = (),
    *,
    way: Way = Way.HTTP,
    entering: Claim | None = None,
    entitled: bool = False,
    fresh: bool = False,
    seen: ManagedObject | None = None,
) -> Device:
    """The device that the object is, registered now if it was none; its id is made of namespace and number for ever.

    Another one who does the same at the same time gets the same device. Where it was a device before, `interfaces` are
    not looked at; it is `fresh` where nobody can have sent anything as the object yet. `seen` is how it was read.
    Errors: ObjectNotFound, InterfaceDuplicate, QuotaReached.
    """
    # First in the object: a device whose registration died on the way is registered by the next one who comes.
    to_be = lambda o: o if o.device else _to_be(o, namespace, fresh=fresh)  # noqa: E731
    _, found = objects.update(ports, tenant, number, to_be, seen=seen)
    device = objects.device_of(ports, found)
    if device is not None:
        return device
    now = ports.clock.now()
    device_id = found.device or ids.device_id(namespace, number)
    # What an object is called may be longer than a device's name.
    called = found.name if found.name and len(found.name) <= LONGEST_NAME else None
    made = Device(tenant, device_id, now, now, name=called, interfaces=tuple(interfaces), number=number)
    try:
        return devices.register(ports, made, way, entering, entitled=entitled)
    except DeviceDuplicate:
        return devices.get(ports, tenant, device_id)


def _to_be(found: ManagedObject, namespace: str, *, fresh: bool) -> ManagedObject:
    return replace(found, device=ids.device_id(namespace, found.id), promoted=not fresh)
