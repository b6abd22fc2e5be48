"""Messages of devices, from the topic rules: `{payload: base64, client, topic, at, id, principal}`.

The last is there as far as the broker tells it.

Lambda invokes asynchronously: an event may come twice, and what fails here is tried again and then kept.
"""

import base64
import binascii
import logging
from typing import Any

from chalicelib.dialects import registry
from chalicelib.dialects.registry import Malformed
from chalicelib.dialects.topics import Uplink, bare
from chalicelib.fleet import traces
from chalicelib.fleet.access import callers, doors, keys, limiting
from chalicelib.fleet.access.callers import Caller
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.data import senders
from chalicelib.fleet.errors import (
    FleetError,
    Forbidden,
    Invalid,
    NotFound,
    QuotaReached,
    RateLimitReached,
    Unauthenticated,
)
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence import connecting, hearing, holding
from chalicelib.fleet.presence.claims import Claim
from chalicelib.fleet.presence.mailbox import Mailbox
from chalicelib.fleet.tenancy import audit
from chalicelib.fleet.tenancy.records import Cause, Use

log = logging.getLogger(__name__)

_MINUTE = 60_000
_MAX_HEARD = 10_000
_heard: dict[str, tuple[int, Mailbox | None]] = {}
"""By interface: from when on (ms) it is to be written again, and the mailbox as it was left."""


def handle(ports: Ports, event: dict[str, Any]) -> None:
    with traces.within(str(event["id"])):
        _handle(ports, {**event, "topic": bare(str(event["topic"]))})


def _handle(ports: Ports, event: dict[str, Any]) -> None:
    client = str(event["client"])
    principal = str(event.get("principal", ""))
    held = holding.of(ports, client, int(event["at"]), principal)
    if held is None:
        content = {"topic": event["topic"]}
        holding.drop(ports, client, principal, at=int(event["at"]), event=str(event["id"]), content=content)
        return
    claim, ports = held.claim, held.ports(ports)
    try:
        payload = base64.b64decode(event["payload"])
        caller = _caller(ports, claim)
        sender = senders.of(caller)
        uplink = Uplink(str(event["topic"]), payload, int(event["at"]), str(event["id"]), sender)
        claim = registry.receiver(claim.dialect).receive(ports, claim, uplink) or claim
        if caller.key is not None and caller.key.debugging(uplink.at):
            _note(ports, claim, uplink, principal)
    except RateLimitReached as error:
        refuse(ports, claim, event, str(error), Cause.RATE)
    except QuotaReached as error:
        log.info("a message of %s was not taken, as the audit log tells: %s", claim.client, error)
    # What was deleted meanwhile does not come back by trying again.
    except (Malformed, Invalid, NotFound, Unauthenticated, binascii.Error) as error:
        claim = getattr(error, "speaker", None) or claim
        refuse(ports, claim, event, str(error))
    _heard_of(ports, claim, int(event["at"]))


def forget() -> None:
    """As an instance that has just begun."""
    _heard.clear()


def refuse(ports: Ports, claim: Claim, event: dict[str, Any], reason: str, cause: Cause = Cause.REFUSED) -> None:
    audit.refuse(
        ports,
        claim.tenant,
        at=int(event["at"]),
        event=str(event["id"]),
        reason=reason,
        source=_source(claim),
        content={"topic": event["topic"]},
        cause=cause,
    )


def _note(ports: Ports, claim: Claim, uplink: Uplink, principal: str) -> None:
    audit.note(
        ports,
        claim.tenant,
        at=uplink.at,
        event=uplink.event,
        reason="the message was taken",
        source=_source(claim),
        content={"topic": uplink.topic, "bytes": len(uplink.payload), "principal": principal},
    )


def _source(claim: Claim) -> dict[str, str]:
    named = {"connector": claim.connector, "client": claim.client}
    return {**named, "device": claim.device} if claim.device else named


def _caller(ports: Ports, claim: Claim) -> Caller:
    """Who the connection is, as long as it may be there. Errors: Unauthenticated, RateLimitReached."""
    caller = _present(ports, claim)
    limiting.spend(ports, caller, Use.MESSAGES)
    return caller


def _present(ports: Ports, claim: Claim) -> Caller:
    if claim.key is None:
        # It came in with a secret of its own device, whose end closes the connection.
        return callers.of_device(claim.tenant, claim.device, frozenset({Role.DEVICE_ACCESS}), claim.client)
    key = ports.keys.get(claim.tenant, claim.key)
    if key is None:
        raise Unauthenticated("the API key of this connection was deleted")
    keys.use(ports, key)
    caller = callers.of_key(key)
    try:
        # Its roles may have gone since it came in; then the connection is being closed.
        doors.ensure_open(registry.topics(claim.dialect).DOORS[claim.mode], caller, secured=claim.secured)
    except Forbidden as error:
        raise Unauthenticated(str(error)) from error
    return caller


def _heard_of(ports: Ports, claim: Claim, at: int) -> None:
    """As seldom as whoever needs to know of it lets us, as far as this instance knows."""
    name = f"{claim.tenant}/{claim.connector}:{claim.client}"
    again, seen = _heard.get(name, (0, None))
    if at < again:
        return
    if len(_heard) >= _MAX_HEARD:
        _heard.clear()
    _heard[name] = at + _MINUTE, None
    if seen is not None and (seen.tenant, seen.device) != (claim.tenant, claim.device):
        seen = None
    try:
        mailbox = connecting.contact(ports, claim, at, seen)
    except FleetError as error:
        # The message itself is safe; that the device was heard will be said by its next one.
        log.warning("last contact of %s was not written: %s", claim.client, error)
        return
    presence = mailbox.presence.get(claim.interface) if mailbox else None
    if mailbox is not None and presence is not None:
        _heard[name] = hearing.again_at(ports, mailbox, presence), mailbox
