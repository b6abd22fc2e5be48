"""Connections of devices whose beginning is told late: who is let in by nothing any more is out (guide "MQTT").

Sessions of a user that is disabled are looked for when it is, and half a minute later (`device_sessions`). One that
nobody had told of until then is looked at when somebody does; in time, that costs nothing.
"""

from collections.abc import Mapping
from typing import Any

from chalicelib.dialects.cumulocity.topics import DEVICE
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.claims import Claim
from chalicelib.fleet.presence.fencing import GRACE

LATE = 20_000
"""Milliseconds after which it may have been looked for in vain."""


def observe(ports: Ports, claim: Claim, event: Mapping[str, Any]) -> None:
    """Close it, unless its user has the password that it was opened with."""
    at = int(event["timestamp"])
    if event.get("eventType") != "connected" or claim.mode != DEVICE or ports.clock.now() - at < LATE:
        return
    from chalicelib.dialects.cumulocity import device_users

    user = claim.username.partition("/")[2]
    if not user.startswith(device_users.PREFIX) or not _goes_on(ports, claim, str(event.get("sessionIdentifier", ""))):
        return
    since = device_users.let_in_since(ports, claim.tenant, user)
    # It may have been let in just before the password changed, and have connected just after.
    if since is None or since > at - GRACE:
        ports.background.disconnect(claim.client, claim.tenant)


def fenced(ports: Ports, claim: Claim, at: int) -> None:
    """What a fence ends is over, whoever it was."""


def _goes_on(ports: Ports, claim: Claim, session: str) -> bool:
    """Whether that is the session of the device now: the event may come again when there is another one."""
    mailbox = ports.mailboxes.get(claim.tenant, claim.device) if claim.device is not None else None
    known = mailbox.presence.get(claim.interface) if mailbox is not None else None
    return known is not None and known.online and known.session == session
