"""Groups of the fleet as managed objects, in tenants that have those: what becomes of a group becomes of its object.

The tree, and the group of a device, are written first, the objects after them. What is to follow is noted before
anything is written, and the sweep makes up for whoever dies on the way. Objects that are changed first are followed by
the fleet in the same manner (`grouping`): either side ends only when it has seen both the same, so that of two changes
at the same time the one that writes last has the last word.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar

from chalicelib.fleet import ids
from chalicelib.fleet.compare_and_set import AGAIN, Again, insist
from chalicelib.fleet.documents import Record
from chalicelib.fleet.due import Matter
from chalicelib.fleet.errors import Circular, LimitReached, ObjectNotFound
from chalicelib.fleet.events import routing
from chalicelib.fleet.events.events import EventKind
from chalicelib.fleet.inventory import hierarchy, leaving, objects
from chalicelib.fleet.inventory.managed_objects import GROUP, ChildKind, Leaving, ManagedObject
from chalicelib.fleet.inventory.records import ROOT_GROUP, Device, Group, GroupTree
from chalicelib.fleet.ports import Ports

LONGEST = 64
"""Characters of a group's name; an object may be called by more."""
KIND = "inventory/groups"
GRACE = 60_000
"""How long (ms) whoever changes something has for what follows, before the sweep does it as well."""
T = TypeVar("T")


def enabled(ports: Ports, tenant: str) -> bool:
    """Whether the groups of a tenant are objects."""
    return ports.tenants.settings(tenant).objects is not None


def changing(ports: Ports, tenant: str, group: str | None, number: str | None, write: Callable[[], T]) -> T:
    """What `write` gives, which changes the tree, when the object has followed; known by its group or its number."""
    note = _note(ports, tenant, {"group": group, "number": number})
    written = write()
    follow(ports, tenant, group, number)
    ports.records.delete(tenant, KIND, note.id)
    return written


def moving(ports: Ports, device: Device, was: str) -> Record:
    """A note that a device is about to leave the group `was` for another; `moved` is to follow."""
    return _note(ports, device.tenant, {"device": device.id, "was": was})


def moved(ports: Ports, note: Record) -> None:
    """Let the object of a device be where the device is now."""
    place(ports, note.tenant, note.body["device"], note.body["was"])
    ports.records.delete(note.tenant, KIND, note.id)


def on_due(ports: Ports, matter: Matter) -> None:
    """Make up for somebody who has not come to what was to follow; again changes nothing."""
    note = ports.records.get(matter.tenant, KIND, matter.id)
    if note is None:
        return
    if "device" in note.body:
        moved(ports, note)
        return
    follow(ports, note.tenant, note.body["group"], note.body["number"])
    ports.records.delete(note.tenant, KIND, note.id)


def draw(ports: Ports, tree: GroupTree) -> str:
    """A number for one object more, which nothing has yet."""
    while True:
        number = ids.number(ports.clock.now(), ports.chance(2))
        if tree.numbered(number) is None and ports.objects.get(tree.tenant, number) is None:
            return number


def number_all(ports: Ports, tenant: str, after: str | None, until: int) -> str | None:
    """Give every group behind the path `after` its object; where the clock (ms) stops it, the path to go on after."""
    tree = ports.groups.tree(tenant)
    # A path comes before all that is below it.
    for path, group in sorted((tree.path(group), group) for group in tree.groups):
        if after is None or path > after:
            follow(ports, tenant, group, None)
            if ports.clock.now() >= until:
                return path
    return None


def follow(ports: Ports, tenant: str, group: str | None, number: str | None) -> None:
    """Let the object of a group be called and stand as the group does; where that is gone, it goes.

    Without room for a link the object stands at the root.
    """

    def followed() -> bool | Again:
        tree = ports.groups.tree(tenant)
        found = tree.groups.get(group) if group else tree.numbered(number or "")
        if found is not None:
            return _followed(ports, tree, found)
        if group and number and tree.numbered(number) is None:
            _remove(ports, tenant, number)
        return True

    insist(ports, f"the object of group {group or number}", followed)


