"""The configuration as a device asks for it and sends it back (Get Config, Set Config, Configuration)."""

from collections.abc import Mapping
from typing import Any

from chalicelib.dialects.xyte.identities import Identity
from chalicelib.dialects.xyte.models import DEVICE_ID, SCOPED_CONFIG
from chalicelib.dialects.xyte.moments import render
from chalicelib.dialects.xyte.rest import owners
from chalicelib.dialects.xyte.rest.access import asking
from chalicelib.dialects.xyte.rest.devices import ITSELF, ONE
from chalicelib.dialects.xyte.rest.forms import LARGEST
from chalicelib.fleet.configuration import fetching
from chalicelib.fleet.configuration.document import Document
from chalicelib.fleet.errors import IllegalTransition, Invalid, TooLarge
from chalicelib.fleet.ports import Ports
from chalicelib.web.answers import WHOLE
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Handler, Route
from chalicelib.web.schemas import Schema

PATH = ONE + "/config"
_OBJECT: Schema = {"type": "object"}
_OURS = ("version", "last_updated")
_AROUND = (*_OURS, "name", "device_id")
"""What stands beside a configuration that has a field of its own."""


def get(ports: Ports, request: Request) -> Answer:
    """The configuration with its version, 0 and nothing where there is none."""
    owned = owners.owned(ports, request)
    document = fetching.fetch(ports, owned.tenant, owned.device) if owned is not None else Document()
    return Answer(view(asking(request), document))


def send_back(ports: Ports, request: Request) -> Answer:
    """What the device works by. What it was given is no change; anything else is the next version."""
    found, owned = asking(request), owners.owned(ports, request)
    content, version = read(found, request.body)
    if owned is None:
        return Answer(view(found, Document()))
    return Answer(view(found, fetching.send_back(ports, owned.tenant, owned.device, content, version)))


def read(found: Identity, sent: Mapping[str, Any]) -> tuple[Mapping[str, Any], int | None]:
    """The content, and the version that it changes if that is said. Errors: Invalid."""
    version = sent.get("version")
    if version is not None and (isinstance(version, bool) or not isinstance(version, int)):
        if not (isinstance(version, float) and version.is_integer()):
            raise Invalid("version is an integer", "version")
        version = int(version)
    inner = sent.get("config")
    if found.model.since(SCOPED_CONFIG) and isinstance(inner, dict) and not set(sent) - {"config", *_AROUND}:
        return inner, version
    return {name: value for name, value in sent.items() if name not in _OURS}, version


def view(found: Identity, document: Document) -> dict[str, Any]:
    changed = render(document.changed) if document.changed else None
    if not found.model.since(SCOPED_CONFIG):
        return {**document.content, "version": document.version, "last_updated": changed}
    shown = {
        "name": found.model.name,
        "version": document.version,
        "last_updated": changed,
        "config": dict(document.content),
    }
    return {**shown, "device_id": found.id} if found.model.since(DEVICE_ID) else shown


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
