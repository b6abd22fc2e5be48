"""Where a device stands (Get Space Info), and going elsewhere. The vendor tells of places more than a group has."""

from dataclasses import replace
from typing import Any

from chalicelib.dialects.xyte import spaces
from chalicelib.dialects.xyte.deciding import Owned
from chalicelib.dialects.xyte.models import DEVICE_ID
from chalicelib.dialects.xyte.rest import owners
from chalicelib.dialects.xyte.rest.devices import ITSELF, ONE
from chalicelib.dialects.xyte.rest.forms import SPACE
from chalicelib.fleet.errors import GroupNotFound, Invalid
from chalicelib.fleet.inventory import devices
from chalicelib.fleet.ports import Ports
from chalicelib.web.answers import ANY, TEXT, WHOLE, record
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Handler, Route
from chalicelib.web.schemas import Schema

PATH = ONE + "/space"
_MOVE: Schema = {"type": "object", "required": ["space_id"], "properties": {"space_id": SPACE}}


@owners.asked_by_itself
def get(ports: Ports, request: Request) -> Answer:
    """The space of an owner's device; nothing, `{}`, of one that nobody has."""
    owned = owners.owned(ports, request)
    return Answer(_shown(ports, owned) if owned is not None else {})


@owners.asked_by_itself
def move(ports: Ports, request: Request) -> Answer:
    """To another space of its owner."""
    owned = owners.owned(ports, request)
    if owned is None:
        raise Invalid("Device is not claimed", "device_id")
    try:
        group = spaces.read(ports, owned.tenant).group(request.body["space_id"])
    except GroupNotFound as error:
        raise Invalid("Space not found", "space_id") from error
    devices.update(ports, owned.tenant, owned.device, lambda device: replace(device, group=group))
    return Answer(_shown(ports, owned))


def _shown(ports: Ports, owned: Owned) -> dict[str, Any]:
    device = devices.get(ports, owned.tenant, owned.device)
    known, place = spaces.read(ports, owned.tenant), device.location
    path = known.path(device.group)
    shown: dict[str, Any] = {
        "id": known.number(device.group),
        "name": path.rpartition("/")[2],
        "full_path": path,
        "location": None if place is None else {"coordinates": {"lat": place.lat, "lng": place.lon}},
    }
    return {**shown, "device_id": owned.id} if owned.identity.model.since(DEVICE_ID) else shown


ROUTES = (
    Route("GET", PATH, get, "Get the space", parameters=(ITSELF,), devices=True),
    Route("PUT", PATH + "/move", move, "Move to another space", schema=_MOVE, parameters=(ITSELF,), devices=True),
)
SHOWN = record("", id=WHOLE, name=TEXT, full_path=TEXT, location=ANY, device_id=TEXT)
ANSWERS: dict[Handler, Schema] = {get: SHOWN, move: SHOWN}
