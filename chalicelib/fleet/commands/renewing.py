"""Sending again what a device has, or may have, and has not begun: to each new session, where its dialect does so.

It is put back, as if it had not been sent, and goes with all that waits, in order. What is being sent just now is put
back once its sender knows what became of it.
"""

from collections.abc import Collection
from dataclasses import replace

from chalicelib.fleet.commands.awaiting import await_sender
from chalicelib.fleet.commands.changing import change_command
from chalicelib.fleet.commands.granting import session_mark, terms_of
from chalicelib.fleet.commands.records import Command, Status
from chalicelib.fleet.commands.transitions import as_of, put_back
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence import connecting, relaying
from chalicelib.fleet.presence.changing import change_mailbox
from chalicelib.fleet.presence.mailbox import RECALLED, Flight, Mailbox
from chalicelib.fleet.presence.records import Capability, Route

_AGAIN = "it was not begun, and is sent again"


def renew(ports: Ports, mailbox: Mailbox, *, polling: Route | None = None) -> Mailbox | None:
    """Put back what was sent to sessions that are over; nothing, where none is there now that asks for it.

    Costs nothing where no dialect of the device does so. `polling` is a device that has no session, but is there.
    """
    if not any(flight.session for flight in mailbox.flights.values()):
        return mailbox
    if not mailbox.routes(Capability.COMMAND) and connecting.ask(ports, mailbox):
        # A session that was resumed announces nothing: only the broker knows that it is there for commands.
        asked = ports.mailboxes.get(mailbox.tenant, mailbox.device)
        return renew(ports, asked, polling=polling) if asked is not None else None
    opened = (
        relaying.open_route(ports, mailbox, [route], Capability.COMMAND) for route in mailbox.routes(Capability.COMMAND)
    )
    there = [*(route for route in opened if route is not None), *([polling] if polling else [])]
    marks = {session_mark(route) for route in there if terms_of(ports, route).renews}
    if not marks:
        return mailbox
    return _put_back(ports, mailbox, [c for c, f in mailbox.flights.items() if f.session and f.session not in marks])


def again(ports: Ports, tenant: str, device: str) -> None:
    """The device asks for all that it has not begun, whatever it was sent before."""
    # Into the mailbox first, where whoever is about to send something else has to look: he puts it back before that.
    mailbox = change_mailbox(ports, tenant, device, Mailbox.recalled)
    if mailbox is not None:
        ports.background.deliver(tenant, device)


def again_behind(ports: Ports, tenant: str, gateway: str) -> None:
    """As `again`, of all devices that are behind a gateway and may have something to do."""
    for waiting in ports.gateways.waiting(tenant, gateway):
        again(ports, tenant, waiting.device)


def renewed(ports: Ports, mailbox: Mailbox, route: Route) -> Mailbox | None:
    """Before something is sent by `route`: with what went by it to another session put back, as that comes first."""
    if not terms_of(ports, route).renews:
        return mailbox
    present = session_mark(route)
    over = [
        command
        for command, flight in mailbox.flights.items()
        if flight.session not in ("", present) and (flight.via or mailbox.line(command)) == route.connector
    ]
    return _put_back(ports, mailbox, over) if over else mailbox


def _put_back(ports: Ports, mailbox: Mailbox, commands: Collection[str]) -> Mailbox | None:
    """What the device has asked for is sent again even to the session that it was sent to already."""
    over: dict[str, Flight] = {}
    begun: dict[str, Flight] = {}
    for command_id in commands:
        flight = mailbox.flights[command_id]
        command = ports.commands.get(mailbox.tenant, command_id)
        if command is None or command.final:
            continue
        if command.begun is not None:
            begun |= {command_id: flight} if command.generation == flight.generation else {}
        elif _waits_again(ports, command, flight):
            over[command_id] = flight
    if not over and not begun:
        return mailbox

    def landed(present: Mailbox) -> Mailbox:
        for command_id, flight in over.items():
            present = present.land(command_id, flight.generation)
        for command_id, flight in begun.items():
            present = present.settled(command_id, flight.generation)
        return present

    return change_mailbox(ports, mailbox.tenant, mailbox.device, landed, seen=mailbox)


def _waits_again(ports: Ports, command: Command, flight: Flight) -> bool:
    dead = flight.stale(ports.clock.now())
    if command.waiting and (dead or command.generation == flight.generation):
        # Somebody else has put it back, and is about to say so in the mailbox; or its holder died before it was sent.
        return True
    unmarked = command.waiting and command.generation < flight.generation
    if not dead and (unmarked or (command.leaving and command.generation == flight.generation)):
        return _left(ports, command, flight)
    if command.waiting or command.generation != flight.generation:
        return False

    def waiting(present: Command) -> Command | None:
        if present.status is not Status.PROCESSING or present.generation != command.generation or present.begun:
            return None
        if as_of(present, ports.clock.now()).final:
            # Its time is over, and whoever has read it since was told so.
            return None
        back = put_back(present, ports.clock.now(), _AGAIN)
        return replace(back, reached=frozenset(), reached_in="") if flight.session == RECALLED else back

    present, _ = change_command(ports, command.tenant, command.id, waiting, seen=command)
    if present is not None and present.waiting and command.timer:
        ports.deadlines.stop(command.timer)
    return present is not None and present.waiting


def _left(ports: Ports, command: Command, flight: Flight) -> bool:
    """It is left to who has claimed it, unless he has said meanwhile what became of it."""
    if await_sender(ports, command, flight):
        return False
    present = ports.commands.get(command.tenant, command.id)
    open_ = present is not None and not present.final and present.begun is None
    return present is not None and open_ and _waits_again(ports, present, flight)
