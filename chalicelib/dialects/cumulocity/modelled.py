"""Operations for devices of LwM2M: those that an object of theirs can do are carried out as operations of the twin."""

from collections.abc import Mapping
from typing import Any

from chalicelib.fleet.commands.records import Command
from chalicelib.fleet.errors import LimitReached
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.twin import operating, outcomes, registering
from chalicelib.fleet.twin.records import CONNECTOR, Operation, OperationType

_EXECUTED: Mapping[str, str] = {"c8y_Restart": "/3/0/4"}
"""What is executed for a fragment."""
_UNSUPPORTED = "not supported"


def carry_out(ports: Ports, command: Command) -> Command:
    """The command as it stands then; one that a device can do nothing with has failed."""
    tenant, device = command.tenant, command.device
    path = _EXECUTED.get(_fragment(command.request))
    if path is None:
        outcomes.refuse(ports, tenant, device, command.id, _UNSUPPORTED)
    else:

        def execution(id_: str, now: int) -> Operation:
            return Operation(id_, OperationType.EXECUTE, (path,), now, now, now, command=command.id)

        try:
            operating.create(ports, tenant, device, execution)
        except LimitReached as error:
            outcomes.refuse(ports, tenant, device, command.id, str(error))
        else:
            _wake(ports, tenant, device)
    return ports.commands.get(tenant, command.id) or command


def _fragment(request: Any) -> str:
    return str(request.get("req", "")) if isinstance(request, dict) else ""


def _wake(ports: Ports, tenant: str, device: str) -> None:
    """A device that is away or asleep asks by itself when it comes."""
    known = ports.devices.get(tenant, device)
    for interface in known.interfaces if known is not None else ():
        presence = (
            registering.present(ports, tenant, device, interface.node) if interface.connector == CONNECTOR else None
        )
        if presence is not None and presence.online and not presence.asleep:
            ports.coaps.wake(presence.client)
