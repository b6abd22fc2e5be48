"""Incidents as a device opens and closes them (Open Incident, Get Incidents, Close Incident)."""

from itertools import islice
from typing import Any

from chalicelib.dialects.xyte import deciding, incidents
from chalicelib.dialects.xyte.deciding import Owned
from chalicelib.dialects.xyte.incidents import PRIORITIES
from chalicelib.dialects.xyte.models import DEVICE_ID
from chalicelib.dialects.xyte.rest import owners
from chalicelib.dialects.xyte.rest.access import asking
from chalicelib.dialects.xyte.rest.devices import ITSELF, ONE
from chalicelib.dialects.xyte.rest.forms import LARGEST
from chalicelib.fleet.data import alarms
from chalicelib.fleet.data.alarm_records import Alarm
from chalicelib.fleet.errors import AlarmNotFound, LimitReached
from chalicelib.fleet.ports import Ports
from chalicelib.web.answers import ANY, DONE, TEXT, among, listed, record
from chalicelib.web.parameters import Parameter, Place
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Handler, Route
from chalicelib.web.schemas import Schema

ALL = ONE + "/incidents"
SHOWN = 100
"""The newest incidents of a device, open or closed."""
LONGEST_TEXT = 10_000
_PRIORITIES = [*PRIORITIES, *range(1, 6), *map(str, range(1, 6)), None]
_NEW: Schema = {
    "type": "object",
    "required": ["title"],
    "properties": {
        "title": {"type": "string", "minLength": 1, "maxLength": 1_000},
        "issue": {"type": ["string", "null"], "maxLength": 1_000},
        "priority": {"enum": _PRIORITIES},
        "description": {"type": ["string", "null"], "maxLength": LONGEST_TEXT},
    },
}


def open_(ports: Ports, request: Request) -> Answer:
    """One that is open already is not opened again. Nothing is opened where that is suspended, or for nobody."""
    found, owned = asking(request), owners.owned(ports, request)
    if owned is None or owned.identity.about.incidents_suspended:
        return Answer({}, 200)
    alarm, created = incidents.open_(ports, owned.tenant, owned.device, request.body)
    if created and deciding.in_place(ports, owned.identity) is None:
        # It was given up meanwhile, and whoever did it closed what was open before this one was.
        incidents.close_all(ports, owned.tenant, owned.device)
    return Answer(_shown(owned, alarm, named=found.model.since(DEVICE_ID)), 201 if created else 200)


def every(ports: Ports, request: Request) -> Answer:
    """The newest first."""
    owned = owners.owned(ports, request)
    found = islice(alarms.of_source(ports, owned.tenant, owned.device), SHOWN) if owned is not None else ()
    named = asking(request).model.since(DEVICE_ID)
    return Answer([_shown(owned, alarm, named=named) for alarm in found if owned is not None])


def close(ports: Ports, request: Request) -> Answer:
    """It is over. One that is closed stays so."""
    owned = owners.owned(ports, request)
    if owned is None:
        raise AlarmNotFound("Incident not found")
    incidents.close(ports, owned.tenant, owned.device, request.path["incident_id"])
    return Answer({"success": True})


def close_all(ports: Ports, request: Request) -> Answer:
    owned = owners.owned(ports, request)
    if owned is not None:
        incidents.close_all(ports, owned.tenant, owned.device)
    return Answer({"success": True})


def _shown(owned: Owned, alarm: Alarm, *, named: bool) -> dict[str, Any]:
    shown = incidents.view(alarm, owned.id)
    return shown if named else {name: shown[name] for name in shown if name != "device_id"}


_ONE = Parameter("incident_id", place=Place.PATH)
ROUTES = (
    Route(
        "POST",
        ALL,
        open_,
        "Open an incident",
        success=201,
        others=(200,),
        schema=_NEW,
        parameters=(ITSELF,),
        devices=True,
        max_body=LARGEST,
        failures=(LimitReached,),
    ),
    Route("GET", ALL, every, "List incidents", parameters=(ITSELF,), devices=True),
    Route("DELETE", ALL, close_all, "Close all incidents", parameters=(ITSELF,), devices=True),
    Route(
        "DELETE",
        ALL + "/{incident_id}",
        close,
        "Close an incident",
        parameters=(ITSELF, _ONE),
        devices=True,
        failures=(AlarmNotFound,),
    ),
)
INCIDENT = record(
    "",
    id=TEXT,
    device_id=TEXT,
    status=among(("active", "closed")),
    priority=among(PRIORITIES),
    title=TEXT,
    description=ANY,
    issue=TEXT,
    created_at=TEXT,
    updated_at=TEXT,
)
_CLOSED = record("success", success=DONE)
ANSWERS: dict[Handler, Schema] = {
    open_: INCIDENT,
    every: listed(INCIDENT),
    close: _CLOSED,
    close_all: _CLOSED,
}
