"""What the sweep does about commands: it settles what was missed, and hands to timers what comes near."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from chalicelib.fleet.commands import deadlines, finishing
from chalicelib.fleet.commands.changing import change_command
from chalicelib.fleet.commands.records import LOOK, MINUTE, PATROL, Command
from chalicelib.fleet.commands.transitions import soonest
from chalicelib.fleet.due import Matter
from chalicelib.fleet.ports import Ports


def rearm(ports: Ports, near: Sequence[Matter]) -> None:
    """Start their timers, the nearest first."""
    found = (ports.commands.get(matter.tenant, matter.id) for matter in near)
    waiting = [c for c in found if c is not None and not c.final]
    for command in sorted(waiting, key=lambda c: c.deadline or ports.clock.now()):
        _rearm(ports, command)


def on_timer(ports: Ports, subject: Mapping[str, Any]) -> None:
    """Errors: NotDue."""
    finishing.on_deadline(ports, subject["tenant"], subject["device"], subject["command"])


def _rearm(ports: Ports, command: Command) -> None:
    now = ports.clock.now()
    due = command.deadline
    if due is None:
        return
    if due <= now:
        _look(ports, command.tenant, command.device, command.id)
    elif due <= now + PATROL + MINUTE:
        name = command.expiry_timer if command.waiting else command.attempt_timer
        deadlines.arm(ports, command, name, due)


def inspect(ports: Ports, matter: Matter) -> None:
    """Settle, then write down when to look again: only the sweep moves `check_at` of a healthy command."""
    _look(ports, matter.tenant, matter.subject, matter.id)


def _look(ports: Ports, tenant: str, device: str, command_id: str) -> None:
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
