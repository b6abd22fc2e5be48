"""Devices of every dialect as managed objects, in tenants that have those.

Registering a device there makes its object in the same transaction. Devices that were there before are given theirs by
the sweep, page by page; which are left is seen by their own records, so that it may end and begin anywhere. Whether a
tenant has objects is known to each instance for a minute: the last devices without are found by a second look, after
SETTLED.
"""

from collections.abc import Callable
from dataclasses import replace

from chalicelib.fleet import ids
from chalicelib.fleet.compare_and_set import AGAIN, Again, insist
from chalicelib.fleet.documents import Record
from chalicelib.fleet.due import Matter
from chalicelib.fleet.errors import NumberTaken
from chalicelib.fleet.inventory import group_objects
from chalicelib.fleet.inventory.managed_objects import UNCONNECTED, ManagedObject
from chalicelib.fleet.inventory.records import ROOT_GROUP, Device
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.tenancy import settings

SETTLED = 2 * 60_000
"""After so long (ms) every instance knows that the tenant has objects: its cache, and clocks that differ."""
WITHIN = 5_000
"""Milliseconds that the request which enables objects works itself: all of a small tenant is done with it."""
_PAGE = 100
KIND = "inventory/numbering"
_NOBODYS = "!"
"""Under no tenant: what the operator began."""
Store = Callable[[Device, ManagedObject | None], object]


def enable(ports: Ports, tenant: str) -> None:
    """From now on every device is an object, those that are there included. Errors: TenantNotFound."""
    since = settings.want_objects(ports, tenant).objects
    body = {"since": since, "began": since, "after": None}
    if ports.records.create(Record(_NOBODYS, KIND, tenant, body, due=since)):
        _go_on(ports, tenant, ports.clock.now() + WITHIN)


def on_due(ports: Ports, matter: Matter, until: int) -> None:
    """Go on with a tenant whose devices are not all objects yet, until the clock shows `until` (ms)."""
    if matter.tenant == _NOBODYS:
        _go_on(ports, matter.id, until)


def _go_on(ports: Ports, tenant: str, until: int) -> None:
    record = ports.records.get(_NOBODYS, KIND, tenant)
    now = ports.clock.now()
    if record is None or now >= until:
        return
    since, began, after = record.body["since"], record.body["began"], record.body["after"]
    path = record.body.get("path")
    if after == "":
        # The first look is over, and the second one not due.
        if now < since + SETTLED:
            return
        began, after, path = now, None, None
    if path != "":
        # Groups come first, as devices are put into them.
        path = group_objects.number_all(ports, tenant, path, until) or ""
    if not path:
        after = number_all(ports, tenant, after, until)
    ended = not path and after is None
    if ended and began >= since + SETTLED:
        ports.records.delete(_NOBODYS, KIND, tenant)
        return
    # Two sweeps at once do the same twice, which changes nothing.
    body = {"since": since, "began": began, "after": "" if ended else after, "path": path}
    due = since + SETTLED if ended else now
    ports.records.replace(record, replace(record, body=body, due=due))


def registered(ports: Ports, device: Device, store: Store) -> Device:
    """The device as `store` stored it, with an object where the tenant has those and it is none yet."""
    if device.number is not None or ports.tenants.settings(device.tenant).objects is None:
        store(device, None)
        return device

    def stored() -> Device | Again:
        made = _object(ports, device)
        numbered = replace(device, number=made.id)
        try:
            # Two objects of one number at the same time: the other one takes another number.
            store(numbered, made)
        except NumberTaken:
            return AGAIN
        return numbered

    return insist(ports, "the number of an object", stored)


def number_all(ports: Ports, tenant: str, after: str | None, until: int) -> str | None:
    """Give every device behind `after` its object. Where the clock (ms) stops it, the device to go on after."""
    while True:
        page = ports.devices.page(tenant, after=after, limit=_PAGE)
        for device in page.items:
            if device.number is None:
                number(ports, tenant, device.id)
            if device.group != ROOT_GROUP:
                group_objects.place(ports, tenant, device.id, ROOT_GROUP)
            after = device.id
            if ports.clock.now() >= until:
                return after
        if page.cursor is None:
            return None


def number(ports: Ports, tenant: str, device_id: str) -> Device | None:
    """The device with its object, made now if it has none; None for one that is gone."""

    def numbered() -> Device | Again | None:
        device = ports.devices.get(tenant, device_id)
        if device is None or device.number is not None:
            return device
        made = _object(ports, device)
        new = replace(device, number=made.id)
        try:
            # Two runs of the same job, or a change of the device: one of them writes.
            return new if ports.devices.replace(device, new, known_as=made) else AGAIN
        except NumberTaken:
            return AGAIN

    return insist(ports, f"device {device_id}", numbered)


def _object(ports: Ports, device: Device) -> ManagedObject:
    now = ports.clock.now()
    origin = next((interface.dialect for interface in device.interfaces), UNCONNECTED)
    number = ids.number(now, ports.chance(2))
    return ManagedObject(device.tenant, number, now, now, device=device.id, origin=origin)
