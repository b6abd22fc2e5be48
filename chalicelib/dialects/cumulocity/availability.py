"""Whether a device was heard as often as it is to be, and whether it is connected (reference, "Device availability").

What it is to be stands in its object, in minutes; without that it is neither watched nor shown. Nothing, or less, is
maintenance: nobody is alarmed then.
"""

from collections.abc import Mapping
from typing import Any

from chalicelib.dialects.cumulocity import bayeux_sessions, times
from chalicelib.fleet.inventory.managed_objects import ManagedObject
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence import silences
from chalicelib.fleet.presence.mailbox import Mailbox
from chalicelib.fleet.presence.records import Capability
from chalicelib.fleet.tenancy.records import Limit, Use

DIALECT, CONNECTOR = "cumulocity", "c8y"
REQUIRED, INTERVAL = "c8y_RequiredAvailability", "responseInterval"
AVAILABILITY, CONNECTION = "c8y_Availability", "c8y_Connection"
ALARM = "c8y_UnavailabilityAlarm"
AVAILABLE, UNAVAILABLE, MAINTENANCE = "AVAILABLE", "UNAVAILABLE", "MAINTENANCE"
CONNECTED, DISCONNECTED = "CONNECTED", "DISCONNECTED"
SHORTEST, LONGEST = -32_768, 32_767
"""Minutes; what is beyond counts as these."""
_MINUTE = 60


def required(found: ManagedObject) -> float | None:
    """Minutes in which it is to be heard once; None where nobody says so."""
    said = found.fragments.get(REQUIRED)
    interval = said.get(INTERVAL) if isinstance(said, dict) else None
    if isinstance(interval, str):
        interval = _number(interval)
    if not isinstance(interval, int | float) or isinstance(interval, bool):
        return None
    return max(min(interval, LONGEST), SHORTEST)


def maintained(found: ManagedObject) -> bool:
    """Whether somebody works on it."""
    interval = required(found)
    return interval is not None and interval <= 0


def settle(ports: Ports, before: ManagedObject | None, after: ManagedObject) -> None:
    """Called after an object was written: whoever is to be heard from now on, or no more."""
    wanted = required(after)
    fresh = before is None or before.device is None
    if after.device is None or (wanted == (required(before) if before is not None else None) and not fresh):
        return
    if wanted is not None and wanted > 0:
        text = f"The device was not heard for more than {wanted:g} minutes."
        silences.demand(ports, after.tenant, after.device, max(int(wanted * _MINUTE), _MINUTE), ALARM, text)
    elif not fresh:
        silences.spare(ports, after.tenant, after.device)


def heard(ports: Ports, found: ManagedObject) -> None:
    """The device has said something by a request; costs nothing where nobody wants to know."""
    interval = required(found)
    if found.device is None or found.origin or interval is None or interval <= 0:
        return
    # An instance looks once a minute whether that is to be written.
    limit = Limit(Use.MESSAGES, 1, _MINUTE, f"heard {found.id}")
    if ports.windows.spend(found.tenant, [limit], ports.clock.now()) is None:
        silences.heard(ports, found.tenant, found.device, DIALECT, CONNECTOR, found.id)


def shown(ports: Ports, found: ManagedObject, mailbox: Mailbox | None) -> Mapping[str, Any]:
    """The fragments that say so, of a device of this dialect that is to be heard."""
    interval = required(found)
    if interval is None or mailbox is None:
        return {}
    last = silences.heard_last(mailbox)
    said = {"lastMessage": times.render(last - last % 60_000)} if last else {}
    if interval <= 0:
        return {AVAILABILITY: {**said, "status": MAINTENANCE}, CONNECTION: {"status": MAINTENANCE}}
    available = bool(last) and ports.clock.now() < silences.until(ports, mailbox)
    return {
        AVAILABILITY: {**said, "status": AVAILABLE if available else UNAVAILABLE},
        CONNECTION: {"status": CONNECTED if _connected(ports, found, mailbox, available=available) else DISCONNECTED},
    }


def _connected(ports: Ports, found: ManagedObject, mailbox: Mailbox, *, available: bool) -> bool:
    """As long as it is heard, one that was connected counts as being so."""
    if any(Capability.COMMAND in one.capabilities for one in mailbox.presence.values() if one.online):
        return True
    owner = bayeux_sessions.owner_of_device(found.tenant, found.owner or "")
    there = bayeux_sessions.there(ports, found.tenant, owner, found.id)
    if there > ports.clock.now():
        return True
    return available and (there > 0 or any(one.since is not None for one in mailbox.presence.values()))


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
