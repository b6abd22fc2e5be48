"""MQTT sessions of users that devices are: over with the password, or the right, that they were opened with.

A connection may be on its way at that moment, or so new that nobody has been told of it: they are looked for once more
when both have come about. Until then the door has looked at every user anew.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from chalicelib.dialects.cumulocity.naming import DIALECT
from chalicelib.fleet.access import users
from chalicelib.fleet.inventory import finding, hierarchy
from chalicelib.fleet.inventory.finding import Chosen
from chalicelib.fleet.inventory.managed_objects import ManagedObject, ObjectFacet
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.fencing import GRACE
from chalicelib.fleet.presence.records import MQTT

KIND = "sessions"
AGAIN = 30
"""Seconds until they are looked for once more."""
_PAGE = 100


def close(ports: Ports, tenant: str, user: str, kept: int | None = None) -> None:
    """Close those that the user has by now, within half a minute; who comes in later than this stays.

    `kept` is since when (ms) the user has the password that it keeps; None where that counts no more.
    """
    at = ports.clock.now()
    for device in _named(ports, tenant, user):
        _close(ports, tenant, device, user, at)
    ports.background.later(DIALECT, _matter(tenant, user, at, kept, None), AGAIN)


def resume(ports: Ports, matter: Mapping[str, Any], since: Callable[[str, str], int | None]) -> None:
    """The user may be other devices than the one that is called like it: all that it reaches are looked at.

    `since` tells since when a user has the password that lets it in now; None for one that nothing lets in.
    """
    tenant, user, at = str(matter["tenant"]), str(matter["user"]), int(matter["at"])
    kept = matter.get("kept")
    if kept is not None and since(tenant, user) == kept:
        # It may come in again with what its sessions were opened with.
        return
    owned = (Chosen(ObjectFacet.OWNER, user),)
    page = finding.page(ports, tenant, owned, after=matter["after"], limit=_PAGE)
    named = _named(ports, tenant, user) if matter["after"] is None else []
    for device in dict.fromkeys([*named, *_devices(ports, tenant, user, page.items)]):
        _close(ports, tenant, device, user, at)
    if page.cursor is not None:
        ports.background.later(DIALECT, _matter(tenant, user, at, kept, page.cursor), 1)


def _devices(ports: Ports, tenant: str, user: str, owned: Iterable[ManagedObject]) -> Iterator[str]:
    """Those, and what stands below them and is somebody else's: it reaches that as well."""
    for one in owned:
        below = hierarchy.descendants(ports, tenant, one.id) if one.height else ()
        for found in (one, *(each for each in below if each.owner != user)):
            if found.device is not None:
                yield found.device


def _matter(tenant: str, user: str, at: int, kept: int | None, after: str | None) -> dict[str, Any]:
    return {"kind": KIND, "tenant": tenant, "user": user, "at": at, "kept": kept, "after": after}


def _named(ports: Ports, tenant: str, user: str) -> list[str]:
    """The device that is called like the user, if there is one."""
    device = ports.devices.owner(tenant, MQTT, user.removeprefix(users.FOR_DEVICES))
    return [device] if device is not None else []


def _close(ports: Ports, tenant: str, device: str, user: str, at: int) -> None:
    """Sessions that were opened before `at` (ms), or may have been let in before that."""
    mailbox = ports.mailboxes.get(tenant, device)
    for known in mailbox.presence.values() if mailbox is not None else ():
        ours = known.dialect == DIALECT and known.online and not known.relayed
        if not ours or (known.since is not None and known.since >= at + GRACE):
            continue
        claim = ports.claims.current(known.client)
        # A person may speak for the device, and the id be somebody else's by now.
        if claim is not None and (claim.tenant, claim.username) == (tenant, f"{tenant}/{user}"):
            ports.background.disconnect(known.client, tenant)
