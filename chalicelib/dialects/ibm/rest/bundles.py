"""Device management extensions of v0002: bundles of actions."""

from chalicelib.dialects.ibm import bundles
from chalicelib.dialects.ibm.rest.places import PREFIX, READ, WRITE, at
from chalicelib.fleet.errors import Conflict, LimitReached, NotFound
from chalicelib.fleet.ports import Ports
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Route


def listing(ports: Ports, request: Request) -> Answer:
    found = bundles.every(ports, request.tenant)
    return Answer({"results": found, "meta": {"total_rows": len(found), "facets": {}}})


def create(ports: Ports, request: Request) -> Answer:
    return Answer(bundles.create(ports, request.tenant, request.body))


def read(ports: Ports, request: Request) -> Answer:
    return Answer(bundles.get(ports, request.tenant, request.path["bundle_id"]))


def update(ports: Ports, request: Request) -> Answer:
    return Answer(bundles.update(ports, request.tenant, request.path["bundle_id"], request.body))


def delete(ports: Ports, request: Request) -> Answer:
    bundles.delete(ports, request.tenant, request.path["bundle_id"])
    return Answer()


_ALL = f"{PREFIX}/mgmt/custom/bundle"
_ONE = f"{_ALL}/{{bundle_id}}"
_ID = at("bundle_id")
_GONE = (NotFound,)
ROUTES = (
    Route("GET", _ALL, listing, "List extensions", READ),
    Route(
        "POST",
        _ALL,
        create,
        "Create an extension",
        WRITE,
        201,
        schema=bundles.BUNDLE,
        failures=(Conflict, LimitReached),
    ),
    Route("GET", _ONE, read, "Get an extension", READ, parameters=_ID, failures=_GONE),
    Route("PUT", _ONE, update, "Update an extension", WRITE, schema=bundles.BUNDLE, parameters=_ID, failures=_GONE),
    Route("DELETE", _ONE, delete, "Delete an extension", WRITE, 204, parameters=_ID, failures=_GONE),
)
