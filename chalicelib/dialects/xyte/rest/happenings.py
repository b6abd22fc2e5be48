"""Events (Add Event)."""

from chalicelib.dialects.xyte import happenings
from chalicelib.dialects.xyte.happenings import KEYS
from chalicelib.dialects.xyte.identities import CONNECTOR
from chalicelib.dialects.xyte.rest import owners
from chalicelib.dialects.xyte.rest.devices import ITSELF, ONE
from chalicelib.dialects.xyte.rest.forms import LARGEST
from chalicelib.fleet.ports import Ports
from chalicelib.web.answers import DONE, record
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Handler, Route
from chalicelib.web.schemas import Schema

_INTEGER: Schema = {"type": ["integer", "null"], "minimum": -(1 << 63), "maximum": (1 << 63) - 1}
_TEXT: Schema = {"type": ["string", "null"], "maxLength": 255}
_EVENT: Schema = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 255},
        "category": _TEXT,
        **{key: _INTEGER if key.startswith("int") else _TEXT for key in KEYS},
        "timestamp": {"type": ["string", "null"], "maxLength": 64},
    },
}


@owners.asked_by_itself
def add(ports: Ports, request: Request) -> Answer:
    """It is kept where the device has an owner."""
    owned = owners.owned(ports, request)
    if owned is not None:
        event = request.trace or ports.new_id(ports.clock.now())
        happenings.store(ports, owned.tenant, owned.device, request.body, CONNECTOR, event)
    return Answer({"status": True})


ROUTES = (
    Route(
        "POST",
        ONE + "/events",
        add,
        "Add an event",
        schema=_EVENT,
        parameters=(ITSELF,),
        devices=True,
        max_body=LARGEST,
    ),
)
ANSWERS: dict[Handler, Schema] = {add: record("status", status=DONE)}
