"""Files that a device finds (Get Files, Get File)."""

from chalicelib.dialects.xyte import files
from chalicelib.dialects.xyte.identities import Identity
from chalicelib.dialects.xyte.rest import owners
from chalicelib.dialects.xyte.rest.devices import ITSELF, ONE
from chalicelib.fleet.errors import NotFound
from chalicelib.fleet.ports import Ports
from chalicelib.web.answers import ANY, TEXT, listed, record
from chalicelib.web.parameters import Parameter, Place
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Handler, Route
from chalicelib.web.schemas import Schema

ALL = ONE + "/files"
FILE = ALL + "/{file_id}"


def every(ports: Ports, request: Request) -> Answer:
    """What there is for the device or its model; each URL can be used for an hour."""
    return Answer([files.view(ports, one) for one in files.every(ports, _asks(ports, request))])


def get(ports: Ports, request: Request) -> Answer:
    return Answer(files.view(ports, files.find(ports, _asks(ports, request), request.path["file_id"])))


def _asks(ports: Ports, request: Request) -> Identity:
    """As it stands now: the files of an owner who has given it up are none of its."""
    return owners.standing(ports, request).identity


_FILE = Parameter("file_id", place=Place.PATH)
ROUTES = (
    Route("GET", ALL, every, "List files", parameters=(ITSELF,), devices=True),
    Route("GET", FILE, get, "Get a file", parameters=(ITSELF, _FILE), devices=True, failures=(NotFound,)),
)
SHOWN = record(
    "id name url file_type version checksum created_at",
    id=TEXT,
    name=TEXT,
    url=TEXT,
    desc=ANY,
    file_type=TEXT,
    version=TEXT,
    checksum=TEXT,
    signature=ANY,
    created_at=TEXT,
    public_notes=ANY,
)
ANSWERS: dict[Handler, Schema] = {every: listed(SHOWN), get: SHOWN}
