"""What becomes of a command by answer, by deadline or by repair. Everything here may run again and at any time."""

from dataclasses import replace
from typing import Any

from chalicelib.fleet.commands import deadlines, granting
from chalicelib.fleet.commands.changing import change_command
from chalicelib.fleet.commands.records import Command, DeliveryStatus, Entry, Status
from chalicelib.fleet.commands.transitions import as_of, attempt_failed, move, remember
from chalicelib.fleet.errors import CommandLimitReached
from chalicelib.fleet.events import routing
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.ids import correlation
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.changing import change_mailbox
from chalicelib.fleet.presence.mailbox import Mailbox

_EARLY = 2_000
_RECENT = 50
"""How many of a device's commands a late answer is compared with."""


class NotDue(Exception):
    """The deadline came before its time (clocks differ): ask again in a moment."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a device said to a command: `event` tells repeated deliveries of one message from two messages."""

    cid: int
    response: Any
    event: str
    node: str


def answer(ports: Ports, tenant: str, device: str, said: Answer) -> Command | None:
    """A device's answer to the command with this correlation id; None if there never was one.

    The first answer to a command that was sent makes it PROCESSED. Where that did not wait for an answer, the first one
    to come is its response all the same. A later one is recorded and changes nothing; the same event arriving again is
    not even recorded.
    """
    mailbox = ports.mailboxes.get(tenant, device)
    if mailbox is None:
        return None
    command_id = _correlated(ports, mailbox, said.cid)
    if command_id is None:
        return None
    now = ports.clock.now()

    def answered(command: Command) -> Command | None:
        if command.answered_by == said.event:
            return None
        # Whoever reads the command now is told what the clock says; the answer must not contradict that.
        command = as_of(command, now)
        if command.status in (Status.PROCESSING, Status.RETRYING):
            return replace(
                move(command, now, Status.PROCESSED, delivery=DeliveryStatus.REPLIED, node=said.node),
                response=said.response,
                answered_by=said.event,
            )
        if command.status is Status.PROCESSED and command.answered_by is None:
            replied = Entry(now, command.status, DeliveryStatus.REPLIED, node=said.node)
            return replace(
                command,
                delivery=replied.delivery,
                response=said.response,
                answered_by=said.event,
                history=remember(command.history, replied),
                updated=now,
            )
        late = Entry(now, command.status, command.delivery, command.error, said.node, "an answer came too late")
        return replace(command, history=remember(command.history, late), answered_by=said.event, updated=now)

    command, ours = change_command(ports, tenant, command_id, answered)
    if command is None:
        return None
    if command.final:
        finish(ports, command, seen=mailbox, told=ours and command.since == now)
    return command


def on_deadline(ports: Ports, tenant: str, device: str, command_id: str) -> None:
    """A timer has run out. NotDue if it did so a moment before the deadline, as clocks differ."""
    command = ports.commands.get(tenant, command_id)
    due = command.deadline if command is not None and not command.final else None
    if due is not None and 0 < due - ports.clock.now() <= _EARLY:
        raise NotDue
    settle(ports, tenant, device, command_id, seen=command)


def settle(
    ports: Ports, tenant: str, device: str, command_id: str, *, wake: bool = True, seen: Command | None = None
) -> bool:
    """Do what the clock demands of a command, and mend what a crash left behind; True if that changed anything."""
    command = seen or ports.commands.get(tenant, command_id)
    mailbox = ports.mailboxes.get(tenant, device)
    if command is None:
        return change_mailbox(ports, tenant, device, lambda m: m.remove(command_id), seen=mailbox) is not mailbox
    if mailbox is None and not command.final:
        return _orphaned(ports, command)
    if command.final:
        return _tidy(ports, command, mailbox, wake=wake)
    now = ports.clock.now()
    if command.waiting:
        return _settle_waiting(ports, command, mailbox, now, wake=wake)
    return _settle_processing(ports, command, mailbox, now, wake=wake)


def expire(ports: Ports, command: Command, mailbox: Mailbox | None = None) -> bool:
    """A claimed command expires only where no attempt's time-out ends it before.

    A claim and an expiry meet in the command's revision, and one of them wins.
    """
    now = ports.clock.now()
    changed, ours = change_command(
        ports,
        command.tenant,
        command.id,
        lambda c: move(c, now, Status.EXPIRED) if not c.final and c.due is None and c.expired(now) else None,
        seen=command,
    )
    if changed is not None and changed.final:
        finish(ports, changed, seen=mailbox, told=ours)
    return ours


def finish(
    ports: Ports, command: Command, seen: Mailbox | None = None, *, told: bool, wake: bool = True
) -> Mailbox | None:
    """A command is final: free its place, stop its clock, let the next one go. Repeated after a crash.

    `told` is that its end was told just now.
    """
    mailbox = leave(ports, command, seen, told=told)
    if wake and mailbox is not None and mailbox.wants_delivery(ports.clock.now()):
        ports.background.deliver(command.tenant, command.device)
    if command.timer:
        # Last: should we die before, it runs out and repeats all this.
        ports.deadlines.stop(command.timer)
    return mailbox


