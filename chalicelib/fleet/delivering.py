"""Sending what waits, one claim at a time.

`deliver` is invoked whenever something may have become deliverable and may run any number of times, at once and again:
a command is sent only by whoever raised the mailbox's generation for it, and while one is on its way, whoever comes
leaves the next ones to its sender.
"""

from chalicelib.fleet.commands.renewing import renew
from chalicelib.fleet.commands.sending import Run, send_next
from chalicelib.fleet.configuration import synchronizing
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.mailbox import Mailbox
from chalicelib.fleet.resources import updating


def deliver(ports: Ports, tenant: str, device: str, until: int) -> None:
    """Send what can be sent until the clock shows `until` (ms); what is left then goes on in the background.

    The mailbox is read once and handed on from step to step. An older state of it serves as well: a claim on it fails,
    and whoever puts something in later wakes another delivery, or is seen by the holder of the claim that he saw.
    """
    run, mailbox = Run(), _looked_at(ports, tenant, device)
    while mailbox is not None or run.awaited:
        if mailbox is not None:
            mailbox = send_next(ports, mailbox, run)
        if mailbox is None and run.awaited:
            # Somebody left it to us whatever he came for.
            run = Run(claims=run.claims)
            mailbox = _looked_at(ports, tenant, device)
        if mailbox is not None and ports.clock.now() >= until:
            ports.background.deliver(tenant, device)
            return


def _looked_at(ports: Ports, tenant: str, device: str) -> Mailbox | None:
    """The mailbox, once everything but commands was seen to."""
    mailbox = ports.mailboxes.get(tenant, device)
    for look in (synchronizing.synchronize, updating.offer, renew):
        mailbox = look(ports, mailbox) if mailbox else None
    return mailbox
