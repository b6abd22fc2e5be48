"""What is known of a device besides whose it is: what it says of itself, and what its owner calls it."""

from collections.abc import Callable
from dataclasses import replace

from chalicelib.dialects.xyte import cards, identities
from chalicelib.dialects.xyte.identities import ABOUT, About, Identity
from chalicelib.fleet.access.directory import Entry
from chalicelib.fleet.compare_and_set import change_record
from chalicelib.fleet.errors import Contended, DeviceNotFound
from chalicelib.fleet.inventory import devices
from chalicelib.fleet.inventory.records import Device
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.resources import updating
from chalicelib.fleet.resources.updates import Report


def renamed(ports: Ports, uuid: str, tenant: str, name: str) -> None:
    """Its owner calls it so: the device is to hear of that."""

    def named(entry: Entry) -> Entry | None:
        about = ABOUT.read(entry.attributes)
        if entry.owner != tenant or about.known_as == name:
            return None
        return replace(entry, attributes=ABOUT.body(replace(about, called=name, info=about.info + 1)))

    _change(ports, uuid, named)


def said(ports: Ports, found: Identity, change: Callable[[About], About]) -> Identity | None:
    """What the device says of itself, which its owner's record of it takes over; None where it is gone.

    Errors: Contended (it has another owner than it had as it said so: it may have meant what that one calls it).
    """

    def changed(entry: Entry) -> Entry:
        if entry.owner != found.owner:
            raise Contended("the device is changing hands")
        return replace(entry, attributes=ABOUT.body(change(ABOUT.read(entry.attributes))))

    entry = _change(ports, found.id, changed)
    now = identities.read(ports, entry)
    if now is not None and now.owner is not None:
        _show(ports, now, now.owner, named=now.about.known_as != found.about.known_as)
    return now


def installed(ports: Ports, tenant: str, device: str, version: str) -> None:
    """Its firmware is of that version: an update to it, of whatever resource, is done (Check for Updates)."""
    known = ports.resources.get(tenant, device)
    open_ = [update for update in known.updates if not update.final] if known is not None else []
    done = {update.resource: Report(version) for update in open_ if update.requested.strip() == version}
    if done:
        updating.report(ports, tenant, device, done, ports.clock.now())


def _show(ports: Ports, found: Identity, tenant: str, *, named: bool) -> None:
    def shown(device: Device) -> Device:
        name = found.about.known_as if named else device.name
        return replace(device, name=name, attributes={**device.attributes, "xyte": cards.of(found)})

    try:
        devices.update(ports, tenant, found.device, shown)
    except DeviceNotFound:
        # Its owner is giving it up just now; the next one reads the entry.
        return


def _change(ports: Ports, uuid: str, change: Callable[[Entry], Entry | None]) -> Entry | None:
    # The device speaks of itself while somebody claims or renames it: each change has to last.
    entry, _ = change_record(
        ports, f"the device {uuid}", lambda: ports.directory.current(uuid), ports.directory.replace, change
    )
    return entry
