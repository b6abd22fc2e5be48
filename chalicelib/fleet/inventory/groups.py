"""Groups of devices: a tree whose root every tenant has.

A device carries the id of its group; the path follows from the tree, so that renaming or moving a group writes one
record however many devices are below it. Every change is a compare-and-set on the tree's revision: two moves at once
could otherwise make a circle, and two groups of one parent get the same name.
"""

from collections.abc import Callable
from dataclasses import replace

from chalicelib.fleet.compare_and_set import AGAIN, Again, change_record, insist
from chalicelib.fleet.errors import (
    Forbidden,
    GroupDuplicate,
    GroupInUse,
    GroupNotFound,
    Invalid,
    LimitReached,
)
from chalicelib.fleet.fields import Field
from chalicelib.fleet.inventory import group_objects
from chalicelib.fleet.inventory.records import MOST, ROOT_GROUP, ROOT_PATH, Group, GroupTree
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.tenancy import quotas
from chalicelib.fleet.tenancy.records import Stored

ID_LENGTH = 6
LONGEST_PATH = 255
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def create(ports: Ports, tenant: str, name: str, parent: str, description: str | None) -> Group:
    """Errors: GroupNotFound (the parent), GroupDuplicate, Invalid (path too long), LimitReached, QuotaReached."""
    now = ports.clock.now()

    number = group_objects.draw(ports, ports.groups.tree(tenant)) if group_objects.enabled(ports, tenant) else None

    def written() -> Group:
        return write(
            ports,
            tenant,
            lambda tree: Group(tenant, free_id(ports, tree), name, parent, now, now, description, number=number),
        )

    return written() if number is None else group_objects.changing(ports, tenant, None, number, written)


def update(ports: Ports, tenant: str, group: str, change: Callable[[Group], Group]) -> Group:
    """The group after `change` of its name, parent or description.

    Errors: GroupNotFound, GroupDuplicate, Invalid (path too long, or below itself), Forbidden (the root).
    """
    if group == ROOT_GROUP:
        raise Forbidden("the root group cannot be changed")
    now = ports.clock.now()

    def written() -> Group:
        return write(ports, tenant, lambda tree: replace(change(tree.get(group)), updated=now, closing=False))

    return (
        group_objects.changing(ports, tenant, group, None, written)
        if group_objects.enabled(ports, tenant)
        else written()
    )


def delete(ports: Ports, tenant: str, group: str) -> None:
    """Remove a group, and the object that it is. Errors: GroupNotFound, GroupInUse (it holds devices or groups)."""
    if not group_objects.enabled(ports, tenant):
        remove(ports, tenant, group)
        return
    present = ports.groups.tree(tenant).groups.get(group)
    number = present.number if present is not None else None
    group_objects.changing(ports, tenant, group, number, lambda: remove(ports, tenant, group))


def remove(ports: Ports, tenant: str, group: str) -> None:
    """Errors: GroupNotFound, GroupInUse (it holds devices or groups, or is the root)."""
    if group == ROOT_GROUP:
        raise GroupInUse("the root group cannot be deleted")
    _close(ports, tenant, group)

    def deleted() -> bool | Again:
        tree = ports.groups.tree(tenant)
        if group not in tree:
            return True
        if not _childless(tree, group).closing:
            # It was renamed or moved meanwhile, which opens it: devices may have come since.
            _close(ports, tenant, group)
            return AGAIN
        return ports.groups.remove(tree, group) or AGAIN

    insist(ports, "the tree of groups", deleted)


def _close(ports: Ports, tenant: str, group: str) -> None:
    """From here on nobody can put a device into it: what is empty now stays so. Errors: GroupInUse, GroupNotFound."""
    write(ports, tenant, lambda tree: replace(_childless(tree, group), closing=True))
    if ports.devices.grouped(tenant, group, after=None, limit=1):
        write(ports, tenant, lambda tree: replace(tree.get(group), closing=False))
        raise GroupInUse("the group cannot be deleted: it contains devices")


def assigned(ports: Ports, tenant: str, group: str | None, path: str | None) -> str:
    """The id of the group that is named by id, by path, or by both. Errors: GroupNotFound."""
    if (group or ROOT_GROUP) == ROOT_GROUP and (path or ROOT_PATH) == ROOT_PATH:
        return ROOT_GROUP
    tree = ports.groups.tree(tenant)
    found = group or tree.at(path or ROOT_PATH)
    if found is None or found not in tree:
        raise GroupNotFound(f"group {(group or path or '')[:128]} not found")
    if path and tree.at(path) != found:
        raise GroupNotFound(f"group {found} is not at {path[:128]}")
    return found


def write(ports: Ports, tenant: str, change: Callable[[GroupTree], Group]) -> Group:
    """The group that `change` makes of the tree, or changes in it. Errors: as of `update`, and what `change` raises."""
    made: list[Group] = []

    def changed(tree: GroupTree) -> GroupTree:
        made[:] = [change(tree)]
        _ensure_fits(tree, made[0])
        return replace(tree, groups={**tree.groups, made[0].id: made[0]})

    def put(tree: GroupTree, _changed: GroupTree) -> bool:
        # Two writers would each find the name free, or move two groups below one another: one of them comes first.
        return ports.groups.put(tree, made[0])

    change_record(ports, "the tree of groups", lambda: ports.groups.tree(tenant), put, changed)
    return made[0]


def _ensure_fits(present: GroupTree, group: Group) -> None:
    if group.parent not in present:
        raise GroupNotFound(f"group {group.parent[:64]} not found")
    below = present.within(group.id)
    if group.parent in below:
        raise Invalid("a group cannot be moved below itself", Field.PARENT)
    tree = replace(present, groups={**present.groups, group.id: group})
    if any(g.name == group.name and g.id != group.id for g in tree.children(group.parent)):
        raise GroupDuplicate(f"there is a group {tree.path(group.id)} already")
    if any(len(tree.path(one)) > LONGEST_PATH for one in below):
        raise Invalid(f"a path has at most {LONGEST_PATH} characters", Field.PATH)


def _childless(tree: GroupTree, group: str) -> Group:
    found = tree.get(group)
    if any(True for _ in tree.children(group)):
        raise GroupInUse("the group cannot be deleted: it contains groups")
    return found


def free_id(ports: Ports, tree: GroupTree) -> str:
    """For one group more. Errors: LimitReached, QuotaReached."""
    if len(tree.groups) >= MOST:
        raise LimitReached(f"there are {MOST} groups already")
    quotas.ensure_room(ports, tree.tenant, Stored.GROUPS, len(tree.groups))
    while True:
        made = "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in ports.chance(ID_LENGTH))
        if made not in tree:
            return made