def place(ports: Ports, tenant: str, device_id: str, was: str) -> None:
    """Let the object of a device be an asset of its group, and of the group `was` no more.

    At the root it is in no group at all. Without room for a link it stays in none.
    """

    def placed() -> bool | Again:
        device = ports.devices.get(tenant, device_id)
        found = objects.of_device(ports, device) if device is not None else None
        if device is None or found is None:
            return True
        tree = ports.groups.tree(tenant)
        above = _above(ports, tree, found)
        if device.group == ROOT_GROUP:
            return _stands(ports, found, set(above), None)
        wanted = _number(tree, device.group)
        # A group that has no object yet gets it with its devices.
        if wanted is None:
            return True
        left = {_number(tree, was)} & set(above) if was != device.group else set()
        return _stands(ports, found, left, None if wanted in above else wanted)

    insist(ports, f"the object of device {device_id}", placed)


def name_for(found: ManagedObject) -> str:
    """What the group of an object is called, if no other one beside it is."""
    return (found.name or found.id).replace("/", "_").strip()[:LONGEST] or found.id


def is_called(name: str, called: str) -> bool:
    """Whether that is the name, or what became of it where another group had it."""
    rest = name.removeprefix(called)
    return name.startswith(called) and (not rest or (rest.startswith(" (") and rest[2:-1].isdigit()))


def _followed(ports: Ports, tree: GroupTree, group: Group) -> bool | Again:
    if group.number is None:
        # Two runs of the same job, or whoever changes the tree: one of them writes.
        ports.groups.put(tree, replace(group, number=draw(ports, tree)))
        return AGAIN
    found = ports.objects.get(tree.tenant, group.number)
    if found is None:
        return _made(ports, tree, group, group.number)
    if not is_called(group.name, name_for(found)):
        with suppress(ObjectNotFound):
            objects.update(ports, tree.tenant, found.id, lambda one: replace(one, name=group.name))
        return AGAIN
    above, wanted = _above(ports, tree, found), _number(tree, group.parent)
    if above[:1] == ([wanted] if wanted is not None else []):
        return True
    # Whoever moves a group in the tree has it there alone.
    return _stands(ports, found, set(above) - {wanted}, None if wanted in above else wanted)


def _made(ports: Ports, tree: GroupTree, group: Group, number: str) -> bool | Again:
    now = ports.clock.now()
    made = ManagedObject(tree.tenant, number, now, now, name=group.name, origin=GROUP)
    if ports.objects.create(made, []):
        routing.object_changed(ports, EventKind.OBJECT_CREATED, made)
        return AGAIN
    if ports.objects.leaving(tree.tenant, number) is not None:
        # Somebody deletes it, and its group will go.
        return True
    other = ports.objects.get(tree.tenant, number)
    if other is not None and other.origin != GROUP:
        # Made since the number was drawn, in the same millisecond.
        ports.groups.put(tree, replace(group, number=draw(ports, tree)))
    return AGAIN


def _stands(ports: Ports, found: ManagedObject, left: set[str | None], joined: str | None) -> bool | Again:
    """True where there is nothing to do, or no room for it."""
    if not any(left) and joined is None:
        return True
    for parent in left:
        with suppress(ObjectNotFound):
            hierarchy.unlink(ports, found.tenant, parent or "", found.id, ChildKind.ASSET)
    if joined is not None:
        try:
            hierarchy.link(ports, found.tenant, joined, found.id, ChildKind.ASSET)
        except (LimitReached, Circular, ObjectNotFound):
            return True
    # Somebody may have moved it since it was read where it is.
    return AGAIN


def _remove(ports: Ports, tenant: str, number: str) -> None:
    with suppress(ObjectNotFound):
        leaving.hide(ports, Leaving(tenant, number, data=True))


def _above(ports: Ports, tree: GroupTree, found: ManagedObject) -> list[str | None]:
    """Numbers of the groups that an object is an asset of, in order of joining."""
    if not found.parents:
        return []
    links = ports.objects.parents(found.tenant, found.id)
    return [one.parent for one in links if one.kind is ChildKind.ASSET and tree.numbered(one.parent) is not None]


def _number(tree: GroupTree, group: str) -> str | None:
    return tree.groups[group].number if group in tree.groups else None


def _note(ports: Ports, tenant: str, body: dict[str, str | None]) -> Record:
    note = Record(tenant, KIND, ports.chance(16).hex(), body, due=ports.clock.now() + GRACE)
    ports.records.create(note)
    return note
