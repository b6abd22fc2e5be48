"""What a device may see and change: the objects that it owns, and all below them (reference, "Device credentials").

People and keys reach whatever their roles open; for them nothing here costs a read. A route of the inventory is for
`devices` only where its handler asks here for each object that the request names, and for each that it answers with.
"""

from collections.abc import Iterator
from itertools import islice

from chalicelib.fleet.access.callers import Caller, Kind
from chalicelib.fleet.errors import Forbidden, Invalid
from chalicelib.fleet.inventory import finding, hierarchy, objects
from chalicelib.fleet.inventory.finding import Chosen
from chalicelib.fleet.inventory.managed_objects import ManagedObject, ObjectFacet
from chalicelib.fleet.ports import Ports

MOST = 5_000
"""Objects that a list for a device looks at."""
_MOST_ABOVE = 60
"""Objects above one that are asked whose they are."""
_PAGE = 100


def bounded(caller: Caller) -> bool:
    """Whether the caller reaches a part of the inventory only."""
    return caller.kind is Kind.DEVICE


def has(ports: Ports, caller: Caller, found: ManagedObject) -> bool:
    """Whether the caller may see and change that object."""
    if not bounded(caller):
        return True
    if caller.name is None or caller.tenant != found.tenant:
        return False
    above = islice(hierarchy.ancestors(ports, found), _MOST_ABOVE) if found.parents else ()
    return found.owner == caller.name or any(one.owner == caller.name for one in above)


def ensure(ports: Ports, caller: Caller, found: ManagedObject) -> ManagedObject:
    """Errors: Forbidden."""
    if not has(ports, caller, found):
        raise Forbidden(f"object {found.id} belongs to somebody else")
    return found


def get(ports: Ports, caller: Caller, number: str) -> ManagedObject:
    """The object with that number. Errors: ObjectNotFound, Forbidden."""
    return ensure(ports, caller, objects.get(ports, caller.tenant, number))


def ensure_number(ports: Ports, caller: Caller, number: str) -> None:
    """As `get`, where it is read later on: costs a read for devices alone. Errors: ObjectNotFound, Forbidden."""
    if bounded(caller):
        get(ports, caller, number)


def some(ports: Ports, caller: Caller, found: list[ManagedObject]) -> list[ManagedObject]:
    """Those of them that the caller reaches."""
    return [one for one in found if has(ports, caller, one)]


def every(ports: Ports, caller: Caller, most: int = MOST) -> list[ManagedObject]:
    """All that a device reaches, in order of their numbers. Errors: Invalid (too many)."""
    known: dict[str, ManagedObject] = {}
    for found in _owned(ports, caller):
        for one in (found, *(hierarchy.descendants(ports, caller.tenant, found.id) if found.height else ())):
            known[one.id] = one
            if len(known) > most:
                raise Invalid(f"there are more than {most} objects: ask for one by source or id", "source")
    return sorted(known.values(), key=lambda one: int(one.id))


def _owned(ports: Ports, caller: Caller) -> Iterator[ManagedObject]:
    after: str | None = None
    owner = caller.name or ""
    while owner:
        chosen = (Chosen(ObjectFacet.OWNER, owner),)
        page = finding.page(ports, caller.tenant, chosen, lambda one: one.owner == owner, after=after, limit=_PAGE)
        yield from page.items
        after = page.cursor
        if after is None:
            return
