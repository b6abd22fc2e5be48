"""What both versions of the REST API show alike."""

from typing import Any

from chalicelib.dialects.ibm import inventory, times
from chalicelib.fleet.inventory.records import Device


def registration(device: Device) -> dict[str, Any]:
    """Who registered a device, and when; of one that came in through another dialect its own time is known."""
    known = inventory.own(device).get("registration") or {}
    auth = known.get("auth") or {"id": device.interfaces[0].dialect if device.interfaces else "", "type": "service"}
    return {"auth": auth, "date": times.render(known.get("date", device.created))}
