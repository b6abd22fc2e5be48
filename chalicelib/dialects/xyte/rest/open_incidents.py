"""Incidents as an organization sees them (Get Incidents)."""

from itertools import islice

from chalicelib.dialects.xyte import ORGANIZATION, identities, incidents
from chalicelib.dialects.xyte.rest.incidents import INCIDENT
from chalicelib.dialects.xyte.rest.paging import PAGES, after, next_page
from chalicelib.fleet import ids
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.data import alarms
from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.ports import Ports
from chalicelib.web.answers import ANY, listed, record
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Handler, Route
from chalicelib.web.schemas import Schema


def page(ports: Ports, request: Request) -> Answer:
    """Those of all devices that are open, the newest first."""
    last, most = after(request.asked["page"]), request.asked["per_page"]
    if last is not None and not ids.is_number(last):
        raise Invalid("page is the next_page of an answer", "page")
    found = list(islice(alarms.of_tenant(ports, request.tenant, is_open=True, before=last), most + 1))
    more = found[most - 1].id if len(found) > most else None
    shown = [incidents.view(each, identities.uuid_of(each.source) or each.source) for each in found[:most]]
    return Answer({"items": shown, "next_page": next_page(more)})


ROUTES = (
    Route(
        "GET",
        ORGANIZATION + "/v1/organization/incidents",
        page,
        "List open incidents",
        frozenset({Role.DEVICE_R, Role.DEVICE_W, Role.DATA_R}),
        parameters=PAGES,
    ),
)
ANSWERS: dict[Handler, Schema] = {page: record("items next_page", items=listed(INCIDENT), next_page=ANY)}
