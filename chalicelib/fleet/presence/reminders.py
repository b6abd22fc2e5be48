"""Reminders in a mailbox: that something besides commands waits there for the device.

A wake-up has only them to go by, and reads nothing more where there is none. Whoever has something for a device writes
that first and the reminder then; whoever finds nothing left to tell drops it only as long as nobody wrote the mailbox
since. So a reminder may be there for nothing, but what was acknowledged is never without one.
"""

from dataclasses import replace

from chalicelib.fleet.errors import TemporarilyUnavailable
from chalicelib.fleet.ports import Outcome, Ports
from chalicelib.fleet.presence import connecting, relaying
from chalicelib.fleet.presence.changing import change_mailbox
from chalicelib.fleet.presence.mailbox import Mailbox
from chalicelib.fleet.presence.records import Capability, Route


def remind(ports: Ports, tenant: str, device: str, of: Capability, seen: Mailbox | None = None) -> Mailbox | None:
    """Set the reminder; None if the device is gone. `seen` saves the read."""
    # Written even where it is set already: who is about to drop it has to look again.
    return change_mailbox(ports, tenant, device, lambda mailbox: mailbox.with_todo(add=of), seen=seen, touch=True)


def drop(ports: Ports, mailbox: Mailbox, of: Capability) -> Mailbox | None:
    """Nothing was left to tell when that was read, after `mailbox`. What the mailbox is now, as far as it is known."""
    calm = mailbox.with_todo(done=of)
    if calm is mailbox:
        return mailbox
    # Whoever has written something meanwhile has written the mailbox too, and wakes another delivery.
    if ports.mailboxes.replace(mailbox, calm):
        return replace(calm, revision=mailbox.revision + 1)
    return ports.mailboxes.get(mailbox.tenant, mailbox.device)


def wake(ports: Ports, mailbox: Mailbox, of: Capability) -> bool:
    """Let the device be told now, if it is there or may be; False if that could not be started."""
    there = mailbox.route(of) is not None or bool(mailbox.doubtful())
    return not there or ports.background.deliver(mailbox.tenant, mailbox.device)


def way(ports: Ports, mailbox: Mailbox, of: Capability) -> tuple[Mailbox, Route | None]:
    """How the device can be told, None if it cannot now; the broker is asked where that is in doubt."""
    route = relaying.route(ports, mailbox, of)
    if route is None and connecting.ask(ports, mailbox):
        asked = ports.mailboxes.get(mailbox.tenant, mailbox.device)
        if asked is not None:
            return asked, relaying.route(ports, asked, of)
    return mailbox, route


def ensure_away(ports: Ports, mailbox: Mailbox, route: Route, outcome: Outcome) -> Mailbox | None:
    """It could not be told: the mailbox once its absence is noted.

    TemporarilyUnavailable, for the caller to be tried again, if the broker was busy or the device is there after all.
    """
    tenant, device = mailbox.tenant, mailbox.device
    if outcome is Outcome.BUSY or connecting.consult(ports, tenant, device, route) is not None:
        raise TemporarilyUnavailable("the broker could not take a downlink; it will be tried again")
    return ports.mailboxes.get(tenant, device)
