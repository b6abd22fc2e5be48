"""Sending the command that is next in a line, one claim at a time.

A command is sent only by whoever raised the mailbox's generation for it. Each connector has its line, and those that
name none have one: a line that cannot move now holds up nothing of the others.
"""

from dataclasses import dataclass, field, replace
from enum import Enum

from chalicelib.fleet.commands import deadlines, finishing
from chalicelib.fleet.commands.awaiting import left_to_another
from chalicelib.fleet.commands.changing import change_command
from chalicelib.fleet.commands.granting import session_mark, terms_of
from chalicelib.fleet.commands.records import (
    CONFIRMATION,
    PATROL,
    SECOND,
    AckMode,
    Command,
    DeliveryStatus,
    Failure,
    Status,
)
from chalicelib.fleet.commands.renewing import renewed
from chalicelib.fleet.commands.transitions import attempt_failed, claimed, move, put_back, sent
from chalicelib.fleet.errors import TemporarilyUnavailable
from chalicelib.fleet.ports import Outcome, Ports
from chalicelib.fleet.presence import connecting, relaying
from chalicelib.fleet.presence.changing import change_mailbox
from chalicelib.fleet.presence.mailbox import Mailbox
from chalicelib.fleet.presence.records import Capability, Route


@dataclass(slots=True)
class Run:
    """What one run of `deliver` knows of itself.

    `blocked` are the lines that could not move when it looked at them: whoever frees them wakes a run of its own.
    `claims` are the generations under which it has sent. `awaited` once somebody has left what follows to it.
    """

    blocked: set[str] = field(default_factory=set)
    claims: set[int] = field(default_factory=set)
    awaited: bool = False


def _again(ports: Ports, mailbox: Mailbox) -> Mailbox | None:
    return ports.mailboxes.get(mailbox.tenant, mailbox.device)


def _repair(ports: Ports, mailbox: Mailbox) -> bool:
    """Look after claims whose holder may have crashed; True if one was freed."""
    now, freed = ports.clock.now(), False
    for command_id, flight in mailbox.flights.items():
        if flight.stale(now):
            freed = finishing.settle(ports, mailbox.tenant, mailbox.device, command_id, wake=False) or freed
        elif flight.slow(now):
            # Too young to be taken over, too old not to be looked at again.
            command = ports.commands.get(mailbox.tenant, command_id)
            if command is not None:
                deadlines.watch(ports, command)
    return freed


def _taken_over(ports: Ports, mailbox: Mailbox, route: Route, run: Run) -> Mailbox | None:
    """What a sender that died had on its way by that route is sent again first; else nothing changes."""
    latest = mailbox.latest(route.connector)
    flight = mailbox.flights[latest] if latest is not None else None
    if latest is None or flight is None or flight.generation in run.claims or not flight.abandoned(ports.clock.now()):
        return mailbox
    freed = finishing.settle(ports, mailbox.tenant, mailbox.device, latest, wake=False)
    return _again(ports, mailbox) if freed else mailbox


_PUT_BACK = {Outcome.ABSENT: "the device was not connected", Outcome.BUSY: "the broker was busy"}


def _after(command: Command, now: int, node: str, outcome: Outcome) -> Command:
    mode = AckMode.APPLICATIVE if command.policy.awaits_answer else command.policy.mode
    match outcome:
        case Outcome.CONFIRMED | Outcome.CONCLUDED if mode is AckMode.NONE:
            return move(command, now, Status.PROCESSED, delivery=DeliveryStatus.SENT, node=node)
        case Outcome.CONCLUDED:
            return move(command, now, Status.PROCESSED, delivery=DeliveryStatus.DELIVERED, node=node)
        case Outcome.CONFIRMED if mode is AckMode.NETWORK:
            return move(command, now, Status.PROCESSED, delivery=DeliveryStatus.DELIVERED, node=node)
        case Outcome.CONFIRMED:
            return sent(command, now, DeliveryStatus.DELIVERED, node)
        case Outcome.UNCONFIRMED if mode is AckMode.APPLICATIVE:
            return sent(command, now, DeliveryStatus.SENT, node)
        case Outcome.UNCONFIRMED:
            return attempt_failed(command, now, node)
        case Outcome.UNHEARD:
            return sent(command, now, None, node)
        case Outcome.REFUSED:
            return move(command, now, Status.ERROR, error=Failure.DELIVERY_REFUSED, node=node)
        case Outcome.ABSENT | Outcome.BUSY:
            return put_back(command, now, _PUT_BACK[outcome])


