"""What a device says as it has done something: parameters of 503 and 506 (guide "MQTT", "Set operation to SUCCESSFUL").

Some belong to the operation, some to the device; what an operation has no use for is left.
"""

from collections.abc import Sequence
from typing import Any

from chalicelib.dialects.cumulocity import naming, operations, times
from chalicelib.dialects.cumulocity.smartrest.publishing import stamped
from chalicelib.fleet import ids
from chalicelib.fleet.commands.records import Command
from chalicelib.fleet.errors import ObjectNotFound
from chalicelib.fleet.inventory import objects
from chalicelib.fleet.ports import Ports

_INTO = {"c8y_Command": "result", "c8y_LogfileRequest": "file"}
"""Fragments of operations, and where in them the first parameter belongs."""


def of(ports: Ports, tenant: str, command: Command, fragment: str, values: Sequence[str], at: int) -> Any:
    """What is merged into the operation; what is the device's is written. `at` in ms."""
    asked = operations.asked(command).get(fragment)
    held = asked if isinstance(asked, dict) else {}
    first = values[0] if values else ""
    if fragment in _INTO:
        return {fragment: {**held, _INTO[fragment]: first}} if first else None
    told = _of_device(fragment, held, list(values), at)
    number = naming.number_of(command.device)
    if told and number is not None:
        try:
            stamp = ids.ordered_id(at, at, command.id)
            objects.update(ports, tenant, number, lambda found: stamped(found, told, stamp))
        except ObjectNotFound:
            # It was deleted meanwhile, and the operation goes with it.
            return None
    return None


def _of_device(fragment: str, held: dict[str, Any], values: list[str], at: int) -> dict[str, Any]:
    match fragment:
        case "c8y_RelayArray" if values:
            return {fragment: values}
        case "c8y_CommunicationMode" if held.get("mode"):
            return {fragment: {"mode": held["mode"]}}
        case "c8y_DownloadConfigFile" if not held.get("type"):
            dump = held.get("c8y_ConfigurationDump")
            named = dump.get("id") if isinstance(dump, dict) else None
            time = values[0] if values and values[0] else times.render(at)
            return {"c8y_ConfigurationDump": {**({"id": named} if named else {}), "time": time}}
    return {}
