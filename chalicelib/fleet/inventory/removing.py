"""Deleting managed objects: with their devices, and with what is below them where that is asked for."""

from contextlib import suppress
from dataclasses import replace

from chalicelib.fleet.data import alarms, deleting
from chalicelib.fleet.due import Matter
from chalicelib.fleet.errors import DeviceNotFound, ObjectNotFound
from chalicelib.fleet.inventory import devices, grouping, leaving
from chalicelib.fleet.inventory.managed_objects import ChildKind, Leaving, ManagedObject
from chalicelib.fleet.ports import Ports

WITHIN = 5_000
"""Milliseconds that a request clears up behind what it deletes; the sweep does the rest."""
NOBODY: frozenset[ChildKind] = frozenset()
_PAGE = 100


def delete(
    ports: Ports, tenant: str, number: str, cascade: frozenset[ChildKind] = NOBODY, *, data: bool = False
) -> ManagedObject:
    """Remove an object, and its device; it is gone from everywhere at once. Children of the kinds of `cascade` follow.

    With `data` goes what it and they sent, too: otherwise that stays until it expires. The object as it was.
    Errors: ObjectNotFound, Contended.
    """
    found = leaving.hide(ports, Leaving(tenant, number, cascade=cascade, data=data))
    finish(ports, tenant, number, ports.clock.now() + WITHIN)
    return found


def finish(ports: Ports, tenant: str, number: str, until: int) -> bool:
    """Remove what is left of an object that is hidden; False where the clock (ms) stopped it. Again changes nothing."""
    one = ports.objects.leaving(tenant, number)
    if one is None:
        return True
    if one.device is not None:
        with suppress(DeviceNotFound):
            devices.withdraw(ports, tenant, one.device, number)
    if one.data and not _remove_data(ports, one, until):
        return False
    if not _cascade(ports, one, until):
        return False
    # Nobody finds the group of an object that is erased.
    if one.device is None and not grouping.dissolve(ports, tenant, number, until):
        return False
    return leaving.clear(ports, tenant, number, until)


def on_due(ports: Ports, matter: Matter, until: int) -> None:
    """Go on with an object that somebody began to delete, until the clock shows `until` (ms)."""
    finish(ports, matter.tenant, matter.id, until)


def _cascade(ports: Ports, one: Leaving, until: int) -> bool:
    tenant, number = one.tenant, one.id
    for kind in sorted(one.cascade):
        while links := ports.objects.children(tenant, number, kind, after=None, limit=_PAGE).items:
            for link in links:
                if ports.objects.get(tenant, link.child) is not None:
                    # The sweep, or whoever deletes the child, may be as far at the same time.
                    with suppress(ObjectNotFound):
                        leaving.hide(ports, replace(one, id=link.child, file=None))
                # It hangs here until its own children are gone: whoever goes on from here finds them by it.
                if not finish(ports, tenant, link.child, until):
                    return False
                ports.objects.part(link, None)
                if ports.clock.now() >= until:
                    return False
    return True


def _remove_data(ports: Ports, one: Leaving, until: int) -> bool:
    """Hidden at once; what is left of messages is removed by their own tombstones. Again changes nothing."""
    # It may have sent some before it was a device.
    sources = [name for name in (one.device, one.id) if name is not None]
    for source in sources:
        deleting.of_source(ports, one.tenant, source)
    return all(alarms.delete_of(ports, one.tenant, source, until, lambda _: True) for source in sources)
