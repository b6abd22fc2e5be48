"""An organization's devices: claimed, listed, renamed, given up (Claim Device, Get Devices, Delete Device)."""

from dataclasses import replace

from chalicelib.dialects.xyte import (
    ORGANIZATION,
    claiming,
    configurations,
    identities,
    informing,
    owning,
    proofs,
    spaces,
)
from chalicelib.dialects.xyte.owning import AlreadyClaimed
from chalicelib.dialects.xyte.rest import device_cards
from chalicelib.dialects.xyte.rest.device_cards import CARD
from chalicelib.dialects.xyte.rest.forms import MAYBE, NAME, SPACE
from chalicelib.dialects.xyte.rest.model_documents import SUCCESS
from chalicelib.dialects.xyte.rest.paging import PAGES, after, next_page
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.configuration import fetching
from chalicelib.fleet.errors import DeviceNotFound, GroupNotFound, Invalid, QuotaReached
from chalicelib.fleet.inventory import devices
from chalicelib.fleet.inventory.records import ROOT_GROUP, Device
from chalicelib.fleet.ports import Ports
from chalicelib.web.answers import listed, record
from chalicelib.web.parameters import Parameter, Place
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Handler, Route
from chalicelib.web.schemas import Schema

DEVICES = ORGANIZATION + "/v1/organization/devices"
ONE = DEVICES + "/{device_id}"
NAMED = Parameter("device_id", place=Place.PATH, explained="A uuid, or for devices of other dialects their id there.")
READING, WRITING = frozenset({Role.DEVICE_R, Role.DEVICE_W}), frozenset({Role.DEVICE_W})
_CLAIM: Schema = {
    "type": "object",
    "properties": {"name": NAME, "space_id": SPACE, "mac": MAYBE, "sn": MAYBE, "cloud_id": MAYBE},
}
_CHANGED: Schema = {
    "type": "object",
    "properties": {
        "name": {**NAME, "minLength": 1},
        "configuration": {"type": ["object", "null"]},
    },
}


def claim(ports: Ports, request: Request) -> Answer:
    """A device that has registered, by its MAC address and serial number, or by its cloud id."""
    sent = request.body
    shown = proofs.shown(sent)
    if shown.proof is None:
        raise Invalid("mac and sn, or cloud_id, are needed", "mac")
    group = ROOT_GROUP
    if sent.get("space_id") is not None:
        try:
            group = spaces.read(ports, request.tenant).group(sent["space_id"])
        except GroupNotFound as error:
            raise Invalid("Space not found", "space_id") from error
    found = claiming.claim(ports, request.tenant, shown, sent.get("name"), group)
    return Answer(device_cards.one(ports, device_cards.find(ports, request.tenant, found.id)))


def page(ports: Ports, request: Request) -> Answer:
    """Every device of the tenant, by whatever dialect it came."""
    found = ports.devices.page(request.tenant, after=after(request.asked["page"]), limit=request.asked["per_page"])
    items = device_cards.several(ports, request.tenant, found.items)
    return Answer({"items": items, "next_page": next_page(found.cursor)})


def get(ports: Ports, request: Request) -> Answer:
    return Answer(device_cards.one(ports, _named(ports, request)))


def update(ports: Ports, request: Request) -> Answer:
    """Its name, which the device hears of by `info_version`, and its configuration, by `config_version`."""
    device, sent = _named(ports, request), request.body
    uuid = identities.uuid_of(device.id)
    if sent.get("configuration") is not None:
        if uuid is None:
            raise Invalid("this device has no configuration that is one object", "configuration")
        found = identities.had_by(ports, uuid, request.tenant)
        if found is None:
            raise DeviceNotFound("Device not found")
        configurations.ensure_shown(sent["configuration"], found.model)
        fetching.want(ports, request.tenant, device.id, sent["configuration"])
    if sent.get("name") is not None:
        name = sent["name"]
        device = devices.update(ports, request.tenant, device.id, lambda found: replace(found, name=name))
        if uuid is not None:
            informing.renamed(ports, uuid, request.tenant, name)
    return Answer(device_cards.one(ports, device))


def delete(ports: Ports, request: Request) -> Answer:
    """One that registered itself is given up: its key goes on being good, and it may be claimed again."""
    name = request.path["device_id"]
    found = identities.current(ports, identities.uuid_of(name) or name)
    if found is not None and found.owner == request.tenant:
        # Also where the fleet has it no more: whoever gave it up died on the way, or it was deleted by another API.
        owning.release(ports, found, request.tenant)
    else:
        devices.delete(ports, request.tenant, _named(ports, request).id)
    return Answer({"success": True})


def _named(ports: Ports, request: Request) -> Device:
    return device_cards.find(ports, request.tenant, request.path["device_id"])


_GONE = (DeviceNotFound,)
ROUTES = (
    Route(
        "POST",
        DEVICES + "/claim",
        claim,
        "Claim a device",
        WRITING,
        schema=_CLAIM,
        failures=(AlreadyClaimed, QuotaReached),
    ),
    Route("GET", DEVICES, page, "List devices", READING, parameters=PAGES),
    Route("GET", ONE, get, "Get a device", READING, parameters=(NAMED,), failures=_GONE),
    Route("PATCH", ONE, update, "Change a device", WRITING, schema=_CHANGED, parameters=(NAMED,), failures=_GONE),
    Route("DELETE", ONE, delete, "Give a device up", WRITING, parameters=(NAMED,), failures=_GONE),
)
ANSWERS: dict[Handler, Schema] = {
    claim: CARD,
    get: CARD,
    update: CARD,
    page: record("items next_page", items=listed(CARD), next_page={"type": ["string", "null"]}),
    delete: SUCCESS,
}
