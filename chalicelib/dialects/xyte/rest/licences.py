"""Licences as a device finds them and reports on them (Get License, Update License)."""

from typing import Any

from chalicelib.dialects.xyte import licences
from chalicelib.dialects.xyte.deciding import Owned
from chalicelib.dialects.xyte.errors import Refused
from chalicelib.dialects.xyte.licences import Shelf, State
from chalicelib.dialects.xyte.models import DEVICE_ID
from chalicelib.dialects.xyte.rest import owners
from chalicelib.dialects.xyte.rest.access import asking
from chalicelib.dialects.xyte.rest.devices import ITSELF, ONE
from chalicelib.dialects.xyte.rest.forms import LARGEST
from chalicelib.fleet.errors import IllegalTransition, NotFound
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence import reminders
from chalicelib.web.answers import ANY, DONE, FLAG, TEXT, among, listed, record
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Handler, Route
from chalicelib.web.schemas import Schema

NEXT, ALL = ONE + "/license", ONE + "/licenses"
_REPORT: Schema = {
    "type": "object",
    "required": ["id", "state"],
    "properties": {
        "id": {"type": "string", "maxLength": 64},
        "state": {"type": "string", "maxLength": 64},
        "error": {"type": ["string", "null"], "maxLength": licences.LONGEST_ERROR},
    },
}


def get(ports: Ports, request: Request) -> Answer:
    """The first that waits; nothing, `{}`, where none does."""
    waiting = [shown for shown in _shown(ports, request) if any(shown[str(action)] for action in licences.Action)]
    return Answer(waiting[0] if waiting else {})


def every(ports: Ports, request: Request) -> Answer:
    """All of them, with what is to be done with each."""
    return Answer(_shown(ports, request))


def report(ports: Ports, request: Request) -> Answer:
    """It is in use, was removed, or could not be dealt with. The same once more changes nothing."""
    sent, owned = request.body, owners.owned(ports, request)
    state = licences.stated(sent["state"])
    if owned is None:
        raise NotFound("License not found")
    found = shelf_of(ports, owned).report(sent["id"], state, sent.get("error"))
    told = {"success": True, "id": found.id, "state": str(found.state), "error": found.error}
    return Answer({**told, "device_id": owned.id} if owned.identity.model.since(DEVICE_ID) else told)


def shelf_of(ports: Ports, owned: Owned) -> Shelf:
    return Shelf(ports, owned.tenant, owned.device, owned.identity.entry.transfers)


def _shown(ports: Ports, request: Request) -> list[dict[str, Any]]:
    owned = owners.owned(ports, request)
    if owned is None:
        return []
    found, now = list(shelf_of(ports, owned).every()), ports.clock.now()
    if licences.wait(owned.mailbox) and not any(one.waits for one in found):
        # Whoever reported on the last one has died before the device was told of none.
        reminders.drop(ports, owned.mailbox, licences.OF)
    named = asking(request).model.since(DEVICE_ID)
    each = ({**licences.view(one, owned.id, now), **licences.flags(one)} for one in found)
    return [shown if named else {name: shown[name] for name in shown if name != "device_id"} for shown in each]


ROUTES = (
    Route("GET", NEXT, get, "Get the license that is next", parameters=(ITSELF,), devices=True),
    Route("GET", ALL, every, "List licenses", parameters=(ITSELF,), devices=True),
    Route(
        "POST",
        ALL,
        report,
        "Report on a license",
        schema=_REPORT,
        parameters=(ITSELF,),
        devices=True,
        max_body=LARGEST,
        failures=(Refused, NotFound, IllegalTransition),
    ),
)
LICENCE = record(
    "",
    id=TEXT,
    device_id=TEXT,
    data=ANY,
    signature=ANY,
    action=among(licences.Action),
    expires_at=ANY,
    current_time=TEXT,
    add=FLAG,
    update=FLAG,
    remove=FLAG,
)
ANSWERS: dict[Handler, Schema] = {
    get: LICENCE,
    every: listed(LICENCE),
    report: record("success id state", success=DONE, id=TEXT, state=among(State), error=ANY, device_id=TEXT),
}