_ARRIVING = frozenset({Outcome.CONFIRMED, Outcome.CONCLUDED, Outcome.UNCONFIRMED, Outcome.UNHEARD})


def _reached(command: Command, route: Route, outcome: Outcome) -> Command:
    if not route.heard or outcome not in _ARRIVING:
        return command
    before = command.reached if command.reached_in == route.session else frozenset()
    return replace(command, reached=before | route.heard, reached_in=route.session)


def _not_reached(command: Command, route: Route) -> Route:
    """The route with those filters alone on which its session was not sent the command yet."""
    if command.reached_in != route.session:
        return route
    return replace(route, heard=route.heard - command.reached)


def _over(
    ports: Ports, command: Command | None, mailbox: Mailbox, command_id: str, *, ours: bool = False
) -> Mailbox | None:
    """Our claim is over; `ours` where we brought the command to where it stands now, None if it was deleted."""
    if command is None:
        return change_mailbox(ports, mailbox.tenant, mailbox.device, lambda m: m.remove(command_id), seen=mailbox)
    if not command.final:
        return finishing.land(ports, command, mailbox.flights[command_id].generation, mailbox)
    if command.answered_by and not ours:
        # Its answer has overtaken us: who handles that is about to tell it and to let the next one go.
        return _again(ports, mailbox)
    return finishing.leave(ports, command, mailbox, told=ours)


def _conclude(
    ports: Ports, attempt: Command, route: Route, outcome: Outcome, mailbox: Mailbox, run: Run
) -> Mailbox | None:
    now = ports.clock.now()
    generation = attempt.generation

    def result(command: Command) -> Command | None:
        run.awaited = run.awaited or command.awaited
        # An answer may have overtaken us, or a canceling client: then there is nothing left to say.
        if command.status is not Status.PROCESSING or command.generation != generation or command.begun is not None:
            return None
        return replace(_reached(_after(command, now, route.node, outcome), route, outcome), awaited=False)

    command, ours = change_command(ports, attempt.tenant, attempt.id, result, seen=attempt)
    # Who has deleted it took a mark along.
    run.awaited = run.awaited or command is None
    if command is not None and command.status is Status.PROCESSING and command.generation == generation:
        return mailbox
    if attempt.timer and outcome is not Outcome.CONFIRMED:
        ports.deadlines.stop(attempt.timer)
    left = _over(ports, command, mailbox, attempt.id, ours=ours)
    there = (
        outcome is Outcome.ABSENT
        and left is not None
        and connecting.consult(ports, attempt.tenant, attempt.device, route) is not None
    )
    if command is not None and command.waiting:
        deadlines.arm_expiry(ports, command)
    if outcome is Outcome.BUSY or there:
        raise TemporarilyUnavailable("the broker could not take a downlink; it will be tried again")
    return _again(ports, left) if outcome is Outcome.ABSENT and left else left


def _attempt(ports: Ports, command: Command, route: Route, mailbox: Mailbox, run: Run) -> Mailbox | None:
    """`mailbox` holds our claim; what it is like afterwards."""
    now, generation = ports.clock.now(), mailbox.flights[command.id].generation
    run.claims.add(generation)
    policy = command.policy.under(terms_of(ports, route), relayed=route.relayed)
    attempt, _ = change_command(
        ports,
        command.tenant,
        command.id,
        lambda c: claimed(c, now, generation, route.node, policy) if c.waiting and not c.expired(now) else None,
        seen=command,
    )
    # Not whether our write was confirmed, but whether it is there: its first answer may have been lost on the way.
    if attempt is None or attempt.status is not Status.PROCESSING or attempt.generation != generation:
        # Canceled, deleted, expired or taken by the device itself between reading and claiming; somebody may have left
        # to us what follows before that.
        run.awaited = True
        return _over(ports, attempt, mailbox, command.id)
    if command.timer:
        ports.deadlines.stop(command.timer)
    attempt = deadlines.arm_attempt(ports, attempt)
    lasts = CONFIRMATION if attempt.expires is None else (attempt.expires - now) // SECOND
    allowed = min(CONFIRMATION, max(1, lasts), attempt.policy.ack_timeout or CONFIRMATION)
    left = _not_reached(command, route)
    # What its session has already is not sent to it twice, but where it has begun to listen since.
    had = bool(route.heard) and not left.heard
    outcome = Outcome.UNCONFIRMED if had else ports.delivery.command(left, attempt, allowed)
    return _conclude(ports, attempt, left, outcome, mailbox, run)


