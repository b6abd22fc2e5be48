"""What is sent to a device beside operations: replies, and what was wrong. Nothing goes where it does not listen."""

from chalicelib.dialects.cumulocity import topics
from chalicelib.dialects.cumulocity.naming import DIALECT
from chalicelib.dialects.topics import matches
from chalicelib.fleet.documents import Record
from chalicelib.fleet.ports import Outcome, Ports
from chalicelib.fleet.presence.claims import Claim
from chalicelib.fleet.presence.records import MQTT, Capability, Route, named_filter

PATIENCE = 2
"""Seconds that a device has to acknowledge it."""
YOUNG = 10_000
"""Milliseconds after which everybody knows what a session has subscribed to as it began."""
_ANSWERED = "cumulocity.answered"
_KEPT = 6 * 3_600


def reply(ports: Ports, claim: Claim, topic: str, text: str, event: str, *, ask: bool = True) -> None:
    """Answer what came as that event; the same event once more is not answered again. `ask` is as for `listens`."""
    now = ports.clock.now()
    answered = Record(claim.tenant, _ANSWERED, f"{event}:{topic}", {}, expires=now // 1000 + _KEPT)
    if not listens(ports, claim, topic, ask=ask) or not ports.records.create(answered):
        return
    if tell(ports, claim, topic, text) is Outcome.BUSY:
        # It is tried again with the whole message.
        ports.records.delete(claim.tenant, _ANSWERED, answered.id)


def tell(ports: Ports, claim: Claim, topic: str, text: str) -> Outcome:
    route = Route(DIALECT, claim.client, MQTT, claim.own_node, "")
    return ports.delivery.message(route, topic, text.encode(), PATIENCE)


def listens(ports: Ports, claim: Claim, topic: str, *, ask: bool = False) -> bool:
    """Whether the device is subscribed to what that topic matches.

    The broker is asked where its session is that young, or where that is wanted, and nothing is known.
    """
    mailbox = ports.mailboxes.get(claim.tenant, claim.device) if claim.device is not None else None
    known = mailbox.presence.get(claim.interface) if mailbox is not None else None
    filters = known.capabilities if known is not None else frozenset[str]()
    prefix = named_filter(Capability.COMMAND, "")
    if any(matches(name.removeprefix(prefix), topic) for name in filters):
        return True
    young = known is None or known.since is None or ports.clock.now() < known.since + YOUNG
    if not (ask or young or claim.passing):
        return False
    return any(matches(name, topic) for name in ports.delivery.filters(claim.client) or ())


def error(ports: Ports, claim: Claim, text: str, event: str) -> None:
    """A row on the topic for errors."""
    reply(ports, claim, topics.ERRORS, text, event, ask=False)
