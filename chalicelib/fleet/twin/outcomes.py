"""Commands that a device with a model is given as an operation: what becomes of the operation is the command's end."""

from contextlib import suppress

from chalicelib.fleet.commands import reporting
from chalicelib.fleet.commands.reporting import Report
from chalicelib.fleet.commands.transitions import as_of
from chalicelib.fleet.errors import CommandNotFound, IllegalTransition
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.records import Route
from chalicelib.fleet.twin.records import CONNECTOR, Operation, OperationStatus

_REASONS = {
    OperationStatus.CANCELED: "the operation was canceled",
    OperationStatus.EXPIRED: "the device did not take it, or did not answer, in time",
}


def is_over(ports: Ports, tenant: str, command: str) -> bool:
    """Whether nobody waits for it any more."""
    found = ports.commands.get(tenant, command)
    return found is None or as_of(found, ports.clock.now()).final


def tell(ports: Ports, tenant: str, device: str, ended: Operation) -> None:
    """The end of the command that asked for an operation, if one did; a second time it changes nothing."""
    if ended.command is None:
        return
    # Somebody may have canceled or deleted the command meanwhile.
    with suppress(CommandNotFound, IllegalTransition):
        if ended.status is OperationStatus.OK:
            reporting.succeed(ports, tenant, ended.command, _report(device))
        else:
            reporting.fail(ports, tenant, ended.command, _report(device, _reason(ended)))


def refuse(ports: Ports, tenant: str, device: str, command: str, reason: str) -> None:
    """The device has nothing that could be asked for it."""
    with suppress(CommandNotFound, IllegalTransition):
        reporting.fail(ports, tenant, command, _report(device, reason))


def _report(device: str, reason: str | None = None) -> Report:
    return Report(Route(CONNECTOR, device, CONNECTOR, device, device), reason=reason)


def _reason(ended: Operation) -> str:
    failure = ended.failure
    if failure is None:
        return _REASONS.get(ended.status, str(ended.status))
    return " ".join(filter(None, (str(failure.code), failure.reason, failure.details)))
