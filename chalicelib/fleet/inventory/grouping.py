"""Managed objects that are groups of devices, as groups of the fleet.

Which objects are groups is for their dialect to say. Each stands for a group of the same name below that of the first
group that it is an asset of; a device is in the first group that it is an asset of, and in others by the hierarchy
alone. All of it follows from the hierarchy: what is written is looked at once more afterwards, so that of two changes
at the same time the one that writes last has seen both, and what died on the way is made up for by the next change.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from chalicelib.fleet.compare_and_set import AGAIN, Again, insist
from chalicelib.fleet.errors import (
    DeviceNotFound,
    GroupInUse,
    GroupNotFound,
    Invalid,
    LimitReached,
    ObjectNotFound,
)
from chalicelib.fleet.inventory import devices, group_objects, groups, hierarchy, objects
from chalicelib.fleet.inventory.managed_objects import ChildKind, Link, ManagedObject
from chalicelib.fleet.inventory.records import ROOT_GROUP, Group, GroupTree
from chalicelib.fleet.ports import Ports

_PAGE = 100
Grouped = Callable[[ManagedObject], bool]
"""Whether an object is a group of devices."""


def settle(ports: Ports, tenant: str, number: str, grouped: Grouped) -> None:
    """Let the fleet's group of an object, made now if there is none, be called and stand as the object does.

    What there is no room for, and what would be below itself where somebody else has moved groups, stays as it is.
    """

    def settled() -> bool | Again:
        tree = ports.groups.tree(tenant)
        wanted = _wanted(ports, tree, number, grouped)
        if wanted is None or wanted == tree.numbered(number):
            return True

        def changed(present: GroupTree) -> Group:
            found = _wanted(ports, present, number, grouped)
            if found is None:
                raise GroupNotFound(f"object {number} is no group any more")
            return found

        groups.write(ports, tenant, changed)
        # Somebody may have linked it elsewhere since its parents were read.
        return AGAIN

    with suppress(LimitReached, Invalid, GroupNotFound):
        insist(ports, f"the group of object {number}", settled)


def place(ports: Ports, tenant: str, number: str, grouped: Grouped) -> None:
    """Let the device that an object is be in the group that it is an asset of.

    One that somebody has put into a group that is no object stays there.
    """

    def placed() -> bool | Again:
        found = ports.objects.get(tenant, number)
        device = objects.device_of(ports, found) if found is not None else None
        if found is None or device is None:
            return True
        tree = ports.groups.tree(tenant)
        wanted = _group_of(tree, device.group, _above(ports, found, grouped))
        if wanted == device.group:
            return True
        with suppress(DeviceNotFound, GroupNotFound):
            devices.update(ports, tenant, device.id, lambda one: replace(one, group=wanted), followed=False)
        # It may have been taken away from there, or the group have gone, since that was read.
        return AGAIN

    insist(ports, f"the group of object {number}", placed)


def dissolve(ports: Ports, tenant: str, number: str, until: int) -> bool:
    """Let no device be in the fleet's group of an object, and remove it; False where the clock (ms) stopped it.

    Devices go to the next group that they are an asset of. The object itself is gone, or is a group no more.
    """
    group = ports.groups.tree(tenant).numbered(number)
    while group is not None:
        if ports.clock.now() >= until:
            return False
        for device_id in ports.devices.grouped(tenant, group.id, after=None, limit=_PAGE):
            _move_out(ports, tenant, device_id, group)
            if ports.clock.now() >= until:
                return False
        try:
            groups.remove(ports, tenant, group.id)
        except GroupNotFound:
            return True
        except GroupInUse:
            # A device has come meanwhile, or groups that somebody else has put below it.
            tree = ports.groups.tree(tenant)
            for below in tree.children(group.id):
                _lift(ports, tenant, below, group)
        else:
            return True
    return True


def _move_out(ports: Ports, tenant: str, device_id: str, group: Group) -> None:
    device = ports.devices.get(tenant, device_id)
    found = objects.of_device(ports, device) if device is not None else None
    tree = ports.groups.tree(tenant)
    numbers = [link.parent for link in _links(ports, found)] if found is not None else []
    others = [one.id for n in numbers if n != group.number and (one := tree.numbered(n)) is not None]
    wanted = others[0] if others else ROOT_GROUP
    with suppress(DeviceNotFound, GroupNotFound):
        devices.update(
            ports,
            tenant,
            device_id,
            lambda one: replace(one, group=wanted) if one.group == group.id else one,
            followed=False,
        )


def _lift(ports: Ports, tenant: str, below: Group, group: Group) -> None:
    """Put a group, which would go with the one above, in that one's place."""

    def lifted(tree: GroupTree) -> Group:
        present = tree.get(below.id)
        name = _free(tree, group.parent, present.name, present.id)
        return replace(present, parent=group.parent, name=name, updated=ports.clock.now())

    with suppress(GroupNotFound):
        groups.write(ports, tenant, lifted)


def _wanted(ports: Ports, tree: GroupTree, number: str, grouped: Grouped) -> Group | None:
    """The group as it is to be; None for an object that is gone, or is none. Errors: LimitReached."""
    found = ports.objects.get(tree.tenant, number)
    if found is None or not grouped(found):
        return None
    present = tree.numbered(number)
    above = [one.id for n in _above(ports, found, grouped) if (one := tree.numbered(n)) is not None]
    parent = above[0] if above else ROOT_GROUP
    now = ports.clock.now()
    called = group_objects.name_for(found)
    if present is None:
        made = groups.free_id(ports, tree)
        return Group(tree.tenant, made, _free(tree, parent, called, made), parent, now, now, number=number)
    if present.parent == parent and group_objects.is_called(present.name, called):
        return present
    name = _free(tree, parent, called, present.id)
    return replace(present, parent=parent, name=name, updated=now)


def _free(tree: GroupTree, parent: str, name: str, group: str) -> str:
    """The name, with a number behind it where another group beside has it: objects may be called the same."""
    taken = {one.name for one in tree.children(parent) if one.id != group}
    if name not in taken:
        return name
    return next(made for n in range(2, len(taken) + 3) if (made := f"{name} ({n})") not in taken)


def _group_of(tree: GroupTree, present: str, numbers: Sequence[str]) -> str:
    """Where a device is to be that is in the group `present`, and an asset of these objects."""
    wanted = [one.id for number in numbers if (one := tree.numbered(number)) is not None and not one.closing]
    if present in wanted:
        return present
    known = tree.groups.get(present)
    if known is not None and known.number is None:
        return present
    return wanted[0] if wanted else ROOT_GROUP


def _above(ports: Ports, found: ManagedObject, grouped: Grouped) -> list[str]:
    """Numbers of the groups that an object is an asset of, in order of joining."""
    try:
        every = hierarchy.parents(ports, found.tenant, found.id, ChildKind.ASSET)
    except ObjectNotFound:
        return []
    return [one.id for one in every if grouped(one)]


def _links(ports: Ports, found: ManagedObject) -> list[Link]:
    return [link for link in ports.objects.parents(found.tenant, found.id) if link.kind is ChildKind.ASSET]
