"""Read, change, compare-and-set: how every contended record is written."""

from collections.abc import Callable
from dataclasses import replace

from chalicelib.fleet import routing, tracing
from chalicelib.fleet.commands import Command
from chalicelib.fleet.errors import Contended
from chalicelib.fleet.mailbox import Mailbox
from chalicelib.fleet.ports import Ports

_TRIES = 25


def change_mailbox(
    ports: Ports, tenant: str, device: str, change: Callable[[Mailbox], Mailbox], seen: Mailbox | None = None
) -> Mailbox | None:
    """The mailbox after `change`, or None where the device is gone. `seen` saves the first read."""
    for _ in range(_TRIES):
        mailbox = seen or ports.mailboxes.get(tenant, device)
        seen = None
        if mailbox is None:
            return None
        changed = change(mailbox)
        if changed is mailbox:
            return mailbox
        if ports.mailboxes.replace(mailbox, changed):
            return replace(changed, revision=mailbox.revision + 1)
    raise Contended(f"the mailbox of {device} is written by too many at once")


def change_command(
    ports: Ports, tenant: str, command_id: str, change: Callable[[Command], Command | None], seen: Command | None = None
) -> tuple[Command | None, bool]:
    """The command after `change`, and whether it was ours that changed it; `change` answers None to leave it."""
    for _ in range(_TRIES):
        command = seen or ports.commands.get(tenant, command_id)
        seen = None
        if command is None:
            return None, False
        changed = change(command)
        if changed is None:
            return command, False
        if ports.commands.replace(command, changed):
            if changed.status is not command.status:
                tracing.tell(changed)
                routing.command(ports, changed)
            return replace(changed, revision=command.revision + 1), True
    raise Contended(f"command {command_id} is written by too many at once")
