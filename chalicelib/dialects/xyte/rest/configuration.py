"""The configuration as a device asks for it and sends it back (Get Config, Set Config, Configuration)."""

from typing import Any

from chalicelib.dialects.xyte import configurations
from chalicelib.dialects.xyte.identities import Identity
from chalicelib.dialects.xyte.rest import owners
from chalicelib.dialects.xyte.rest.access import asking
from chalicelib.dialects.xyte.rest.devices import ITSELF, ONE
from chalicelib.dialects.xyte.rest.forms import LARGEST
from chalicelib.fleet.configuration import fetching
from chalicelib.fleet.configuration.document import Document
from chalicelib.fleet.errors import IllegalTransition, TooLarge
from chalicelib.fleet.ports import Ports
from chalicelib.web.answers import WHOLE
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Handler, Route
from chalicelib.web.schemas import Schema

PATH = ONE + "/config"
_OBJECT: Schema = {"type": "object"}


@owners.asked_by_itself
def get(ports: Ports, request: Request) -> Answer:
    """The configuration with its version, 0 and nothing where there is none."""
    owned = owners.owned(ports, request)
    document = fetching.fetch(ports, owned.tenant, owned.device) if owned is not None else Document()
    return Answer(_view(asking(request), document))


@owners.asked_by_itself
def send_back(ports: Ports, request: Request) -> Answer:
    """What the device works by. What it was given is no change; anything else is the next version."""
    found, owned = asking(request), owners.owned(ports, request)
    content, version = configurations.read(request.body, found.model)
    if owned is None:
        return Answer(_view(found, Document()))
    return Answer(_view(found, fetching.send_back(ports, owned.tenant, owned.device, content, version)))


def _view(found: Identity, document: Document) -> dict[str, Any]:
    return configurations.view(document, found.id, configurations.form(found.model))


ROUTES = (
    Route("GET", PATH, get, "Get the configuration", parameters=(ITSELF,), devices=True),
    Route(
        "POST",
        PATH,
        send_back,
        "Say what the device works by",
        schema=_OBJECT,
        parameters=(ITSELF,),
        devices=True,
        max_body=LARGEST,
        failures=(IllegalTransition, TooLarge),
    ),
)
_SHOWN: Schema = {"type": "object", "required": ["version"], "properties": {"version": WHOLE}}
ANSWERS: dict[Handler, Schema] = {get: _SHOWN, send_back: _SHOWN}
