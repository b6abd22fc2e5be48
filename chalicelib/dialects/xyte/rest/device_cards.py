"""A device as organizations see it, whatever dialect it came by (DEVICE of the vendor's documents)."""

from collections.abc import Sequence
from typing import Any

from chalicelib.dialects.xyte import cards, identities, spaces, statuses
from chalicelib.dialects.xyte.moments import render
from chalicelib.dialects.xyte.spaces import Spaces
from chalicelib.fleet.errors import DeviceNotFound
from chalicelib.fleet.inventory.records import Device
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.mailbox import Mailbox
from chalicelib.web.answers import ANY, TEXT, WHOLE, record
from chalicelib.web.schemas import Schema


def find(ports: Ports, tenant: str, name: str) -> Device:
    """By its uuid, or for one of another dialect by its id in the fleet. Errors: DeviceNotFound."""
    for wanted in (identities.device_id(name), name):
        found = ports.devices.get(tenant, wanted)
        if found is not None:
            return found
    raise DeviceNotFound("Device not found")


def several(ports: Ports, tenant: str, found: Sequence[Device]) -> list[dict[str, Any]]:
    boxes, known = statuses.mailboxes(ports, tenant, list(found)), spaces.read(ports, tenant)
    return [_shown(device, boxes.get(device.id), known) for device in found]


def one(ports: Ports, device: Device) -> dict[str, Any]:
    return several(ports, device.tenant, [device])[0]


def _shown(device: Device, mailbox: Mailbox | None, known: Spaces) -> dict[str, Any]:
    card = cards.read(device)
    uuid, seen = identities.uuid_of(device.id), statuses.last_seen(mailbox)
    node = next((interface.node for interface in device.interfaces), device.id)
    model = card.get("model", {})
    return {
        "id": uuid or device.id,
        "name": device.name or card.get("name"),
        "sn": card.get("sn") if uuid is not None else node,
        "mac": card.get("mac"),
        "cloud_id": card.get("cloud_id"),
        "status": statuses.of(mailbox),
        "last_seen_at": None if seen is None else render(seen),
        "details": card.get("details", {}),
        "model": {
            "id": model.get("id", kind_of(device)),
            "name": model.get("name", kind_of(device)),
            "sub_model": card.get("sub_model"),
        },
        "firmware": {"version": card.get("firmware")},
        "space": {"id": known.number(device.group), "full_path": known.path(device.group)},
    }


def kind_of(device: Device) -> str | None:
    """What devices of other dialects have in the place of a model."""
    return next((interface.dialect for interface in device.interfaces), None)


_MAYBE: Schema = {"type": ["string", "null"]}
SPACE = record("id full_path", id=WHOLE, full_path=TEXT)
CARD = record(
    "id name sn mac cloud_id status last_seen_at details model firmware space",
    id=TEXT,
    name=_MAYBE,
    sn=_MAYBE,
    mac=_MAYBE,
    cloud_id=_MAYBE,
    status={"enum": [statuses.ONLINE, statuses.OFFLINE, statuses.ERROR]},
    last_seen_at=_MAYBE,
    details=ANY,
    model=record("id name sub_model", id=_MAYBE, name=_MAYBE, sub_model=_MAYBE),
    firmware=record("version", version=_MAYBE),
    space=SPACE,
)
