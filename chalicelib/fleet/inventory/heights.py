"""How many levels are below each object: kept beside it, so that a new link looks upward only.

Every link to a child that is higher raises what is above it in its own transaction. When a child goes, heights are
looked after behind it, where that takes few reads: one that stays too great refuses a level too early, and hides none.
"""

from chalicelib.fleet.errors import Circular, LimitReached
from chalicelib.fleet.inventory.managed_objects import ChildKind, ManagedObject
from chalicelib.fleet.ports import Ports

DEEPEST = 10
"""Levels of children below an object that has no parent."""
_MOST_ABOVE = 60
"""Objects above a new child, all of which its transaction looks at: it may have 100 items."""
_FEW = 100
"""Children of a kind."""


def raised(ports: Ports, parent: ManagedObject, child: ManagedObject) -> dict[str, tuple[ManagedObject, int]]:
    """The parent first and all above it, by their numbers, each as read and with the height that it is to have.

    Errors: Circular, LimitReached.
    """
    read = {parent.id: parent}
    heights = {parent.id: max(parent.height, child.height + 1)}
    waiting = [parent]
    while waiting:
        lower = waiting.pop()
        if child.id in read:
            raise Circular(f"object {child.id} would be below itself")
        for number in _parents(ports, lower):
            higher = read.get(number) or ports.objects.get(child.tenant, number)
            if higher is None:
                # It is leaving, and what is below it will not be for long.
                continue
            wanted = max(higher.height, heights[lower.id] + 1)
            if heights.get(number, -1) < wanted:
                read[number], heights[number] = higher, wanted
                waiting.append(higher)
        if len(read) > _MOST_ABOVE:
            raise LimitReached(f"there are at most {_MOST_ABOVE} objects above one")
    if max(heights.values()) > DEEPEST:
        raise LimitReached(f"there are at most {DEEPEST} levels of children")
    return {number: (found, heights[number]) for number, found in read.items()}


def lower(ports: Ports, tenant: str, number: str) -> None:
    """A child of that object has gone: it, and what is above it, may be less high."""
    waiting = [number]
    while waiting:
        found = ports.objects.get(tenant, waiting.pop())
        height = _height(ports, found) if found is not None and found.height else None
        if found is None or height is None or height >= found.height:
            continue
        # Somebody may have joined since its children were read: then it stays as it is.
        if ports.objects.lower(found, height):
            waiting.extend(_parents(ports, found))


def _height(ports: Ports, found: ManagedObject) -> int | None:
    """By its children; None where that are too many to look at."""
    height = 0
    for kind in ChildKind:
        page = ports.objects.children(found.tenant, found.id, kind, after=None, limit=_FEW)
        if page.cursor is not None:
            return None
        children = ports.objects.some(found.tenant, [link.child for link in page.items])
        height = max([height, *(child.height + 1 for child in children)])
    return height


def _parents(ports: Ports, found: ManagedObject) -> set[str]:
    return {p.parent for p in ports.objects.parents(found.tenant, found.id)} if found.parents else set()
