"""`/api/v0/certificates/ca` (manual 6.3.4): whose client certificates the keys of a tenant can ask for."""

from chalicelib.dialects.live_objects.rest.shapes import certificates as shapes
from chalicelib.fleet.access import certificates
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.errors import CertificateNotFound, LimitReached
from chalicelib.fleet.ports import Ports
from chalicelib.web.parameters import Parameter, Place
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import KILOBYTE, Route

_ID = Parameter("certificate_id", place=Place.PATH)


def listing(ports: Ports, request: Request) -> Answer:
    return Answer([shapes.render(entry) for entry in ports.authorities.get(request.tenant).entries])


def create(ports: Ports, request: Request) -> Answer:
    made = certificates.add(ports, request.tenant, request.body["certificate"], request.body["comment"])
    return Answer({"id": made.id})


def read(ports: Ports, request: Request) -> Answer:
    return Answer(shapes.render(certificates.get(ports, request.tenant, request.asked["certificate_id"])))


def delete(ports: Ports, request: Request) -> Answer:
    certificates.remove(ports, request.tenant, request.asked["certificate_id"])
    return Answer()


_ALL = "/api/v0/certificates/ca"
_ONE = f"{_ALL}/{{certificate_id}}"
_READ, _WRITE = frozenset({Role.API_KEY_R}), frozenset({Role.API_KEY_W})
_MISSING = (CertificateNotFound,)

ROUTES = (
    Route("GET", _ALL, listing, "List CA certificates", _READ),
    Route(
        "POST",
        _ALL,
        create,
        "Upload a CA certificate",
        _WRITE,
        schema=shapes.NEW,
        failures=(LimitReached,),
        max_body=32 * KILOBYTE,
    ),
    Route("GET", _ONE, read, "Get a CA certificate", _READ, parameters=(_ID,), failures=_MISSING),
    Route("DELETE", _ONE, delete, "Delete a CA certificate", _WRITE, 204, parameters=(_ID,), failures=_MISSING),
)
