"""What becomes of an object that was deleted: hidden at once, then taken out of everything that names it.

Hiding is one write. What follows may die anywhere and be done again, by whoever comes by next or by the sweep: the
object's own record goes last, and what is left of it is found by that.
"""

from dataclasses import replace

from chalicelib.fleet import ids
from chalicelib.fleet.compare_and_set import AGAIN, Again, insist
from chalicelib.fleet.errors import ObjectNotFound
from chalicelib.fleet.events import routing
from chalicelib.fleet.events.events import EventKind
from chalicelib.fleet.inventory import heights
from chalicelib.fleet.inventory.managed_objects import ChildKind, ExternalId, Leaving, ManagedObject
from chalicelib.fleet.ports import Ports

_PAGE = 100


def hide(ports: Ports, wanted: Leaving) -> ManagedObject:
    """The object as it was; from now on nobody finds it, and the sweep removes what is left. Errors: ObjectNotFound."""

    def hidden() -> ManagedObject | Again:
        found = ports.objects.get(wanted.tenant, wanted.id) if ids.is_number(wanted.id) else None
        if found is None:
            raise ObjectNotFound(f"object {wanted.id[:64]} not found")
        # Whatever is written since it was read is to be seen by whoever deletes it.
        if ports.objects.leave(found, wanted.cascade, data=wanted.data):
            routing.object_changed(ports, EventKind.OBJECT_DELETED, found)
            return found
        file = found.attachment.file if found.attachment is not None else None
        if ports.objects.leaving(wanted.tenant, wanted.id) == replace(wanted, device=found.device, file=file):
            # A write whose answer was lost on the way, or somebody who wants the same.
            return found
        return AGAIN

    return insist(ports, f"object {wanted.id}", hidden)


def unname(ports: Ports, held: ExternalId) -> None:
    """Give back an external id of an object that is gone or leaving."""
    ports.objects.unname(held)


def clear(ports: Ports, tenant: str, number: str, until: int) -> bool:
    """Remove external ids, links, file and record of an object that is leaving; False where the clock (ms) stopped it.

    Its children stay, and have one parent less.
    """
    one = ports.objects.leaving(tenant, number)
    if one is None:
        return True
    for external in ports.objects.names(tenant, number):
        ports.objects.unname(external)
    for link in ports.objects.parents(tenant, number):
        ports.objects.part(link, None)
        heights.lower(ports, tenant, link.parent)
    for kind in ChildKind:
        while links := ports.objects.children(tenant, number, kind, after=None, limit=_PAGE).items:
            for link in links:
                # Written meanwhile, it is found again by the next look.
                ports.objects.part(link, ports.objects.get(tenant, link.child))
                if ports.clock.now() >= until:
                    return False
    if one.file is not None:
        ports.files.delete(one.file)
    ports.objects.erase(tenant, number)
    return True
