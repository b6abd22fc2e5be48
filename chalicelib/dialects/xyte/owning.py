"""Whose a device is: a pointer of its directory entry, and a device of the fleet in the tenant that it names.

Whoever claims a device registers it in the fleet of its tenant first, where quota and group may refuse it, and then
points the entry there by compare-and-set: of two the loser takes its device away again. Whoever gives one up takes the
device away first, and points the entry to nobody then: nobody else can have it before it is gone, and where it is gone
nothing is done any more for the tenant that an older entry names. What dies between is found by the next request of the
device (`present`), or by doing the same again. Children go with their parents.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from chalicelib.dialects.xyte import cards, configurations, dumps, identities, incidents, licences
from chalicelib.dialects.xyte.identities import ABOUT, CONNECTOR, About, Identity, device_id
from chalicelib.fleet.access.directory import Entry
from chalicelib.fleet.compare_and_set import AGAIN, Again, change_record, insist
from chalicelib.fleet.configuration import fetching
from chalicelib.fleet.errors import (
    Circular,
    Conflict,
    DeviceDuplicate,
    DeviceNotFound,
    FleetError,
    LimitReached,
    ObjectNotFound,
    QuotaReached,
)
from chalicelib.fleet.inventory import devices, hierarchy
from chalicelib.fleet.inventory.managed_objects import ChildKind
from chalicelib.fleet.inventory.records import ROOT_GROUP, Device, Interface
from chalicelib.fleet.ports import Ports

_NAMES = 16
"""Of earlier owners', that are known again."""


class AlreadyClaimed(Conflict):
    """Somebody has it, or it is gone: who asks is told the same."""


def take(ports: Ports, found: Identity, tenant: str, *, name: str | None = None, group: str = ROOT_GROUP) -> Identity:
    """The device as the tenant has it from now on, and its children with it.

    Errors: AlreadyClaimed, QuotaReached, GroupNotFound.
    """
    _enter(ports, found, tenant, name, group)
    try:
        taken = _point(ports, found, tenant)
    except FleetError:
        # It was lost to another tenant, or deleted. One of this tenant that is the same has been claimed twice at once.
        present = ports.directory.current(found.id)
        if present is None or present.owner != tenant:
            _leave(ports, tenant, found.id)
        raise
    if taken.parent is not None:
        _stand_below(ports, tenant, taken.parent, taken.id)
    # A session in which it was nobody's is over: it comes in again as its owner's.
    ports.background.disconnect(found.id)
    for child in taken.children:
        try_to_follow(ports, child, tenant)
    return taken


def try_to_follow(ports: Ports, child: str, tenant: str) -> Identity | None:
    """As `follow`; where there is no room for it, it is nobody's until there is, and goes on being its parent's."""
    try:
        return follow(ports, child, tenant)
    except (QuotaReached, AlreadyClaimed):
        return identities.current(ports, child)


def follow(ports: Ports, child: str, tenant: str) -> Identity | None:
    """A child goes where its parent is; None where it is gone. Errors: QuotaReached."""
    found = identities.current(ports, child)
    if found is None or found.owner == tenant:
        return found
    if found.owner is not None:
        if _parents_owner(ports, found) != tenant:
            # Who asked remembers an owner that the parent has no more: it is where the parent has taken it.
            return found
        release(ports, found, found.owner)
        found = identities.current(ports, child)
    if found is None:
        return None
    taken = take(ports, found, tenant)
    if _parents_owner(ports, taken) != tenant:
        # The parent was given up in between, and whoever did it looked for its children before this one was pointed.
        release(ports, taken, tenant)
        return identities.current(ports, child)
    return taken


def release(ports: Ports, found: Identity, tenant: str) -> None:
    """The tenant has it no more, nor its children; its key goes on being good."""
    for child in found.children:
        _release(ports, child, tenant)
    _release(ports, found.id, tenant)
    # A child may have been heard in between, while its parent still had an owner, and have followed it.
    present = ports.directory.current(found.id)
    for child in present.children if present is not None else ():
        _release(ports, child, tenant)


def erase(ports: Ports, found: Identity) -> None:
    """It is gone, with its children: its key is nobody's from now on, and it may register again."""

    def erased() -> bool | Again:
        last = ports.directory.current(found.id)
        if last is None:
            return True
        for child in last.children:
            _erase(ports, child)
        if last.owner is not None:
            # Who remembers the entry finds no device there, and looks at the entry.
            _leave(ports, last.owner, found.id, last.transfers)
        # A child may be registered meanwhile, or somebody claim it: then that is to be erased, too.
        return ports.directory.delete(last) or AGAIN

    insist(ports, f"the device {found.id}", erased)


def present(ports: Ports, found: Identity) -> Identity | None:
    """The device as it is now, for who found nothing of it where it was remembered to be; None where it is gone.

    An owner's device that was deleted by another API is given up; a child that was left behind follows its parent.
    """
    now = identities.current(ports, found.id)
    if now is not None and now.owner is not None and ports.mailboxes.get(now.owner, now.device) is None:
        release(ports, now, now.owner)
        now = identities.current(ports, found.id)
    if now is None or now.parent is None or now.owner is not None:
        return now
    parent = ports.directory.current(now.parent)
    return now if parent is None or parent.owner is None else try_to_follow(ports, now.id, parent.owner)


