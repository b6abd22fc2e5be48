"""Commands that a device takes by itself: it polls, or says that it is at one before anybody has sent it.

Taking is the claim of a delivery without the delivery: the mailbox's generation is raised first, the command is written
then. So a device that takes and a delivery under way, or two dialects that ask at once, agree on who has it. Whoever
has heard no answer asks again and is given the same.
"""

import hashlib
from collections.abc import Callable
from dataclasses import replace

from chalicelib.fleet.commands import deadlines, finishing, renewing
from chalicelib.fleet.commands.changing import change_command
from chalicelib.fleet.commands.granting import session_mark, terms_of
from chalicelib.fleet.commands.records import Command, DeliveryStatus, Policy, Status
from chalicelib.fleet.commands.transitions import as_of, claimed, sent
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence import relaying
from chalicelib.fleet.presence.changing import change_mailbox
from chalicelib.fleet.presence.mailbox import ANY, Mailbox
from chalicelib.fleet.presence.records import Capability, Route

Change = Callable[[Command, int, int, Policy], Command]
"""The command as it is after (now, generation, policy)."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What was taken, and the ids of what waits `beyond` the window. What is in neither goes to somebody else."""

    commands: list[Command]
    beyond: frozenset[str]


def take(ports: Ports, tenant: str, device: str, route: Route, most: int | None = None) -> Taken:
    """What waits for the device and may go by `route`, the oldest first: no more than its window, or `most`.

    What it has taken by this route and not begun is among it; what went by another route is not, nor what a session
    that is there is sent, where each session of the dialect gets what was not begun. `route.session` is any name that
    stays the same from one request of the device to the next.
    """
    mailbox = ports.mailboxes.get(tenant, device)
    window = terms_of(ports, route).window
    if mailbox is not None:
        mailbox = renewing.renew(ports, mailbox, polling=route)
    taken: list[Command] = []
    beyond: set[str] = set()
    for command_id in mailbox.queue if mailbox else ():
        if mailbox is None:
            break
        flight = mailbox.flights.get(command_id)
        if mailbox.line(command_id) not in (route.connector, ANY) or (flight and flight.holder != holder(route)):
            continue
        if len(taken) >= (window if most is None else most) or (
            flight is None and mailbox.flying(route.connector) >= window
        ):
            beyond.add(command_id)
            continue
        if flight is None and _left_to_session(ports, mailbox, command_id, route):
            continue
        mailbox, command = _taken(ports, mailbox, command_id, route)
        if command is not None:
            taken.append(command)
        elif mailbox is not None and command_id in mailbox.queue and command_id not in mailbox.flights:
            # Another request of the device has filled the window.
            beyond |= set() if _sessions(ports, mailbox, command_id, route, relayed=False) else {command_id}
    return Taken(taken, frozenset(beyond))


def _left_to_session(ports: Ports, mailbox: Mailbox, command_id: str, route: Route) -> bool:
    """Whether a session is there that is sent whatever was not begun: a claim would keep it from that.

    Reads nothing but for sessions of gateways.
    """
    every = _sessions(ports, mailbox, command_id, route)
    return relaying.open_route(ports, mailbox, every, Capability.COMMAND) is not None


def _sessions(ports: Ports, mailbox: Mailbox, command_id: str, route: Route, *, relayed: bool = True) -> list[Route]:
    """Those that the command is sent to, where its dialect tells every session what was not begun, as that of `route`.

    Of `relayed` ones only their gateway knows whether they are there.
    """
    if not terms_of(ports, route).renews:
        return []
    line = mailbox.line(command_id)
    every = mailbox.routes(Capability.COMMAND, None if line == ANY else line)
    telling = [one for one in every if terms_of(ports, one).renews and not terms_of(ports, one).take]
    return [one for one in telling if relayed or not one.relayed]


def head(ports: Ports, tenant: str, device: str, route: Route) -> Command | None:
    """The oldest command that may go by `route` and is not final, at whatever the device is with it; None without one.

    One that waits is the device's from now on. For devices that are shown one command until they have ended it, also
    after they have begun: a restart in the middle of it must not hide it from them.
    """
    mailbox = ports.mailboxes.get(tenant, device)
    for command_id in mailbox.queue if mailbox else ():
        if mailbox is None:
            break
        if mailbox.line(command_id) not in (route.connector, ANY):
            continue
        mailbox, command = _headed(ports, mailbox, command_id, route)
        if command is not None:
            return command
    return None