def leave(ports: Ports, command: Command, seen: Mailbox | None = None, *, told: bool) -> Mailbox | None:
    """A final command leaves the mailbox, after its end was told: who finds it there later tells it again."""
    # An older state of the mailbox would make us tell again what its teller has finished since.
    mailbox = seen if seen and told else ports.mailboxes.get(command.tenant, command.device)
    if mailbox is None:
        return None
    if not told and command.id in mailbox.queue:
        routing.command(ports, command)
    ended = (command.about, command.answered_by or "") if command.about else None
    return change_mailbox(ports, command.tenant, command.device, lambda m: m.remove(command.id, ended), seen=mailbox)


def land(ports: Ports, command: Command, generation: int, seen: Mailbox | None = None) -> Mailbox | None:
    """A claim is over, and its command goes on waiting."""
    return change_mailbox(ports, command.tenant, command.device, lambda m: m.land(command.id, generation), seen=seen)


def _settle_waiting(ports: Ports, command: Command, mailbox: Mailbox | None, now: int, *, wake: bool) -> bool:
    if command.expired(now):
        return expire(ports, command, mailbox)
    if mailbox is None:
        return False
    flight = mailbox.flights.get(command.id)
    changed = False
    if flight is not None and flight.stale(now):
        # Claimed, then crashed before the command was marked: it was never sent.
        mailbox = land(ports, command, flight.generation, mailbox)
        changed = True
    if mailbox is not None and command.id not in mailbox.queue:
        # Created, then crashed before it was queued.
        mailbox = _requeue(ports, command)
        changed = True
    # Also where a claim blocks the way: its holder may have crashed, and who delivers looks after that.
    if wake and mailbox is not None and mailbox.reachable(command.connector):
        ports.background.deliver(command.tenant, command.device)
    return changed


def _requeue(ports: Ports, command: Command) -> Mailbox | None:
    def add(mailbox: Mailbox) -> Mailbox:
        granting.ensure_room(ports, mailbox, command.connector)
        return mailbox.enqueue(command.id, command.connector)

    try:
        mailbox = change_mailbox(ports, command.tenant, command.device, add)
    except CommandLimitReached:
        return None
    # It may have become final, and left the queue, between our reading it and our reading the mailbox: look again.
    present = ports.commands.get(command.tenant, command.id)
    if present is None or present.final:
        return change_mailbox(ports, command.tenant, command.device, lambda m: m.remove(command.id), seen=mailbox)
    return mailbox


def _settle_processing(ports: Ports, command: Command, mailbox: Mailbox | None, now: int, *, wake: bool) -> bool:
    if not command.overdue(now):
        flight = mailbox.flights.get(command.id) if mailbox else None
        if flight is not None and flight.slow(now):
            deadlines.watch(ports, command)
        return False
    if command.due is None:
        return expire(ports, command, mailbox)
    generation = command.generation

    def failed(present: Command) -> Command | None:
        # Its device may say at the same time that it has begun: then nothing is overdue any more.
        still = present.status is Status.PROCESSING and present.generation == generation and present.due is not None
        return attempt_failed(present, now) if still and present.overdue(now) else None

    changed, ours = change_command(ports, command.tenant, command.id, failed, seen=command)
    if changed is None or changed.status is Status.PROCESSING:
        return False
    over = leave(ports, changed, mailbox, told=ours) if changed.final else land(ports, changed, generation, mailbox)
    if changed.waiting:
        deadlines.arm_expiry(ports, changed)
    if wake and over is not None and over.wants_delivery(now):
        ports.background.deliver(command.tenant, command.device)
    return ours or over is not mailbox


def _tidy(ports: Ports, command: Command, mailbox: Mailbox | None, *, wake: bool) -> bool:
    if mailbox is None or (command.id not in mailbox.queue and command.id not in mailbox.flights):
        return False
    finish(ports, command, told=False, wake=wake)
    return True


def _orphaned(ports: Ports, command: Command) -> bool:
    """Its device is gone: nobody will ever take it."""
    now = ports.clock.now()

    def canceled(present: Command) -> Command | None:
        if present.final:
            return None
        overdue = as_of(present, now)
        if overdue.final:
            return overdue
        return move(present, now, Status.CANCELED, delivery=present.delivery, note="the device was deleted")

    _, ours = change_command(
        ports,
        command.tenant,
        command.id,
        canceled,
        seen=command,
    )
    return ours


def _correlated(ports: Ports, mailbox: Mailbox, cid: int) -> str | None:
    for command_id in (*mailbox.flights, *mailbox.queue):
        if correlation(command_id) == cid:
            return command_id
    past = ports.commands.of_device(mailbox.tenant, mailbox.device, start=None, end=None, descending=True)
    for _, command in zip(range(_RECENT), past, strict=False):
        if command.correlation == cid:
            return command.id
    return None
