"""Who is whose child: devices, assets and additions of an object, several parents for each, and never a circle.

A child's `lineage` changes with each parent that it gains or loses, and a link is written only where the lineage of
everything above it is as it was read: of links that would close a circle together, the last one fails and looks again.
How many levels there are below each is kept by `heights`.
"""

from collections.abc import Iterable, Iterator

from chalicelib.fleet import ids
from chalicelib.fleet.compare_and_set import AGAIN, Again, insist
from chalicelib.fleet.errors import LimitReached, ObjectNotFound
from chalicelib.fleet.events import routing
from chalicelib.fleet.events.events import EventKind
from chalicelib.fleet.inventory import heights, objects
from chalicelib.fleet.inventory.managed_objects import ChildKind, Link, ManagedObject
from chalicelib.fleet.ports import Page, Ports

MOST_PARENTS = 10
MOST_CHILDREN = 10_000
"""Of one kind."""
_PAGE = 100


def link(ports: Ports, tenant: str, parent: str, child: str, kind: ChildKind) -> bool:
    """Make an object the child of another; False where it is that already.

    Errors: ObjectNotFound, Circular, LimitReached (parents, children, levels), Contended.
    """

    def linked() -> bool | Again:
        # The child first: what joins it afterwards changes what its transaction looks at.
        below = objects.get(ports, tenant, child)
        over = objects.get(ports, tenant, parent)
        if ports.objects.link(tenant, parent, kind, child) is not None:
            return False
        if below.parents >= MOST_PARENTS:
            raise LimitReached(f"an object has at most {MOST_PARENTS} parents")
        if ports.objects.count_children(tenant, parent, kind, MOST_CHILDREN) >= MOST_CHILDREN:
            raise LimitReached(f"an object has at most {MOST_CHILDREN} children of a kind")
        above = heights.raised(ports, over, below)
        order = ids.sortable(ids.number(ports.clock.now(), ports.chance(2)))
        # Others may join above or below at the same time, which would make circles, or too many levels, unseen.
        if not ports.objects.join(Link(tenant, parent, kind, child, order), below, above):
            return AGAIN
        routing.object_changed(ports, EventKind.OBJECT_CHANGED, over)
        return True

    return insist(ports, f"the hierarchy around object {child}", linked)


def unlink(ports: Ports, tenant: str, parent: str, child: str, kind: ChildKind) -> bool:
    """Take a child away; both stay. False where it is none. Errors: ObjectNotFound (the parent)."""
    over = objects.get(ports, tenant, parent)

    def parted() -> bool | Again:
        found = ports.objects.link(tenant, parent, kind, child)
        if found is None:
            return False
        # Parted twice at once it has one parent less, not two.
        if not ports.objects.part(found, ports.objects.get(tenant, child)):
            return AGAIN
        heights.lower(ports, tenant, parent)
        routing.object_changed(ports, EventKind.OBJECT_CHANGED, over)
        return True

    return insist(ports, f"the hierarchy around object {child}", parted)


def children(
    ports: Ports, tenant: str, parent: str, kind: ChildKind, *, after: str | None = None, limit: int = _PAGE
) -> Page[ManagedObject]:
    """In order of joining; a page may be short although there is a cursor. Errors: ObjectNotFound."""
    objects.get(ports, tenant, parent)
    page = ports.objects.children(tenant, parent, kind, after=after, limit=limit)
    return Page(ports.objects.some(tenant, [found.child for found in page.items]), page.cursor)


def child(ports: Ports, tenant: str, parent: str, number: str, kind: ChildKind) -> ManagedObject | None:
    """The object with that number, if it is such a child. Errors: ObjectNotFound (the parent)."""
    objects.get(ports, tenant, parent)
    found = ports.objects.link(tenant, parent, kind, number)
    return ports.objects.get(tenant, number) if found else None


def parents(ports: Ports, tenant: str, number: str, kind: ChildKind | None = None) -> list[ManagedObject]:
    """Whose child it is, of that kind or of any, in order of joining. Errors: ObjectNotFound."""
    if not objects.get(ports, tenant, number).parents:
        return []
    found = [p.parent for p in ports.objects.parents(tenant, number) if kind in (None, p.kind)]
    return ports.objects.some(tenant, list(dict.fromkeys(found)))


def ancestors(ports: Ports, found: ManagedObject, kind: ChildKind | None = None) -> Iterator[ManagedObject]:
    """What is above it, nearest first, each once; read level by level as it is asked for."""
    seen, level = {found.id}, [found]
    while level:
        numbers = [p.parent for one in level if one.parents for p in _up(ports, one, kind)]
        fresh = [number for number in dict.fromkeys(numbers) if number not in seen]
        seen.update(fresh)
        level = ports.objects.some(found.tenant, fresh)
        yield from level


def descendants(
    ports: Ports, tenant: str, number: str, kinds: Iterable[ChildKind] = tuple(ChildKind)
) -> Iterator[ManagedObject]:
    """What is below it, each once, level by level as it is asked for."""
    seen, waiting = {number}, [number]
    for parent in waiting:
        for kind in kinds:
            after: str | None = None
            while True:
                page = ports.objects.children(tenant, parent, kind, after=after, limit=_PAGE)
                fresh = [p.child for p in page.items if p.child not in seen]
                seen.update(fresh)
                for found in ports.objects.some(tenant, fresh):
                    yield found
                    if found.height:
                        waiting.append(found.id)
                if page.cursor is None:
                    break
                after = page.cursor


def _up(ports: Ports, found: ManagedObject, kind: ChildKind | None) -> list[Link]:
    return [p for p in ports.objects.parents(found.tenant, found.id) if kind in (None, p.kind)]


def ensure_child(ports: Ports, tenant: str, parent: str, number: str, kind: ChildKind) -> ManagedObject:
    """As `child`. Errors: ObjectNotFound, also where it is none."""
    found = child(ports, tenant, parent, number, kind)
    if found is None:
        raise ObjectNotFound(f"object {number[:64]} is no child {kind} of {parent[:64]}")
    return found
