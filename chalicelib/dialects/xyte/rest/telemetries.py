"""Send Telemetry, of a device and of its children; what it is answered says what waits."""

from typing import Any

from chalicelib.dialects.xyte import identities, telemetry
from chalicelib.dialects.xyte.identities import Identity
from chalicelib.dialects.xyte.rest import access
from chalicelib.dialects.xyte.rest.access import asking
from chalicelib.dialects.xyte.rest.child_devices import CHILDREN
from chalicelib.dialects.xyte.rest.devices import ITSELF, ONE
from chalicelib.dialects.xyte.rest.forms import LARGEST
from chalicelib.fleet.errors import Invalid, Unauthenticated
from chalicelib.fleet.ports import Ports
from chalicelib.web.answers import FLAG, TEXT, WHOLE, by_name, record
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Handler, Route
from chalicelib.web.schemas import Schema

MOST = 100
_TELEMETRY: Schema = {
    "type": "object",
    "required": ["status"],
    "properties": {
        "status": {"type": "string"},
        "timestamp": {"type": ["string", "number", "null"]},
        "telemetries": {"type": ["object", "null"]},
        "override": {"type": ["boolean", "null"]},
        "message": {"type": ["string", "null"], "maxLength": telemetry.LONGEST_MESSAGE},
    },
}


def send(ports: Ports, request: Request) -> Answer:
    """Values are kept as they were sent; of a device that nobody owns only the last ones, which nobody sees."""
    said = telemetry.read(request.body)
    return Answer(telemetry.send(ports, asking(request), said, _event(ports, request)))


def send_for_children(ports: Ports, request: Request) -> Answer:
    """By their ids; an entry with an `access_token` may be of a device that is none of this one's children."""
    parent, event = asking(request), _event(ports, request)
    return Answer({uuid: _child(ports, parent, uuid, body, event) for uuid, body in request.body.items()})


def _child(ports: Ports, parent: Identity, uuid: str, body: Any, event: str) -> dict[str, Any]:
    try:
        return telemetry.send(ports, _named(ports, parent, uuid, body), telemetry.read(body), f"{event}{uuid}")
    except (Invalid, Unauthenticated) as error:
        return {"error": str(error) if isinstance(error, Invalid) else "Invalid access token"}


def _named(ports: Ports, parent: Identity, uuid: str, body: Any) -> Identity:
    """Errors: Unauthenticated, Invalid."""
    if not isinstance(body, dict):
        raise Invalid("Telemetry must be an object", uuid)
    token = body.get("access_token")
    if token is None:
        # By the child's own entry: the parent's may be remembered from before the child was registered.
        found = identities.find(ports, uuid) if access.is_uuid(uuid) else None
        found = found if found is not None and found.parent == parent.id else None
    else:
        found = access.proven(ports, uuid, token) if isinstance(token, str) else None
    if found is None:
        raise Unauthenticated("that device is neither a child nor shown by its key")
    return found


def _event(ports: Ports, request: Request) -> str:
    return request.trace or ports.new_id(ports.clock.now())


ROUTES = (
    Route(
        "POST",
        ONE + "/telemetry",
        send,
        "Send telemetry",
        schema=_TELEMETRY,
        parameters=(ITSELF,),
        max_body=LARGEST,
        devices=True,
    ),
    Route(
        "POST",
        CHILDREN + "/telemetries",
        send_for_children,
        "Send telemetry of children",
        schema={"type": "object", "maxProperties": MOST},
        parameters=(ITSELF,),
        max_body=LARGEST,
        devices=True,
    ),
)
FLAGS = record(
    "config_version command info_version new_licenses latest_fw_version latest_fw_file_id space_data_version success",
    config_version=WHOLE,
    command=FLAG,
    info_version=WHOLE,
    new_licenses=FLAG,
    latest_fw_version={"type": ["string", "null"]},
    latest_fw_file_id={"type": ["string", "null"]},
    space_data_version=WHOLE,
    success={"const": True},
)
ANSWERS: dict[Handler, Schema] = {
    send: FLAGS,
    send_for_children: by_name({"anyOf": [FLAGS, record("error", error=TEXT)]}),
}
