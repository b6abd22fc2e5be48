"""What a device learns of itself, and says of itself (Get Device Info, Update Device)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chalicelib.dialects.xyte import DEVICES, informing, registering, spaces, statuses
from chalicelib.dialects.xyte.deciding import Owned
from chalicelib.dialects.xyte.errors import UnknownParameter
from chalicelib.dialects.xyte.identities import About, Identity
from chalicelib.dialects.xyte.models import STRICT
from chalicelib.dialects.xyte.moments import render
from chalicelib.dialects.xyte.rest import owners
from chalicelib.dialects.xyte.rest.access import DEVICE, asking
from chalicelib.dialects.xyte.rest.forms import DETAILS, LARGEST, MAYBE, NAME
from chalicelib.fleet.configuration import fetching
from chalicelib.fleet.errors import DeviceNotFound, IllegalTransition, RateLimitReached, Unauthenticated
from chalicelib.fleet.inventory.records import Device
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.tenancy.records import Limit, Use
from chalicelib.web.answers import ANY, TEXT, WHOLE, record
from chalicelib.web.parameters import Parameter, Place
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Handler, Route
from chalicelib.web.schemas import Schema

ONE = DEVICES + "/devices/{" + DEVICE + "}"
ITSELF = Parameter(DEVICE, place=Place.PATH, explained="The id that the device was given when it registered.")
AN_HOUR = 10
"""Updates of a device."""
_VERSION: Schema = {"type": ["integer", "null"], "minimum": 0}
_PROPERTIES: Mapping[str, Schema] = {
    "firmware_version": MAYBE,
    "name": NAME,
    "sub_model": MAYBE,
    "details": DETAILS,
    "space_version": _VERSION,
    "config_version": _VERSION,
}
_UPDATE: Schema = {"type": "object", "properties": _PROPERTIES}


def get(ports: Ports, request: Request) -> Answer:
    """A device as it registered, and what is known of it since."""
    return Answer(shown(ports, owners.standing(ports, request).identity))


def update(ports: Ports, request: Request) -> Answer:
    """What it says of itself; what is not sent stays, `details` are replaced as a whole."""
    found, sent = asking(request), request.body
    _limit(ports, found)
    unknown = sorted(sent.keys() - _PROPERTIES.keys())
    if unknown and found.model.since(STRICT):
        raise UnknownParameter(f"Unknown parameter {unknown[0][:64]}", unknown[0])
    if sent.get("firmware_version") is not None:
        registering.ensure_version(found.model, sent["firmware_version"])
    registering.ensure_small(sent.get("details"))
    found, owned = owners.standing(ports, request)
    if sent.get("config_version") is not None and owned is not None:
        _applied(ports, owned, sent["config_version"])
    if sent.get("name") is not None and _repeats(ports, found, owned, sent["name"]):
        sent = {name: value for name, value in sent.items() if name != "name"}
    now = informing.said(ports, found, lambda about: _with(about, sent))
    if now is None:
        raise Unauthenticated("the device was deleted")
    if sent.get("firmware_version") is not None and owned is not None:
        informing.installed(ports, owned.tenant, owned.device, sent["firmware_version"])
    return Answer(shown(ports, now))


def _repeats(ports: Ports, found: Identity, owned: Owned | None, name: str) -> bool:
    """Whether an owner calls it so, or did: no word of the device's, which the next owner would be shown."""
    known = ports.devices.get(owned.tenant, owned.device) if owned is not None else None
    return found.called_formerly(name) or (known is not None and known.name == name)


def shown(ports: Ports, found: Identity) -> dict[str, Any]:
    about, owner = found.about, found.owner
    device = ports.devices.get(owner, found.device) if owner is not None else None
    mailbox = ports.mailboxes.get(owner, found.device) if owner is not None else None
    seen = statuses.last_seen(mailbox)
    return {
        "id": found.id,
        "name": about.known_as if device is None else device.name,
        "sn": about.sn,
        "mac": about.mac,
        "cloud_id": about.cloud_id,
        "sub_model": about.sub_model,
        "details": about.details,
        "partner": {"id": found.model.model_id, "name": found.model.name},
        "config": _configuration(ports, owner, found),
        "state": {"status": statuses.of(mailbox), "firmware_version": about.firmware},
        "last_seen": None if seen is None else render(seen),
        "version": about.info,
        "custom": {},
        "space": None if device is None else _space(ports, device),
    }


def _configuration(ports: Ports, owner: str | None, found: Identity) -> Mapping[str, Any]:
    try:
        return fetching.get(ports, owner, found.device).content if owner is not None else {}
    except DeviceNotFound:
        return {}


def _space(ports: Ports, device: Device) -> dict[str, Any]:
    known = spaces.read(ports, device.tenant)
    return {"id": known.number(device.group), "full_path": known.path(device.group)}


def _applied(ports: Ports, owned: Owned, version: int) -> None:
    """Errors: IllegalTransition (no configuration had that version yet)."""
    try:
        fetching.apply(ports, owned.tenant, owned.device, version)
    except DeviceNotFound:
        # It is being given up just now: whoever has it next has another configuration.
        return


def _with(about: About, sent: Mapping[str, Any]) -> About:
    told = {
        "firmware": sent.get("firmware_version"),
        "name": sent.get("name"),
        "sub_model": sent.get("sub_model"),
        "details": sent.get("details"),
    }
    if told["name"] is not None:
        # From now on it is called as it says itself.
        about = replace(about, called=None)
    return replace(about, **{name: value for name, value in told.items() if value is not None})


def _limit(ports: Ports, found: Identity) -> None:
    """Errors: RateLimitReached."""
    limit = Limit(Use.REQUESTS, AN_HOUR, 3_600, f"updates of device {found.id}")
    wait = ports.windows.spend("", [limit], ports.clock.now())
    if wait is not None:
        raise RateLimitReached(f"A device is updated at most {AN_HOUR} times an hour", wait)


ROUTES = (
    Route("GET", ONE, get, "Get device info", parameters=(ITSELF,), devices=True),
    Route(
        "PUT",
        ONE,
        update,
        "Update the device",
        schema=_UPDATE,
        parameters=(ITSELF,),
        failures=(UnknownParameter, IllegalTransition),
        max_body=LARGEST,
        devices=True,
    ),
)
INFO = record("id name sn mac cloud_id state version", id=TEXT, details=ANY, state=ANY, version=WHOLE)
ANSWERS: dict[Handler, Schema] = {get: INFO, update: INFO}
