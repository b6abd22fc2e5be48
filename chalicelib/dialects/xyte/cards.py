"""What a device's record in the fleet says of it in this dialect's words, so that lists need not read the directory."""

from collections.abc import Mapping
from typing import Any

from chalicelib.dialects.xyte.identities import Identity
from chalicelib.fleet.inventory.records import Device


def of(found: Identity) -> dict[str, Any]:
    about, model = found.about, found.model
    known = {
        "model": {"id": model.model_id, "name": model.name},
        "sn": about.sn,
        "mac": about.mac,
        "cloud_id": about.cloud_id,
        "firmware": about.firmware,
        "sub_model": about.sub_model,
        "details": about.details or None,
        "parent": found.parent,
    }
    return {name: value for name, value in known.items() if value is not None}


def read(device: Device) -> Mapping[str, Any]:
    """Empty for a device that came by another dialect."""
    found: Mapping[str, Any] = device.attributes.get("xyte", {})
    return found
