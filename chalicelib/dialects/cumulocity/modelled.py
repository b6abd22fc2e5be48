"""Operations for devices of LwM2M: those that an object of theirs can do are carried out as operations of the twin."""

from collections.abc import Callable, Mapping
from typing import Any

from chalicelib.fleet.commands.records import Command
from chalicelib.fleet.errors import Invalid, LimitReached
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.twin import firmware, operating, outcomes, registering
from chalicelib.fleet.twin.records import CONNECTOR, Operation, OperationType

_FIRMWARE = "c8y_Firmware"
_EXECUTED: Mapping[str, str] = {"c8y_Restart": "/3/0/4"}
"""What is executed for a fragment."""
_UNSUPPORTED = "not supported"
_LOST = "the platform broke off before it asked the device; order it again"
_ORDERED_WITHIN = 60_000
"""Longer (ms) than any request takes."""


def carry_out(ports: Ports, command: Command) -> Command:
    """The command as it stands then; one that a device can do nothing with has failed."""
    tenant, device = command.tenant, command.device
    try:
        operating.create(ports, tenant, device, _operation(command))
    except (Invalid, LimitReached) as error:
        outcomes.refuse(ports, tenant, device, command.id, str(error))
    else:
        _wake(ports, tenant, device)
    return ports.commands.get(tenant, command.id) or command


def settled(ports: Ports, command: Command) -> Command:
    """The command as it stands: one that whoever ordered it died over, before a device was asked, has failed.

    Only of those that have waited for longer than a request may take it is looked what the device is asked.
    """
    tenant, device = command.tenant, command.device
    if command.final or ports.clock.now() - command.created < _ORDERED_WITHIN:
        return command
    if any(each.command == command.id for each in operating.listing(ports, tenant, device)):
        return command
    outcomes.refuse(ports, tenant, device, command.id, _LOST)
    return ports.commands.get(tenant, command.id) or command


def _operation(command: Command) -> Callable[[str, int], Operation]:
    """What makes it. Errors: Invalid."""
    asked: Mapping[str, Any] = command.request if isinstance(command.request, dict) else {}
    fragment = str(asked.get("req", ""))
    if fragment == _FIRMWARE:
        uri = _uri(asked.get("arg"))
        return lambda id_, now: firmware.operation(id_, now, uri, command.id)
    path = _EXECUTED.get(fragment)
    if path is None:
        raise Invalid(_UNSUPPORTED)
    return lambda id_, now: Operation(id_, OperationType.EXECUTE, (path,), now, now, now, command=command.id)


def _uri(described: Any) -> str:
    """Where the device finds the package. Errors: Invalid."""
    found = described.get("url") if isinstance(described, dict) else None
    if not isinstance(found, str) or not found.strip():
        raise Invalid(f"{_FIRMWARE} has no url, which the device is to download from")
    uri = found.strip()
    if len(uri.encode(errors="replace")) > firmware.LONGEST_URI:
        raise Invalid(f"the url of {_FIRMWARE} has more than {firmware.LONGEST_URI} bytes")
    return uri


def _wake(ports: Ports, tenant: str, device: str) -> None:
    """A device that is away or asleep asks by itself when it comes."""
    known = ports.devices.get(tenant, device)
    for interface in known.interfaces if known is not None else ():
        presence = (
            registering.present(ports, tenant, device, interface.node) if interface.connector == CONNECTOR else None
        )
        if presence is not None and presence.online and not presence.asleep:
            ports.coaps.wake(presence.client)
