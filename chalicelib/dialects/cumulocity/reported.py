"""What devices of other dialects report of their configuration and firmware, as the fragments that say so here.

Two reads a device: it is shown where one object is asked for, and in no list.
"""

import json
from typing import Any

from chalicelib.fleet.configuration import document_fields
from chalicelib.fleet.configuration.records import ParameterValue
from chalicelib.fleet.inventory.managed_objects import ManagedObject
from chalicelib.fleet.ports import Ports

CONFIGURATION, FIRMWARE = "c8y_Configuration", "c8y_Firmware"
_RESOURCE = "firmware"
"""The resource whose version a device's firmware is."""


def fragments(ports: Ports, found: ManagedObject) -> dict[str, Any]:
    """Empty for what came in by this API, and where nothing was reported."""
    if not found.origin or found.device is None:
        return {}
    return {**_configuration(ports, found.tenant, found.device), **_firmware(ports, found.tenant, found.device)}


def _configuration(ports: Ports, tenant: str, device: str) -> dict[str, Any]:
    known = ports.configurations.get(tenant, device)
    parameters = document_fields.shown(known).parameters if known is not None else {}
    lines = [f"{name}={_text(one.reported.value)}" for name, one in sorted(parameters.items()) if one.reported]
    return {CONFIGURATION: {"config": "\n".join(lines)}} if lines else {}


def _text(value: ParameterValue) -> str:
    """In one line, so that the next parameter begins another."""
    return value if isinstance(value, str) and len(value.splitlines()) <= 1 else json.dumps(value, ensure_ascii=False)


def _firmware(ports: Ports, tenant: str, device: str) -> dict[str, Any]:
    known = ports.resources.get(tenant, device)
    installed = known.resources[_RESOURCE].reported if known is not None and _RESOURCE in known.resources else None
    return {FIRMWARE: {"name": _RESOURCE, "version": installed.version, "url": ""}} if installed is not None else {}
