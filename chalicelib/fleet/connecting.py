"""Broker events of a claimed client, written to its device's mailbox."""

from collections.abc import Callable

from chalicelib.fleet.changes import change_mailbox
from chalicelib.fleet.claims import Claim
from chalicelib.fleet.mailbox import Mailbox
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence import Presence, interface_key

MINUTE = 60_000


def connected(ports: Ports, claim: Claim, session: str, at: int) -> None:
    mailbox = _change(ports, claim, lambda p: p.connected(session, at))
    if mailbox is not None and mailbox.doubtful() and _something_waits(mailbox):
        ports.background.deliver(mailbox.tenant, mailbox.device)


def subscribed(ports: Ports, claim: Claim, session: str, capabilities: frozenset[str], at: int) -> None:
    """The client listens on the topics that announce these capabilities: what waits for them may go."""
    mailbox = _change(ports, claim, lambda p: p.subscribed(session, capabilities, at))
    if mailbox is not None and capabilities and _something_waits(mailbox):
        ports.background.deliver(mailbox.tenant, mailbox.device)


def unsubscribed(ports: Ports, claim: Claim, session: str, capabilities: frozenset[str]) -> None:
    _change(ports, claim, lambda p: p.unsubscribed(session, capabilities))


def disconnected(ports: Ports, claim: Claim, session: str, at: int) -> None:
    _change(ports, claim, lambda p: p.disconnected(session, at))


def contact(ports: Ports, claim: Claim, at: int) -> None:
    """The device was heard at `at`; exact to a minute, so that a busy device costs one write a minute."""
    minute = at - at % MINUTE
    _change(ports, claim, lambda p: p.heard(minute))


def _change(ports: Ports, claim: Claim, change: Callable[[Presence], Presence]) -> Mailbox | None:
    if claim.device is None:
        return None
    key = interface_key(claim.connector, claim.client)

    def apply(mailbox: Mailbox) -> Mailbox:
        presence = mailbox.presence.get(key) or Presence(claim.dialect, claim.client)
        return mailbox.with_presence(key, change(presence))

    return change_mailbox(ports, claim.tenant, claim.device, apply)


def _something_waits(mailbox: Mailbox) -> bool:
    return bool(mailbox.next_waiting() or mailbox.todo)
