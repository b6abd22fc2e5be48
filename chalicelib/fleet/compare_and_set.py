"""Read, change, compare-and-set: how every contended record is written."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, TypeVar

from chalicelib.fleet.commands import tracing
from chalicelib.fleet.commands.records import Command
from chalicelib.fleet.contention import tries
from chalicelib.fleet.errors import Contended
from chalicelib.fleet.events import routing
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.mailbox import Mailbox

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
    tell: Callable[[R, R], None] = lambda _before, _after: None,
) -> tuple[R | None, bool]:
    """The record after `change`, and whether it was ours that changed it.

    `change` answers None, or what it was given, to leave it. `seen` saves the first read. `tell` is called once it is
    written, with what was there before and what is there now. Errors: Contended.
    """
    wanted: tuple[R, R] | None = None
    for _ in tries(ports):
        record = seen or read()
        seen = None
        if record is None:
            return None, False
        if wanted is not None and record == wanted[1]:
            # A write whose answer was lost on the way is repeated, and then it fails: it was ours all the same.
            tell(*wanted)
            return record, True
        changed = change(record)
        if changed is None or changed is record:
            return record, False
        wanted = record, replace(changed, revision=record.revision + 1)
        if write(record, changed):
            tell(*wanted)
            return wanted[1], True
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

    def tell(command: Command, changed: Command) -> None:
        if changed.status is not command.status:
            tracing.tell(changed)
            routing.command(ports, changed)

    return change_record(ports, f"command {command_id}", read, ports.commands.replace, change, seen, tell)
