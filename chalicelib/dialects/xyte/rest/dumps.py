"""Dumps as a device sends them, as they are or in a form (Send Dump, Append Dump File)."""

from typing import Any

from chalicelib.dialects.xyte import dumps
from chalicelib.dialects.xyte.deciding import Owned
from chalicelib.dialects.xyte.rest import owners
from chalicelib.dialects.xyte.rest.devices import ITSELF, ONE
from chalicelib.fleet.errors import Invalid, LimitReached, NotFound, TooLarge
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.resources.records import CARRIED
from chalicelib.web import forms
from chalicelib.web.answers import TEXT, WHOLE, record
from chalicelib.web.parameters import Parameter, Place
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Handler, Route
from chalicelib.web.schemas import Schema

ALL = ONE + "/dumps"
NEW, MORE = ALL + "/{mime_type}/{filename}", ALL + "/{dump_id}"
_DATA = "data"
"""The field of a form that has the file."""


def send(ports: Ports, request: Request) -> Answer:
    """A file; the `/` of its type is written `%2F`."""
    owned, asked = _owned(ports, request), request.asked
    made = dumps.send(ports, owned.tenant, owned.device, asked["mime_type"], asked["filename"], _body(request))
    return Answer({"id": made.id, "length": made.length})


def append(ports: Ports, request: Request) -> Answer:
    """More of a file that was sent before."""
    owned = _owned(ports, request)
    made = dumps.append(ports, owned.tenant, owned.device, request.path["dump_id"], _body(request))
    return Answer({"id": made.id, "length": made.length})


def _owned(ports: Ports, request: Request) -> Owned:
    """Errors: Invalid."""
    owned = owners.owned(ports, request)
    if owned is None:
        raise Invalid("Device is not claimed", "device_id")
    return owned


def _body(request: Request) -> bytes:
    """Errors: Invalid."""
    kind = request.headers.get("content-type")
    if not forms.is_form(kind):
        return request.raw
    part = forms.read(kind, request.raw).get(_DATA)
    if part is None:
        raise Invalid("the form has no field data", _DATA)
    return part.content


_MIME = Parameter("mime_type", place=Place.PATH, bounds=(1, 255))
_NAME = Parameter("filename", place=Place.PATH, bounds=(1, 255))
_DUMP = Parameter("dump_id", place=Place.PATH)
_FILE: dict[str, Any] = {"reads": ("*/*",), "max_body": CARRIED, "devices": True}
ROUTES = (
    Route(
        "POST",
        NEW,
        send,
        "Send a dump",
        success=201,
        parameters=(ITSELF, _MIME, _NAME),
        failures=(TooLarge, LimitReached),
        **_FILE,
    ),
    Route("PUT", MORE, append, "Append to a dump", parameters=(ITSELF, _DUMP), failures=(NotFound, TooLarge), **_FILE),
)
SENT = record("id length", id=TEXT, length=WHOLE)
ANSWERS: dict[Handler, Schema] = {send: SENT, append: SENT}