def _headed(ports: Ports, mailbox: Mailbox, command_id: str, route: Route) -> tuple[Mailbox | None, Command | None]:
    command = ports.commands.get(mailbox.tenant, command_id)
    stands = None if command is None else as_of(command, ports.clock.now())
    if command is None or stands is None or (stands.status is not command.status or stands.final):
        # The clock has ended it, or its attempt; or whoever ended it has died before it left the mailbox.
        finishing.settle(ports, mailbox.tenant, mailbox.device, command_id, wake=False, seen=command)
        present = ports.mailboxes.get(mailbox.tenant, mailbox.device)
        command = ports.commands.get(mailbox.tenant, command_id)
        if present is None or command is None or command.final:
            return present, None
        mailbox = present
    if not command.waiting:
        return mailbox, command
    # Another request of the same device may be first, or a delivery be about to send it: it is shown the same.
    claim = claimed_by(ports, mailbox, command, route, _handed_over(route), force=True)
    ours = claim.command is not None and claim.command.status is Status.PROCESSING
    return claim.mailbox, claim.command if ours else None


def _taken(ports: Ports, mailbox: Mailbox, command_id: str, route: Route) -> tuple[Mailbox | None, Command | None]:
    """The mailbox as it is then, and the command if it is the device's now and not begun."""
    command = ports.commands.get(mailbox.tenant, command_id)
    now = ports.clock.now()
    if command is None or command.final or (command.due is None and command.expired(now)):
        finishing.settle(ports, mailbox.tenant, mailbox.device, command_id, wake=False, seen=command)
        return ports.mailboxes.get(mailbox.tenant, mailbox.device), None
    if command.waiting:
        claim = claimed_by(ports, mailbox, command, route, _handed_over(route))
        # Another request of the same device may have been first, and the device may have begun meanwhile.
        ours = claim.ours and claim.command is not None and claim.command.begun is None
        return claim.mailbox, claim.command if ours else None
    known = mailbox.flights.get(command_id)
    ours = known is not None and known.generation == command.generation and command.begun is None
    return mailbox, command if ours else None


def _handed_over(route: Route) -> Change:
    def change(command: Command, now: int, generation: int, policy: Policy) -> Command:
        return sent(claimed(command, now, generation, route.node, policy), now, DeliveryStatus.SENT, route.node)

    return change


@dataclass(frozen=True, slots=True)
class Claim:
    """`ours` where the command is out under our claim; else it stands as somebody else has left it."""

    mailbox: Mailbox | None
    command: Command | None
    ours: bool


def claimed_by(
    ports: Ports, mailbox: Mailbox, command: Command, route: Route, change: Change, *, force: bool = False
) -> Claim:
    """Claim a command that waits, and change it.

    By `force` also where somebody has claimed it and not sent it yet, who sends nothing then, and beyond the window.
    """
    terms, name, began = terms_of(ports, route), holder(route), ports.clock.now()
    mark = session_mark(route) if terms.renews else ""

    def claiming(present: Mailbox) -> Mailbox:
        flight = present.flights.get(command.id)
        if command.id not in present.queue:
            return present
        if flight is None:
            # A session may have come just now, which is to be sent it as well.
            told = not force and _sessions(ports, present, command.id, route, relayed=False)
            free = force or (not told and present.flying(route.connector) < terms.window)
        else:
            # Our own, of a request that died, serves again, unless its attempt is over.
            free = force if flight.holder != name else flight.generation <= command.generation
        return present.claim(command.id, began, name, via=route.connector, session=mark) if free else present

    held = change_mailbox(ports, command.tenant, command.device, claiming, seen=mailbox)
    flight = held.flights.get(command.id) if held is not None else None
    if flight is None or flight.holder != name:
        return Claim(held, ports.commands.get(command.tenant, command.id), ours=False)
    policy, awaited = command.policy.under(terms, relayed=route.relayed), list[bool]()

    def changed(present: Command) -> Command | None:
        now = ports.clock.now()
        if not present.waiting or present.expired(now):
            return None
        awaited.append(present.awaited)
        return replace(change(present, now, flight.generation, policy), awaited=False)

    after, written = change_command(ports, command.tenant, command.id, changed, seen=command)
    if after is not None and written:
        if awaited[-1]:
            # Somebody who delivers has come between our two writes, and left it to us.
            ports.background.deliver(command.tenant, command.device)
        if command.timer:
            ports.deadlines.stop(command.timer)
        after = deadlines.arm_attempt(ports, after)
    ours = after is not None and after.status is Status.PROCESSING and after.generation == flight.generation
    return Claim(held, after, ours)


def delivered(ports: Ports, tenant: str, command_id: str, node: str) -> Command | None:
    """The device has what it took, as it has shown: by its next poll, for instance."""

    def known(command: Command) -> Command | None:
        out = command.status is Status.PROCESSING and command.begun is None
        if not out or command.delivery is DeliveryStatus.DELIVERED:
            return None
        return sent(command, ports.clock.now(), DeliveryStatus.DELIVERED, node)

    return change_command(ports, tenant, command_id, known)[0]


def holder(route: Route) -> str:
    """Who takes by that route, the same in every request."""
    return hashlib.sha256(f"{route.dialect}/{route.connector}/{route.node}".encode()).hexdigest()[:8]
