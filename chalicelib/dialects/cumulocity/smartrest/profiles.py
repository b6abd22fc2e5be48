"""The profile that a device has been given: 121 (guide "MQTT", "Static templates", "Set device profile")."""

from collections.abc import Mapping
from typing import Any

from chalicelib.dialects.cumulocity import operations
from chalicelib.dialects.cumulocity.operations import Shown
from chalicelib.dialects.cumulocity.smartrest import reporting
from chalicelib.dialects.cumulocity.smartrest.arguments import Arguments
from chalicelib.dialects.cumulocity.smartrest.faults import FAILED, Fault
from chalicelib.dialects.cumulocity.smartrest.publishing import Publishing
from chalicelib.dialects.cumulocity.smartrest.rows import Row
from chalicelib.fleet import ids

FRAGMENT, TYPE = "c8y_Profile", "c8y_Profile"
"""What the device has, and the type of the object that describes a profile."""
_OPERATION = "c8y_DeviceProfile"
_ID, _NAME, _EXECUTED = "profileId", "profileName", "profileExecuted"


def applied(publishing: Publishing, row: Row, said: Arguments) -> None:
    """Whether all of it was done; of the profile that is named, else of the operation that is going on, or of the last.

    Errors: Fault.
    """
    executed, number = said.flag(0), said.text(1)
    publishing.write()
    profile = _ordered(publishing, number) or _last(publishing, number) or _named(publishing, number)
    publishing.fragments(row.number, {FRAGMENT: {**profile, _EXECUTED: executed}})


def _ordered(publishing: Publishing, number: str) -> Mapping[str, Any] | None:
    """Of the oldest operation that is going on; where a profile is named, of one with that."""
    speaker = publishing.speaker
    device = speaker.target.device
    mailbox = speaker.ports.mailboxes.get(speaker.tenant, device) if device is not None else None
    open_ = reporting.standing(speaker.ports, mailbox).open if mailbox is not None else []
    going_on = [
        asked
        for command in open_
        if operations.status(command) is Shown.EXECUTING and _OPERATION in (asked := operations.asked(command))
    ]
    return next((_told(asked) for asked in going_on if number in ("", str(asked.get(_ID)))), None)


def _last(publishing: Publishing, number: str) -> Mapping[str, Any] | None:
    present = publishing.speaker.target.fragments.get(FRAGMENT)
    known = _told(present) if isinstance(present, dict) else {}
    return known if known and number in ("", str(known.get(_ID))) else None


def _named(publishing: Publishing, number: str) -> Mapping[str, Any]:
    """Errors: Fault."""
    if not number:
        raise Fault(FAILED, f"there is no operation with the fragment {_OPERATION} that this could be about")
    speaker = publishing.speaker
    found = speaker.ports.objects.get(speaker.tenant, number) if ids.is_number(number) else None
    described = found is not None and found.type == TYPE and found.name
    return {_ID: number, **({_NAME: described} if described else {})}


def _told(said: Mapping[str, Any]) -> dict[str, Any]:
    return {name: said[name] for name in (_NAME, _ID) if said.get(name) is not None}
