"""What a client does with commands: create, read, list, cancel, delete."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from chalicelib.fleet import ids, traces
from chalicelib.fleet.commands import deadlines, finishing, granting, tracing
from chalicelib.fleet.commands.changing import change_command
from chalicelib.fleet.commands.records import LOOK, MINUTE, PATROL, SECOND, Command, Entry, Policy, Status
from chalicelib.fleet.commands.transitions import as_of, move, soonest
from chalicelib.fleet.compare_and_set import tries
from chalicelib.fleet.errors import (
    CommandDuplicate,
    CommandLimitReached,
    CommandNotFound,
    Contended,
    DeviceNotFound,
    IllegalTransition,
)
from chalicelib.fleet.events import routing
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.changing import change_mailbox
from chalicelib.fleet.presence.mailbox import Mailbox
from chalicelib.fleet.tenancy.records import Kept


@dataclass(frozen=True, slots=True)
class Order:
    """A command as a client asks for it; `id` is given where the same order may arrive again.

    Without a connector it goes by whichever of the device's routes is open, the newest first. `dialect` is whose terms
    hold for a device that has no route by now.
    """

    connector: str | None
    request: Any
    policy: Policy
    notify_to: str | None = None
    trace: str | None = None
    id: str | None = None
    dialect: str | None = None


def create(ports: Ports, tenant: str, device: str, order: Order) -> Command:
    """A PENDING command in the device's queue; its delivery begins in the background.

    Errors: DeviceNotFound, CommandLimitReached.
    """
    mailbox = ports.mailboxes.get(tenant, device)
    if mailbox is None:
        raise DeviceNotFound(f"device {device} not found")
    try:
        granting.ensure_room(ports, mailbox, order.connector, order.dialect)
    except CommandLimitReached:
        mailbox = _tidied(ports, mailbox)
        granting.ensure_room(ports, mailbox, order.connector, order.dialect)
    # The record first: a queue that names a command which is not there yet would be taken for a crash and repaired.
    command = _stored(ports, tenant, device, order, mailbox)
    try:
        queued = change_mailbox(
            ports, tenant, device, lambda m: _enqueue(ports, m, command, order.dialect), seen=mailbox
        )
    except CommandLimitReached:
        ports.commands.delete(tenant, command.id)
        raise
    if queued is None:
        ports.commands.delete(tenant, command.id)
        raise DeviceNotFound(f"device {device} not found")
    tracing.tell(command)
    routing.command(ports, command)
    if command.timer:
        deadlines.arm_expiry(ports, command)
    if granting.worth_it(ports, queued, command.connector, command.created):
        ports.background.deliver(tenant, device)
    return command


def get(ports: Ports, tenant: str, command_id: str) -> Command:
    command = ports.commands.get(tenant, command_id)
    if command is None:
        raise CommandNotFound(f"command {command_id} not found")
    return as_of(command, ports.clock.now())


def cancel(ports: Ports, tenant: str, command_id: str, *, begun: bool = True) -> Command:
    """End a command before it is PROCESSED; where not `begun`, before its device is at it.

    Errors: CommandNotFound, IllegalTransition (it is final, or begun).
    """
    now = ports.clock.now()

    def canceled(command: Command) -> Command | None:
        if as_of(command, now).final:
            raise IllegalTransition(f"a command that is {as_of(command, now).status} cannot be canceled")
        # Its device may begin at the same time: one of the two comes first.
        if not begun and command.begun is not None:
            raise IllegalTransition("a command that its device has begun is not canceled")
        return move(command, now, Status.CANCELED, delivery=command.delivery)

    command, ours = change_command(ports, tenant, command_id, canceled)
    if command is None:
        raise CommandNotFound(f"command {command_id} not found")
    finishing.finish(ports, command, told=ours)
    return command


def delete(ports: Ports, tenant: str, command_id: str) -> None:
    """Remove a command and its history; one that is not final is canceled first."""
    command = ports.commands.get(tenant, command_id)
    if command is None:
        raise CommandNotFound(f"command {command_id} not found")
    now = ports.clock.now()

    def ended(present: Command) -> Command | None:
        if present.final:
            return None
        overdue = as_of(present, now)
        return overdue if overdue.final else move(present, now, Status.CANCELED, delivery=present.delivery)

    present, ours = change_command(ports, tenant, command_id, ended, seen=command)
    if present is not None:
        finishing.finish(ports, present, told=ours)
    ports.commands.delete(tenant, command_id)


def listing(
    ports: Ports, tenant: str, device: str, *, start: int | None, end: int | None, descending: bool = True
) -> Iterator[Command]:
    """The commands of a device created in [start, end), read as they are drawn. Errors: DeviceNotFound."""
    if ports.mailboxes.get(tenant, device) is None:
        raise DeviceNotFound(f"device {device} not found")
    now = ports.clock.now()
    found = ports.commands.of_device(tenant, device, start=start, end=end, descending=descending)
    return (as_of(c, now) for c in found)


def _stored(ports: Ports, tenant: str, device: str, order: Order, mailbox: Mailbox) -> Command:
    """Errors: CommandDuplicate, of an order that brings its id; Contended."""
    wording = ports.wordings.of(tenant, device, order.request)
    for _ in tries(ports):
        command = _new(ports, tenant, device, order, mailbox, wording)
        try:
            ports.commands.create(command)
        except CommandDuplicate:
            if order.id:
                raise
            # Two of one millisecond drew the same number.
            continue
        return command
    raise Contended("commands are made by too many at once")


def _id(ports: Ports, tenant: str, now: int) -> str:
    """One that stands for a number, where devices are objects: then commands are found by that as well."""
    if ports.tenants.settings(tenant).objects is None:
        return ports.new_id(now)
    return ids.of_number(ids.number(now, ports.chance(2)))


def _new(ports: Ports, tenant: str, device: str, order: Order, mailbox: Mailbox, wording: Any) -> Command:
    now = ports.clock.now()
    expires = None if order.policy.expiration is None else now + order.policy.expiration * SECOND
    command = Command(
        tenant=tenant,
        id=order.id or _id(ports, tenant, now),
        device=device,
        connector=order.connector,
        request=order.request,
        wording=wording,
        policy=order.policy,
        created=now,
        updated=now,
        expires=expires,
        check_at=now + LOOK if expires is None else expires,
        notify_to=order.notify_to,
        trace=order.trace or traces.present(),
        kept=ports.tenants.settings(tenant).kept(Kept.COMMANDS),
        history=(Entry(now, Status.PENDING),),
    )
    if granting.worth_it(ports, mailbox, command.connector, now):
        # If all goes well it is final before: the sweep costs nothing then, and is not far if something went wrong.
        over = now + command.policy.attempts * command.policy.allowance + 2 * MINUTE
        return replace(command, check_at=soonest(expires, now + PATROL, over))
    if mailbox.reachable(command.connector):
        command = replace(command, check_at=soonest(expires, now + PATROL))
    near = expires is not None and expires <= now + PATROL
    return replace(command, timer=command.expiry_timer if near else None)


def _tidied(ports: Ports, mailbox: Mailbox) -> Mailbox:
    """The mailbox without what a crash left in its queue: a client is refused only for commands that are not final."""
    for command_id in mailbox.queue:
        finishing.settle(ports, mailbox.tenant, mailbox.device, command_id, wake=False)
    found = ports.mailboxes.get(mailbox.tenant, mailbox.device)
    if found is None:
        raise DeviceNotFound(f"device {mailbox.device} not found")
    if (found.queue, found.flights) != (mailbox.queue, mailbox.flights):
        ports.background.deliver(mailbox.tenant, mailbox.device)
    return found


def _enqueue(ports: Ports, mailbox: Mailbox, command: Command, dialect: str | None) -> Mailbox:
    # Two creations at once both saw room: the revision lets one through and makes the other look again.
    if command.id not in mailbox.queue:
        granting.ensure_room(ports, mailbox, command.connector, dialect)
    return mailbox.enqueue(command.id, command.connector)
