"""The sweep: every minute it finds the deadlines that come near, and what timers and handlers have missed."""

from dataclasses import replace

from chalicelib.fleet.commands import deadlines, finishing
from chalicelib.fleet.commands.changing import change_command
from chalicelib.fleet.commands.records import LOOK, MINUTE, PATROL, Command, soonest
from chalicelib.fleet.ports import Ports


def sweep(ports: Ports, *, everything: bool = False) -> int:
    """Hand near deadlines to their timers and settle what is overdue; returns how many commands were looked at.

    Runs every minute. `everything` also re-arms all that is not final, nearest first: for a restart after which no
    timer is left.
    """
    now = ports.clock.now()
    overdue = list(ports.commands.due(after=0, until=now))
    failed = [error for subject in overdue if (error := _failure(ports, *subject)) is not None]
    horizon = (now, 1 << 62) if everything else (now + PATROL - MINUTE, now + PATROL + MINUTE)
    near = list(ports.commands.due(after=horizon[0], until=horizon[1]))
    waiting = [c for t, _, i in near if (c := ports.commands.get(t, i)) is not None and not c.final]
    for command_ in sorted(waiting, key=lambda c: c.deadline or now):
        _rearm(ports, command_)
    if failed:
        raise ExceptionGroup(f"{len(failed)} of {len(overdue)} overdue commands could not be settled", failed)
    return len(overdue) + len(near)


def _failure(ports: Ports, tenant: str, device: str, command: str) -> Exception | None:
    """What kept one command from being settled: it must not hold up all the others."""
    try:
        _inspect(ports, tenant, device, command)
    except Exception as error:  # noqa: BLE001 - raised by the sweep once it is through
        return error
    return None


def _rearm(ports: Ports, command: Command) -> None:
    now = ports.clock.now()
    due = command.deadline
    if due is None:
        return
    if due <= now:
        _inspect(ports, command.tenant, command.device, command.id)
    elif due <= now + PATROL + MINUTE:
        name = command.expiry_timer if command.waiting else command.attempt_timer
        deadlines.arm(ports, command, name, due)


def _inspect(ports: Ports, tenant: str, device: str, command_id: str) -> None:
    """Settle, then write down when to look again: only the sweep moves `check_at` of a healthy command."""
    finishing.settle(ports, tenant, device, command_id)
    now = ports.clock.now()
    mailbox = ports.mailboxes.get(tenant, device)

    def later(command: Command) -> Command | None:
        if command.final or (command.check_at or 0) > now:
            return None
        soon = command.waiting and mailbox is not None and mailbox.reachable(command.connector)
        rest = PATROL if soon else LOOK
        due = soonest(command.deadline, now + rest if soon or command.deadline is None else None)
        return replace(command, check_at=max(now + MINUTE, due))

    command, _ = change_command(ports, tenant, command_id, later)
    if command is not None and command.waiting:
        deadlines.arm_expiry(ports, command)
