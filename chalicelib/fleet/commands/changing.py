"""How a command is changed when others may write it too."""

from collections.abc import Callable

from chalicelib.fleet.commands import tracing
from chalicelib.fleet.commands.records import Command
from chalicelib.fleet.compare_and_set import change_record
from chalicelib.fleet.events import routing
from chalicelib.fleet.ports import Ports


def change_command(
    ports: Ports, tenant: str, command_id: str, change: Callable[[Command], Command | None], seen: Command | None = None
) -> tuple[Command | None, bool]:
    """The command after `change`, and whether it was ours that changed it; `change` answers None to leave it."""

    def read() -> Command | None:
        return ports.commands.get(tenant, command_id)

    def tell(command: Command, changed: Command) -> None:
        if changed.status is not command.status or changed.begun != command.begun:
            tracing.tell(changed)
            routing.command(ports, changed)

    return change_record(ports, f"command {command_id}", read, ports.commands.replace, change, seen, tell)
