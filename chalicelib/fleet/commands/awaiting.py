"""Order among several runs that deliver one mailbox: what is on its way comes first, and its sender goes on.

The claim that was made last is the lease. Whoever comes while its command is on its way leaves a mark in that and goes;
its sender, whose next write meets the mark, then looks at the mailbox once more. A sender that died loses it with its
claim, and what has waited for him is looked at by the sweep.
"""

from collections.abc import Collection
from dataclasses import replace

from chalicelib.fleet.commands.changing import change_command
from chalicelib.fleet.commands.granting import terms_of
from chalicelib.fleet.commands.records import Command
from chalicelib.fleet.commands.transitions import soonest
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.mailbox import LEASE, Flight, Mailbox
from chalicelib.fleet.presence.records import Route


def left_to_another(ports: Ports, mailbox: Mailbox, route: Route, command_id: str, own: Collection[int]) -> bool:
    """Whether somebody is about to send by that route, and goes on afterwards; `own` are one's own generations.

    So it is left to a poll that is about to take what comes before that command, and is to be sent by that route, too.
    A read where another run has claimed something within a LEASE, and a write where that is on its way.
    """
    return any(_awaited(ports, mailbox, one, own) for one in _before(ports, mailbox, route, command_id))


def _before(ports: Ports, mailbox: Mailbox, route: Route, command_id: str) -> list[str]:
    latest = mailbox.latest(route.connector)
    others = [latest] if latest is not None else []
    if not terms_of(ports, route).renews:
        return others
    polled = [c for c, f in mailbox.flights.items() if f.session and c < command_id]
    return others + [c for c in polled if (mailbox.flights[c].via or mailbox.line(c)) != route.connector]


def _awaited(ports: Ports, mailbox: Mailbox, command_id: str, own: Collection[int]) -> bool:
    flight = mailbox.flights[command_id]
    if flight.generation in own or flight.stale(ports.clock.now()):
        return False
    command = ports.commands.get(mailbox.tenant, command_id)
    return command is not None and await_sender(ports, command, flight)


def await_sender(ports: Ports, command: Command, flight: Flight) -> bool:
    """Have the holder of that claim look again afterwards; False if he has nothing on its way any more."""

    def awaited(present: Command) -> Command | None:
        if not _leaving(present, flight):
            return None
        # He may conclude it at the same time: then one of both writes fails, and whoever is late sees the other's.
        marked = replace(present, awaited=True)
        if not present.waiting:
            return marked
        # It may be a poll that has claimed it, and nobody repeats that: should it have died, the sweep frees it.
        return replace(marked, check_at=soonest(present.check_at, flight.at + LEASE))

    present, _ = change_command(ports, command.tenant, command.id, awaited, seen=command)
    return present is not None and _leaving(present, flight)


def _leaving(command: Command, flight: Flight) -> bool:
    if command.waiting:
        # Claimed, and not marked yet; not one that was put back after that.
        return command.generation < flight.generation
    return command.leaving and command.generation == flight.generation
