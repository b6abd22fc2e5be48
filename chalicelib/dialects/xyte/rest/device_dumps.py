"""Dumps as an organization finds them. The vendor shows them in its portal only."""

from typing import Any

from chalicelib.dialects.xyte import ORGANIZATION, dumps, identities
from chalicelib.dialects.xyte.dumps import Dump
from chalicelib.dialects.xyte.moments import render
from chalicelib.dialects.xyte.rest.paging import PAGES, after, next_page
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.errors import DeviceNotFound
from chalicelib.fleet.ports import Ports
from chalicelib.web.answers import TEXT, TEXTS, WHOLE, listed, record
from chalicelib.web.parameters import Parameter, Place
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Handler, Route
from chalicelib.web.schemas import Schema

PATH = ORGANIZATION + "/v1/organization/devices/{device_id}/dumps"
SIGNED_VALID = 3_600
"""How long (s) the URL of a piece can be used."""


def page(ports: Ports, request: Request) -> Answer:
    """What a device has sent in the last thirty days, each piece with a URL that can be used for an hour."""
    device = identities.device_id(request.path["device_id"])
    if ports.mailboxes.get(request.tenant, device) is None:
        raise DeviceNotFound("Device not found")
    found = dumps.page(ports, request.tenant, device, after(request.asked["page"]), request.asked["per_page"])
    return Answer({"items": [_view(ports, one) for one in found.items], "next_page": next_page(found.cursor)})


def _view(ports: Ports, dump: Dump) -> dict[str, Any]:
    shown = {"id": dump.id, "mime_type": dump.type, "filename": dump.name, "length": dump.length}
    return {**shown, "created_at": render(dump.created), "urls": list(dumps.urls(ports, dump, SIGNED_VALID))}


_DEVICE = Parameter("device_id", place=Place.PATH)
ROUTES = (
    Route(
        "GET",
        PATH,
        page,
        "List dumps",
        frozenset({Role.DEVICE_R, Role.DEVICE_W}),
        parameters=(_DEVICE, *PAGES),
        failures=(DeviceNotFound,),
    ),
)
DUMP = record(
    "id mime_type filename length created_at urls",
    id=TEXT,
    mime_type=TEXT,
    filename=TEXT,
    length=WHOLE,
    created_at=TEXT,
    urls=TEXTS,
)
ANSWERS: dict[Handler, Schema] = {
    page: record("items next_page", items=listed(DUMP), next_page={"type": ["string", "null"]}),
}
