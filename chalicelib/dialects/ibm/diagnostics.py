"""Logs and error codes of devices, the newest KEPT of each, beside the device itself."""

from collections.abc import Mapping
from typing import Any

from chalicelib.dialects.ibm import inventory, payload
from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.ports import Ports

KEPT = 50
_MOMENT = {"type": ["string", "null"], "maxLength": 64}
LOG = {
    "type": "object",
    "required": ["message", "severity"],
    "properties": {
        "message": {"type": "string", "maxLength": 1024},
        "severity": {"enum": [0, 1, 2]},
        "data": {"type": ["string", "null"], "maxLength": 2048},
        "timestamp": _MOMENT,
    },
}
ERROR_CODE = {
    "type": "object",
    "required": ["errorCode"],
    "properties": {"errorCode": {"type": "integer"}, "timestamp": _MOMENT},
}


def logged(ports: Ports, body: Mapping[str, Any]) -> dict[str, Any]:
    """A log entry as it is kept. Errors: Invalid."""
    now = ports.clock.now()
    shown = {"message": body["message"], "severity": int(body["severity"]), "data": body.get("data") or ""}
    return {"id": ports.new_id(now), **shown, "at": _moment(body, now)}


def coded(ports: Ports, body: Mapping[str, Any]) -> dict[str, Any]:
    """An error code as it is kept. Errors: Invalid."""
    return {"errorCode": body["errorCode"], "at": _moment(body, ports.clock.now())}


def remember(ports: Ports, tenant: str, device_id: str, list_: str, entry: dict[str, Any]) -> None:
    """Keep an entry, in place of the oldest one where there are KEPT. Errors: DeviceNotFound."""
    inventory.change_own(ports, tenant, device_id, lambda own: {**own, list_: [entry, *own.get(list_, ())][:KEPT]})


def forget(ports: Ports, tenant: str, device_id: str, list_: str) -> None:
    """Errors: DeviceNotFound."""
    inventory.change_own(ports, tenant, device_id, lambda own: {k: v for k, v in own.items() if k != list_})


def _moment(body: Mapping[str, Any], now: int) -> int:
    if body.get("timestamp") is None:
        return now
    at = payload.moment(body["timestamp"])
    if at is None:
        raise Invalid("timestamp is a date and time in ISO 8601", "timestamp")
    return at
