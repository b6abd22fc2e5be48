"""Managed devices are told of what others change about them ("Device Management Protocol", Update device attributes).

A device that is away hears nothing: it says what it is when it asks to be managed again.
"""

from collections.abc import Callable, Mapping
from typing import Any

from chalicelib.dialects.ibm import actions, behind, inventory, payload, places
from chalicelib.fleet.inventory.records import Device
from chalicelib.fleet.ports import Ports

_TOLD = ("metadata", "deviceInfo")
_UPDATE = "device/update"


def change(
    ports: Ports, tenant: str, device_id: str, changed: Callable[[Mapping[str, Any]], Mapping[str, Any]]
) -> Device:
    """As `inventory.change_own`; the device is told of its new `metadata` and `deviceInfo`. Errors: DeviceNotFound."""
    before: dict[str, Any] = {}

    def noted(own: Mapping[str, Any]) -> Mapping[str, Any]:
        before.clear()
        before.update(own)
        return changed(own)

    device = inventory.change_own(ports, tenant, device_id, noted)
    own = inventory.own(device)
    _tell(ports, device, {name: own[name] for name in _TOLD if name in own and own[name] != before.get(name)})
    return device


def move(ports: Ports, tenant: str, device_id: str, place: Mapping[str, Any]) -> Device:
    """As `places.put`; the device is told where it is. Errors: DeviceNotFound."""
    device = places.put(ports, tenant, device_id, place)
    _tell(ports, device, {"location": {name: value for name, value in place.items() if name != "updatedDateTime"}})
    return device


def _tell(ports: Ports, device: Device, fields: Mapping[str, Any]) -> None:
    now = ports.clock.now()
    if not fields or not _is_managed(device, now):
        return
    body: dict[str, Any] = {"d": {"fields": [{"field": name, "value": value} for name, value in fields.items()]}}
    if "location" not in fields:
        # The device's answer belongs to no request of ours, and is not waited for.
        body["reqId"] = ports.new_id(now)
    actions.tell(ports, behind.speaker_of(device), device.id, _UPDATE, body)


def _is_managed(device: Device, now: int) -> bool:
    managed = inventory.own(device).get("mgmt")
    if not managed:
        return False
    until = payload.moment(managed["dormantDateTime"]) if managed.get("dormantDateTime") else None
    return until is None or now < until
