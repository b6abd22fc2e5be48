"""Read, change, compare-and-set: how every contended record is written."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, TypeVar

from chalicelib.fleet import routing, tracing
from chalicelib.fleet.commands import Command
from chalicelib.fleet.contention import tries
from chalicelib.fleet.errors import Contended
from chalicelib.fleet.mailbox import Mailbox
from chalicelib.fleet.ports import Ports

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    class _Revised(DataclassInstance, Protocol):
        @property
        def revision(self) -> int: ...


R = TypeVar("R", bound="_Revised")


def change_record(
    ports: Ports,
    name: str,
    read: Callable[[], R | None],
    write: Callable[[R, R], bool],
    change: Callable[[R], R | None],
    seen: R | None = None,
) -> tuple[R | None, bool]:
    """The record after `change`, and whether it was ours that changed it.

    `change` answers None, or what it was given, to leave it. `seen` saves the first read. Errors: Contended.
    """
    for _ in tries(ports):
        record = seen or read()
        seen = None
        if record is None:
            return None, False
        changed = change(record)
        if changed is None or changed is record:
            return record, False
        if write(record, changed):
            return replace(changed, revision=record.revision + 1), True
    raise Contended(f"{name} is written by too many at once")


def change_mailbox(
    ports: Ports, tenant: str, device: str, change: Callable[[Mailbox], Mailbox], seen: Mailbox | None = None
) -> Mailbox | None:
    """The mailbox after `change`, or None where the device is gone. `seen` saves the first read."""

    def read() -> Mailbox | None:
        return ports.mailboxes.get(tenant, device)

    return change_record(ports, f"the mailbox of {device}", read, ports.mailboxes.replace, change, seen)[0]


def change_command(
    ports: Ports, tenant: str, command_id: str, change: Callable[[Command], Command | None], seen: Command | None = None
) -> tuple[Command | None, bool]:
    """The command after `change`, and whether it was ours that changed it; `change` answers None to leave it."""

    def read() -> Command | None:
        return ports.commands.get(tenant, command_id)

    def write(command: Command, changed: Command) -> bool:
        if not ports.commands.replace(command, changed):
            return False
        if changed.status is not command.status:
            tracing.tell(changed)
            routing.command(ports, changed)
        return True

    return change_record(ports, f"command {command_id}", read, write, change, seen)
