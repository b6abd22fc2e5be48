"""What a device does with its commands: it asks for the head, begins it, ends it (Get Command, Update Command).

One head at a time, in the order in which they were made; a device may end a later one before all the same.
"""

from chalicelib.dialects.xyte import orders
from chalicelib.dialects.xyte.identities import CONNECTOR
from chalicelib.dialects.xyte.orders import Shown
from chalicelib.fleet.commands import creating, reporting, taking
from chalicelib.fleet.commands.records import Command
from chalicelib.fleet.commands.reporting import Report
from chalicelib.fleet.compare_and_set import AGAIN, Again, insist
from chalicelib.fleet.errors import CommandNotFound, IllegalTransition
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.mailbox import ANY, Mailbox
from chalicelib.fleet.presence.records import Route

LONGEST_MESSAGE = 10_000
"""Characters."""
_ASKING = "https"
"""The session of requests: the same from one to the next."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a device says of a command: that it is at it, or has done it, or could not; `message` in its own words."""

    status: Shown
    message: str | None = None


def route(uuid: str) -> Route:
    """By which a device that asks takes its commands."""
    return Route("xyte", uuid, CONNECTOR, uuid, _ASKING)


def waits(mailbox: Mailbox) -> bool:
    """Whether there is a head, also one that was begun: a device that restarts at it has to hear of it again."""
    return any(mailbox.line(command) in (CONNECTOR, ANY) for command in mailbox.queue)


def head(ports: Ports, tenant: str, device: str, uuid: str) -> Command | None:
    return taking.head(ports, tenant, device, route(uuid))


def waiting(ports: Ports, tenant: str, device: str) -> Command | None:
    """The head as it stands, also in the middle of what happens to another one: nothing is taken or ended by that."""
    mailbox = ports.mailboxes.get(tenant, device)
    for command in mailbox.queue if mailbox is not None else ():
        known = ports.commands.get(tenant, command) if mailbox and mailbox.line(command) in (CONNECTOR, ANY) else None
        if known is not None and orders.status(known) not in orders.FINAL:
            return known
    return None


def report(ports: Ports, tenant: str, device: str, uuid: str, command: str, said: Said) -> Command:
    """The command as it stands then. The same once more changes nothing.

    Errors: CommandNotFound, IllegalTransition (it has ended otherwise), TooLarge.
    """

    def reported() -> Command | Again:
        found = creating.get(ports, tenant, command)
        if found.device != device or found.connector not in (None, CONNECTOR):
            raise CommandNotFound("Command not found")
        stands = orders.status(found)
        if stands in orders.FINAL:
            if stands is not said.status:
                raise IllegalTransition(f"Command is {stands} already")
            return found
        try:
            return _told(ports, tenant, command, Report(route(uuid), said.message, said.message), said.status)
        except IllegalTransition:
            # Its organization, or the clock, has ended it since it was read: what it is now is answered.
            return AGAIN

    return insist(ports, f"command {command}", reported)


def _told(ports: Ports, tenant: str, command: str, said: Report, status: Shown) -> Command:
    if status is Shown.IN_PROGRESS:
        return reporting.progress(ports, tenant, command, said)
    if status is Shown.DONE:
        return reporting.succeed(ports, tenant, command, said)
    return reporting.fail(ports, tenant, command, said)
