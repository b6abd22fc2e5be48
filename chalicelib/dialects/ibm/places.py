"""Where a device is: told in this dialect's words, kept for every dialect."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chalicelib.dialects.ibm import inventory, payload, times
from chalicelib.dialects.ibm.identity import DIALECT
from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.inventory import devices
from chalicelib.fleet.inventory.records import Device, Location
from chalicelib.fleet.ports import Ports

_METRES = {"type": ["number", "null"]}
LOCATION = {
    "type": "object",
    "required": ["latitude", "longitude"],
    "properties": {
        "latitude": {"type": "number", "minimum": -90, "maximum": 90},
        "longitude": {"type": "number", "minimum": -180, "maximum": 180},
        "elevation": _METRES,
        "accuracy": _METRES,
        "measuredDateTime": {"type": ["string", "null"], "maxLength": 64},
    },
}


def located(body: Mapping[str, Any], now: int) -> dict[str, Any]:
    """A location as it is kept and shown. Errors: Invalid."""
    measured = body.get("measuredDateTime")
    at = now if measured is None else payload.moment(measured)
    if at is None:
        raise Invalid("measuredDateTime is a date and time in ISO 8601", "measuredDateTime")
    shown = {name: body.get(name) for name in ("latitude", "longitude", "elevation", "accuracy")}
    return _present({**shown, "measuredDateTime": times.render(at), "updatedDateTime": times.render(now)})


def put(ports: Ports, tenant: str, device_id: str, place: Mapping[str, Any]) -> Device:
    """Errors: DeviceNotFound."""

    def changed(device: Device) -> Device:
        attributes = {**device.attributes, DIALECT: {**inventory.own(device), "location": dict(place)}}
        location = Location(place["latitude"], place["longitude"], place.get("elevation"))
        return replace(device, attributes=attributes, location=location)

    return devices.update(ports, tenant, device_id, changed)


def get(device: Device) -> Mapping[str, Any] | None:
    """None while it is not known."""
    kept: Mapping[str, Any] | None = inventory.own(device).get("location")
    place = device.location
    if kept is not None and (place is None or (place.lat, place.lon) == (kept["latitude"], kept["longitude"])):
        return kept
    if place is None:
        return None
    # Another dialect has moved it since.
    stamp = times.render(device.updated)
    moved = {"latitude": place.lat, "longitude": place.lon, "elevation": place.alt}
    return _present({**moved, "measuredDateTime": stamp, "updatedDateTime": stamp})


def _present(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not None}
