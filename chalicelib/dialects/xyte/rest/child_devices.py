"""Children of a device, as their parent registers and lists them; and the end of a device (Delete Device)."""

from contextlib import suppress
from typing import Any

from chalicelib.dialects.xyte import children, deciding, owning, statuses
from chalicelib.dialects.xyte.deciding import Owned, Standing
from chalicelib.dialects.xyte.errors import DeviceUnknown
from chalicelib.dialects.xyte.identities import Identity
from chalicelib.dialects.xyte.rest import owners
from chalicelib.dialects.xyte.rest.access import asking
from chalicelib.dialects.xyte.rest.devices import ITSELF, ONE
from chalicelib.dialects.xyte.rest.forms import DETAILS, LARGEST, MAYBE
from chalicelib.dialects.xyte.rest.model_documents import SUCCESS
from chalicelib.fleet.errors import Conflict, Unauthenticated
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.mailbox import Mailbox
from chalicelib.web import origins
from chalicelib.web.answers import TEXT, listed, record
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Handler, Route
from chalicelib.web.schemas import Schema

CHILDREN = ONE + "/children"
_CHILD: Schema = {
    "type": "object",
    "properties": {
        **dict.fromkeys(
            ("hardware_key", "model_id", "nano_id", "mac", "sn", "cloud_id", "firmware_version", "name", "sub_model"),
            MAYBE,
        ),
        "details": DETAILS,
    },
}


def register(ports: Ports, request: Request) -> Answer:
    """A device behind this one, with a key of its own. Whoever owns the parent owns it."""
    made = children.register(ports, asking(request), request.body)
    hub = origins.origin(request)
    return Answer({"id": made.identity.id, "access_key": made.secret, "hub_url": hub})


def get(ports: Ports, request: Request) -> Answer:
    """Those that are still there, each as whoever has it knows it."""
    found = _standing(ports, owners.standing(ports, request).identity)
    return Answer([_shown(child, statuses.of(owned.mailbox if owned is not None else None)) for child, owned in found])


def delete(ports: Ports, request: Request) -> Answer:
    """The device, its children, and what its owner has of it; what it sent stays until it expires."""
    found = asking(request)
    owning.erase(ports, found)
    children.part(ports, found)
    return Answer({"success": True})


def _standing(ports: Ports, parent: Identity) -> list[Standing]:
    known, boxes, found = list(children.of(ports, parent)), dict[str, Mailbox](), list[Standing]()
    if parent.owner is not None:
        boxes = ports.mailboxes.some(parent.owner, [child.device for child in known if child.owner == parent.owner])
    for child in known:
        mailbox = boxes.get(child.device)
        if mailbox is not None and parent.owner is not None:
            found.append(Standing(child, Owned(child, parent.owner, mailbox)))
            continue
        # One that was deleted just now is no reason to send its parent away.
        with suppress(Unauthenticated):
            found.append(deciding.whose(ports, child))
    return found


def _shown(child: Identity, status: str) -> dict[str, Any]:
    about = child.about
    return {
        "id": child.id,
        "name": about.known_as,
        "sn": about.sn,
        "mac": about.mac,
        "status": status,
        "firmware_version": about.firmware,
    }


_FAILURES = (DeviceUnknown, Conflict)
ROUTES = (
    Route(
        "POST",
        CHILDREN,
        register,
        "Register a child device",
        schema=_CHILD,
        success=201,
        parameters=(ITSELF,),
        failures=_FAILURES,
        max_body=LARGEST,
        devices=True,
    ),
    Route("GET", CHILDREN, get, "List child devices", parameters=(ITSELF,), devices=True),
    Route("DELETE", ONE, delete, "Delete the device", parameters=(ITSELF,), devices=True),
)
_TEXT: Schema = {"type": ["string", "null"]}
ANSWERS: dict[Handler, Schema] = {
    register: record("id access_key hub_url", id=TEXT, access_key=TEXT, hub_url=TEXT),
    get: listed(
        record(
            "id name sn mac status firmware_version",
            id=TEXT,
            name=_TEXT,
            sn=_TEXT,
            mac=_TEXT,
            status=TEXT,
            firmware_version=_TEXT,
        )
    ),
    delete: SUCCESS,
}
