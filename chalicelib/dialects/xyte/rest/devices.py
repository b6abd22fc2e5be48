"""What a device learns of itself (Get Device Info)."""

from typing import Any

from chalicelib.dialects.xyte import DEVICES
from chalicelib.dialects.xyte.identities import Identity
from chalicelib.dialects.xyte.rest.access import DEVICE, asking
from chalicelib.fleet.ports import Ports
from chalicelib.web.answers import ANY, TEXT, record
from chalicelib.web.parameters import Parameter, Place
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Handler, Route
from chalicelib.web.schemas import Schema

ONE = DEVICES + "/devices/{" + DEVICE + "}"
ITSELF = Parameter(DEVICE, place=Place.PATH, explained="The id that the device was given when it registered.")


def get(ports: Ports, request: Request) -> Answer:
    """A device as it registered, and what is known of it since."""
    return Answer(shown(ports, asking(request)))


def shown(ports: Ports, found: Identity) -> dict[str, Any]:  # noqa: ARG001 - state comes with telemetry
    about = found.about
    return {
        "id": found.id,
        "name": about.name,
        "sn": about.sn,
        "mac": about.mac,
        "cloud_id": about.cloud_id,
        "sub_model": about.sub_model,
        "details": about.details,
    }


ROUTES = (Route("GET", ONE, get, "Get device info", parameters=(ITSELF,), devices=True),)
INFO = record("id name sn mac cloud_id sub_model details", id=TEXT, details=ANY)
ANSWERS: dict[Handler, Schema] = {get: INFO}