def _parents_owner(ports: Ports, child: Identity) -> str | None:
    parent = ports.directory.current(child.parent) if child.parent is not None else None
    return None if parent is None else parent.owner


def _stand_below(ports: Ports, tenant: str, parent: str, child: str) -> None:
    """Where devices are managed objects, a child is its parent's there, too."""
    over, below = (ports.devices.get(tenant, device_id(uuid)) for uuid in (parent, child))
    if over is None or below is None or over.number is None or below.number is None:
        return
    # Somebody has put it elsewhere, or as many as may be: it is the parent's here all the same.
    with suppress(LimitReached, Circular, ObjectNotFound):
        hierarchy.link(ports, tenant, over.number, below.number, ChildKind.DEVICE)


def _enter(ports: Ports, found: Identity, tenant: str, name: str | None, group: str) -> None:
    """Errors: QuotaReached, GroupNotFound, AlreadyClaimed (another device has its id)."""
    now = ports.clock.now()
    interface = Interface(CONNECTOR, found.id, "xyte", now, now)
    known = Device(
        tenant,
        found.device,
        now,
        now,
        name=name or found.about.name,
        group=group,
        interfaces=(interface,),
        attributes={"xyte": cards.of(found)},
    )
    try:
        devices.register(ports, known)
    except DeviceDuplicate:
        # An earlier claim that died on the way, or another of this tenant at the same time.
        there = ports.devices.get(tenant, found.device)
        if there is None or there.interface(CONNECTOR, found.id) is None:
            raise AlreadyClaimed("the device is another one in this tenant") from None
    try:
        fetching.begin(ports, tenant, found.device, found.about.config, configurations.form(found.model))
    except DeviceNotFound:
        # Another claim of this tenant had registered it, and took it away again as it lost.
        raise AlreadyClaimed("another claim of this tenant has lost it") from None


def _point(ports: Ports, found: Identity, tenant: str) -> Identity:
    """Errors: AlreadyClaimed."""

    def pointed(entry: Entry) -> Entry:
        if entry.owner is not None or entry.transfers != found.entry.transfers:
            # What the next owner is not to see of the one before was read before that one had it.
            raise AlreadyClaimed("another one was there before")
        return replace(entry, owner=tenant, transfers=entry.transfers + 1)

    # Two tenants claim it at once, or one does while the device deletes itself: who is written first has it.
    taken = identities.read(ports, _change(ports, found.id, pointed))
    if taken is None:
        raise AlreadyClaimed("the device is gone")
    return taken


def _release(ports: Ports, uuid: str, tenant: str) -> None:
    had = ports.directory.current(uuid)
    if had is None or had.owner != tenant:
        # Whoever has released it may have died before it was taken away, or has claimed it and lost.
        _leave(ports, tenant, uuid)
        return
    version, named = _version(ports, tenant, uuid), ports.devices.get(tenant, device_id(uuid))

    def noted(entry: Entry) -> Entry | None:
        about = ABOUT.read(entry.attributes)
        ours = (entry.owner, entry.transfers) == (tenant, had.transfers)
        return _saying(entry, replace(about, config=version)) if ours and about.config < version else None

    def released(entry: Entry) -> Entry | None:
        if (entry.owner, entry.transfers) != (tenant, had.transfers):
            return None
        about = ABOUT.read(entry.attributes)
        names = {about.called, named.name if named is not None else None} - {None, about.name}
        past = (identities.name_digest(entry, name) for name in sorted(filter(None, names)))
        about = replace(about, formerly=tuple(dict.fromkeys((*about.formerly, *past)))[-_NAMES:])
        if about.called is not None:
            # The next owner calls it otherwise, and the device is to forget it.
            about = replace(about, called=None, info=about.info + 1)
        return replace(_saying(entry, about), owner=None, transfers=entry.transfers + 1)

    # Somebody may have released it already, and another one claimed it since: that one keeps it.
    _change(ports, uuid, noted)
    _leave(ports, tenant, uuid, had.transfers)
    _change(ports, uuid, released)


def _change(ports: Ports, uuid: str, change: Callable[[Entry], Entry | None]) -> Entry | None:
    entry, _ = change_record(
        ports, f"the device {uuid}", lambda: ports.directory.current(uuid), ports.directory.replace, change
    )
    return entry


def _saying(entry: Entry, about: About) -> Entry:
    return replace(entry, attributes=ABOUT.body(about))


def _version(ports: Ports, tenant: str, uuid: str) -> int:
    """Of the configuration that it may know: those of its next owner go on from there."""
    try:
        return fetching.get(ports, tenant, device_id(uuid)).version
    except DeviceNotFound:
        return 0


def _erase(ports: Ports, uuid: str) -> None:
    found = identities.current(ports, uuid)
    if found is not None:
        erase(ports, found)


def _leave(ports: Ports, tenant: str, uuid: str, transfers: int | None = None) -> None:
    if transfers is not None:
        licences.Shelf(ports, tenant, device_id(uuid), transfers).forget()
    dumps.forget(ports, tenant, device_id(uuid))
    with suppress(DeviceNotFound):
        devices.delete(ports, tenant, device_id(uuid))
    # Nobody else could say that they are over. After the device: who opens one then finds that it is there no more.
    incidents.close_all(ports, tenant, device_id(uuid))