def _claim(ports: Ports, mailbox: Mailbox, command: Command, route: Route, run: Run) -> Mailbox | None:
    holder = ports.chance(4).hex()
    session = session_mark(route) if terms_of(ports, route).renews else ""
    if session and route.relayed:
        # The gateway's next session gets it again, and finds who waits by that.
        relaying.note(ports, mailbox, route)
    claiming = mailbox.claim(command.id, ports.clock.now(), holder, via=route.connector, session=session)
    if ports.mailboxes.replace(mailbox, claiming):
        return _attempt(ports, command, route, replace(claiming, revision=mailbox.revision + 1), run)
    # A write whose answer was lost on the way is repeated, and then it fails: it may be our own claim that is there.
    present = _again(ports, mailbox)
    flight = present.flights.get(command.id) if present else None
    if present is None or flight is None or flight.holder != holder:
        return present
    return _attempt(ports, command, route, present, run)


def send_next(ports: Ports, mailbox: Mailbox, run: Run) -> Mailbox | None:
    """One step of a run; the mailbox that it leaves if there may be another."""
    full: list[Command] = []
    for line, head in mailbox.heads():
        if line in run.blocked:
            continue
        moved = _move(ports, mailbox, line, head, run, full)
        if not isinstance(moved, _Stuck):
            return moved
    if _repair(ports, mailbox):
        run.blocked.clear()
        return _again(ports, mailbox)
    for command in full:
        # Whoever is to move it may have died, or die before that.
        deadlines.arm_expiry(ports, deadlines.look_by(ports, command, ports.clock.now() + PATROL))
    return None


class _Stuck(Enum):
    STUCK = "this line cannot move now"


def _move(
    ports: Ports, mailbox: Mailbox, line: str, head: str, run: Run, full: list[Command]
) -> Mailbox | _Stuck | None:
    command = ports.commands.get(mailbox.tenant, head)
    if command is None:
        return change_mailbox(ports, mailbox.tenant, mailbox.device, lambda m: m.remove(head), seen=mailbox)
    if command.final:
        return finishing.finish(ports, command, told=False, wake=False)
    if not command.waiting:
        # Its claim was lost on the way: whoever is at it has it.
        since = ports.clock.now()
        again = lambda m: m.resumed(head, command.generation, since)  # noqa: E731
        return change_mailbox(ports, mailbox.tenant, mailbox.device, again, seen=mailbox)
    now = ports.clock.now()
    run.blocked.add(line)
    if command.expired(now + SECOND - 1):
        # Too late for an acknowledgement before it expires.
        deadlines.arm_expiry(ports, command)
        if not finishing.expire(ports, command, mailbox):
            return _Stuck.STUCK
        run.blocked.discard(line)
        return _again(ports, mailbox)
    moved = _by_a_route(ports, mailbox, command, run, full)
    if not isinstance(moved, _Stuck):
        run.blocked.discard(line)
    return moved


def _by_a_route(
    ports: Ports, mailbox: Mailbox, command: Command, run: Run, full: list[Command]
) -> Mailbox | _Stuck | None:
    routes = mailbox.routes(Capability.COMMAND, command.connector)
    free = [r for r in routes if mailbox.flying(r.connector) < terms_of(ports, r).window]
    if len(free) < len(routes):
        full.append(command)
    if routes and not free:
        return _Stuck.STUCK
    route = relaying.open_route(ports, mailbox, free, Capability.COMMAND)
    if route is not None and not terms_of(ports, route).take:
        first = renewed(ports, mailbox, route)
        if first is not mailbox:
            return first
        present = _taken_over(ports, mailbox, route, run)
        if present is not mailbox:
            return present
        if left_to_another(ports, mailbox, route, command.id, run.claims):
            full.append(command)
            return _Stuck.STUCK
        return _claim(ports, mailbox, command, route, run)
    deadlines.arm_expiry(ports, command)
    if route is not None:
        ports.delivery.announce(route)
        return _Stuck.STUCK
    return _again(ports, mailbox) if connecting.ask(ports, mailbox, command.connector) else _Stuck.STUCK
