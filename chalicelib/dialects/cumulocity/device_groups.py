"""Groups of devices, which other dialects see as groups of the fleet (reference, "Device groups").

Whatever has the fragment `c8y_IsDeviceGroup` is one; its child assets are what is in it.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress

from chalicelib.dialects.cumulocity import device_users
from chalicelib.dialects.cumulocity.objects import IS_GROUP
from chalicelib.fleet.access.callers import Caller, Kind
from chalicelib.fleet.errors import LimitReached, ObjectNotFound, TemporarilyUnavailable
from chalicelib.fleet.inventory import grouping, hierarchy, removing
from chalicelib.fleet.inventory.managed_objects import GROUP, ChildKind, ManagedObject
from chalicelib.fleet.ports import Ports

WITHIN = 20_000
"""Milliseconds that a request works on what is in a group."""
_PAGE = 100


def is_group(found: ManagedObject) -> bool:
    return IS_GROUP in found.fragments or found.origin == GROUP


def made(ports: Ports, several: Sequence[ManagedObject]) -> None:
    """Of objects that have been made."""
    for found in several:
        if is_group(found):
            grouping.settle(ports, found.tenant, found.id, is_group)


def registered(ports: Ports, by: Caller, several: Sequence[ManagedObject]) -> None:
    """Of what a device has made of itself: the first one is put where its registration has said."""
    device = next((found for found in several if found.device is not None), None)
    if by.kind is not Kind.DEVICE or by.name is None or device is None:
        return
    group = device_users.take_group(ports, by.tenant, by.name)
    if group is None:
        return
    # The group may be gone, or full: the device is there all the same.
    with suppress(ObjectNotFound, LimitReached):
        hierarchy.link(ports, by.tenant, group, device.id, ChildKind.ASSET)
        moved_by(ports, by.tenant, group, [device.id])


def changed(ports: Ports, before: ManagedObject, after: ManagedObject) -> None:
    """Of an object that somebody has changed. Errors: TemporarilyUnavailable."""
    was, is_one = is_group(before), is_group(after)
    if is_one and (not was or before.name != after.name):
        grouping.settle(ports, after.tenant, after.id, is_group)
    if was != is_one:
        until = ports.clock.now() + WITHIN
        if was:
            _dissolve(ports, after, until)
        moved(ports, after, _members(ports, after), until)
    if after.device is not None and before.device is None and after.parents:
        grouping.place(ports, after.tenant, after.id, is_group)


def moved(ports: Ports, parent: ManagedObject, children: Sequence[ManagedObject], until: int | None = None) -> None:
    """Of assets that have come to an object, or gone from it. Errors: TemporarilyUnavailable."""
    for child in children:
        if until is not None and ports.clock.now() >= until:
            raise TemporarilyUnavailable("there are more in the group: send the request again for the others")
        if is_group(child):
            grouping.settle(ports, parent.tenant, child.id, is_group)
        elif child.device is not None:
            grouping.place(ports, parent.tenant, child.id, is_group)


def moved_by(ports: Ports, tenant: str, parent: str, children: Sequence[str]) -> None:
    """As `moved`, by their numbers; only what is in a group costs more than a read."""
    over = ports.objects.get(tenant, parent)
    if over is not None and is_group(over):
        moved(ports, over, ports.objects.some(tenant, children))


def delete(ports: Ports, group: ManagedObject, cascade: frozenset[ChildKind]) -> ManagedObject:
    """The group goes with those below it, and where nothing else is to follow, all devices stay.

    Errors: ObjectNotFound, TemporarilyUnavailable (so much is in it: send the request again).
    """
    until = ports.clock.now() + WITHIN
    if not cascade:
        return _delete_alone(ports, group, until)
    return removing.delete(ports, group.tenant, group.id, cascade, data=True)


def _delete_alone(ports: Ports, group: ManagedObject, until: int) -> ManagedObject:
    below = [one for one in _members(ports, group) if is_group(one)]
    # One that stands in another group, too, goes on there.
    staying = [one for one in below if one.parents > 1]
    for child in below:
        if child not in staying:
            with suppress(ObjectNotFound):
                _delete_alone(ports, child, until)
    _dissolve(ports, group, until)
    gone = removing.delete(ports, group.tenant, group.id, data=True)
    # Somebody may have put a device into it meanwhile.
    _dissolve(ports, group, until)
    made(ports, staying)
    return gone


def _dissolve(ports: Ports, group: ManagedObject, until: int) -> None:
    """Errors: TemporarilyUnavailable."""
    if not grouping.dissolve(ports, group.tenant, group.id, until):
        raise TemporarilyUnavailable("there are more in the group: send the request again for the others")


def _members(ports: Ports, group: ManagedObject) -> list[ManagedObject]:
    return list(_walked(ports, group)) if group.height else []


def _walked(ports: Ports, group: ManagedObject) -> Iterator[ManagedObject]:
    after: str | None = None
    while True:
        page = ports.objects.children(group.tenant, group.id, ChildKind.ASSET, after=after, limit=_PAGE)
        yield from ports.objects.some(group.tenant, [link.child for link in page.items])
        after = page.cursor
        if after is None:
            return
