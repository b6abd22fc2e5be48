"""Licences as an organization gives them. The vendor has them in its portal only."""

from typing import Any

from chalicelib.dialects.xyte import ORGANIZATION, deciding, identities, licences, lifecycle
from chalicelib.dialects.xyte.deciding import Owned
from chalicelib.dialects.xyte.licences import Action, Licence, State
from chalicelib.dialects.xyte.rest import licences as of_devices
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.errors import DeviceNotFound, LimitReached, NotFound
from chalicelib.fleet.ports import Ports
from chalicelib.web.answers import ANY, TEXT, among, listed, record
from chalicelib.web.parameters import Parameter, Place
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Handler, Route
from chalicelib.web.schemas import Schema

PATH = ORGANIZATION + "/v1/organization/devices/{device_id}/licenses"
_MAYBE: Schema = {"type": ["string", "null"], "maxLength": 4_000}
_NEW: Schema = {
    "type": "object",
    "properties": {
        "id": {"type": ["string", "null"], "maxLength": 64},
        "action": {"enum": [str(action) for action in Action]},
        "data": {"type": ["object", "string", "null"]},
        "signature": _MAYBE,
        "expires_at": {"type": ["string", "null"], "maxLength": 64},
    },
}
_TOLD = ("data", "signature", "expires_at")
MOST_BYTES = 32 * 1024


def give(ports: Ports, request: Request) -> Answer:
    """A license to add; with the `id` of one, what is to become of that."""
    owned, sent = _owned(ports, request), request.body
    shelf, now = of_devices.shelf_of(ports, owned), ports.clock.now()
    action, told = Action(sent.get("action", Action.ADD)), {name: sent.get(name) for name in _TOLD}
    if sent.get("id") is not None:
        given = shelf.change(sent["id"], action, **told)
    else:
        given = shelf.add(Licence(licences.new_id(ports), created=now, updated=now, action=action, **told))
    lifecycle.licence(ports, owned.identity, owned.tenant, given)
    return Answer(view(given))


def page(ports: Ports, request: Request) -> Answer:
    return Answer({"items": [view(one) for one in of_devices.shelf_of(ports, _owned(ports, request)).every()]})


def view(licence: Licence) -> dict[str, Any]:
    return {
        "id": licence.id,
        "data": licence.data,
        "signature": licence.signature,
        "action": str(licence.action),
        "state": str(licence.state),
        "error": licence.error,
        "expires_at": licence.expires_at,
    }


def _owned(ports: Ports, request: Request) -> Owned:
    """Errors: DeviceNotFound."""
    found = identities.current(ports, request.path["device_id"])
    owned = deciding.in_place(ports, found) if found is not None and found.owner == request.tenant else None
    if owned is None:
        raise DeviceNotFound("Device not found")
    return owned


_DEVICE = Parameter("device_id", place=Place.PATH)
_MAY, _MAY_GIVE = frozenset({Role.DEVICE_R, Role.DEVICE_W}), frozenset({Role.DEVICE_W})
ROUTES = (
    Route(
        "POST",
        PATH,
        give,
        "Give a license",
        _MAY_GIVE,
        201,
        _NEW,
        parameters=(_DEVICE,),
        failures=(DeviceNotFound, NotFound, LimitReached),
        max_body=MOST_BYTES,
    ),
    Route("GET", PATH, page, "List licenses", _MAY, parameters=(_DEVICE,), failures=(DeviceNotFound,)),
)
LICENCE = record(
    "id action state",
    id=TEXT,
    data=ANY,
    signature=ANY,
    action=among(Action),
    state=among(State),
    error=ANY,
    expires_at=ANY,
)
ANSWERS: dict[Handler, Schema] = {give: LICENCE, page: record("items", items=listed(LICENCE))}
