"""`/api/v0/rm` (OpenAPI of the resource manager).

A body of Lambda has at most 6 MB. For bigger files a version is announced with `size` instead of `file`: the answer
then has `uploadUrl`, which takes the file by PUT with the header `Content-MD5`; once it is there, the version is ready.
"""

from functools import partial

from chalicelib.dialects.live_objects import paging, times
from chalicelib.dialects.live_objects.rest.shapes import resources as shapes
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.errors import (
    ConnectorNotFound,
    LimitReached,
    ResourceDuplicate,
    ResourceNotFound,
    VersionDuplicate,
    VersionNotFound,
)
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.resources import catalog
from chalicelib.fleet.resources.catalog import UPLOAD_VALID
from chalicelib.web.parameters import Parameter, Place
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import KILOBYTE, Route

MAX_UPLOAD = 4_400 * KILOBYTE
"""Bytes of a body with a file; API Gateway hands bodies to Lambda in Base64."""
_NAME = (1, shapes.MAX_NAME)
RESOURCE = Parameter("resource_id", place=Place.PATH, bounds=_NAME)
_VERSION = Parameter("version_id", place=Place.PATH, bounds=_NAME)
_CONNECTOR = Parameter("connector", place=Place.PATH, bounds=(1, 128))
_CURRENT = Parameter("current_version", place=Place.PATH, bounds=_NAME)


def listing(ports: Ports, request: Request) -> Answer:
    return paging.paged(request, [shapes.render(r) for r in ports.catalog.all(request.tenant)])


def add(ports: Ports, request: Request) -> Answer:
    resource = shapes.created(request.body, request.tenant, ports.clock.now())
    return Answer(shapes.render(catalog.create(ports, resource)))


def read(ports: Ports, request: Request) -> Answer:
    return Answer(shapes.render(catalog.get(ports, *_resource(request))))


def update(ports: Ports, request: Request) -> Answer:
    changed = catalog.update(ports, *_resource(request), partial(shapes.changed, body=request.body))
    return Answer(shapes.render(changed))


def delete(ports: Ports, request: Request) -> Answer:
    catalog.delete(ports, *_resource(request))
    return Answer()


def connectors(ports: Ports, request: Request) -> Answer:  # noqa: ARG001 - every handler is called alike
    return Answer([shapes.CONNECTOR])


def connector_metadata(ports: Ports, request: Request) -> Answer:  # noqa: ARG001 - every handler is called alike
    if request.asked["connector"] != shapes.CONNECTOR:
        raise ConnectorNotFound(f"connector {request.asked['connector']} not found or unavailable")
    return Answer({"mandatory": [], "optional": [shapes.SECURED]})


def versions(ports: Ports, request: Request) -> Answer:
    found = catalog.versions(ports, *_resource(request))
    return paging.paged(request, [shapes.render_version(v) for v in found])


def add_version(ports: Ports, request: Request) -> Answer:
    now = ports.clock.now()
    version, content = shapes.created_version(request.body, _resource(request), ports.new_id(now), now)
    if content is not None:
        return Answer(shapes.render_version(catalog.add_version(ports, version, content)))
    announced, url = catalog.announce_version(ports, version)
    expires = times.render(now + UPLOAD_VALID * 1000)
    return Answer({**shapes.render_version(announced), "uploadUrl": url, "uploadExpires": expires})


def read_version(ports: Ports, request: Request) -> Answer:
    found = catalog.version(ports, *_resource(request), request.asked["version_id"])
    return Answer(shapes.render_version(catalog.checked(ports, found)))


def update_version(ports: Ports, request: Request) -> Answer:
    change = partial(shapes.changed_version, body=request.body)
    changed = catalog.update_version(ports, *_resource(request), request.asked["version_id"], change)
    return Answer(shapes.render_version(changed))


def delete_version(ports: Ports, request: Request) -> Answer:
    catalog.delete_version(ports, *_resource(request), request.asked["version_id"])
    return Answer()


def compatible(ports: Ports, request: Request) -> Answer:
    current = request.asked["current_version"]
    found = catalog.versions(ports, *_resource(request))
    return Answer([v.id for v in found if v.id != current and v.follows(current)])


def _resource(request: Request) -> tuple[str, str]:
    return request.tenant, request.asked["resource_id"]


_ROOT = "/api/v0/rm"
_ONE = f"{_ROOT}/{{resource_id}}"
_VERSIONS = f"{_ONE}/version"
_ONE_VERSION = f"{_VERSIONS}/{{version_id}}"
_READ, _WRITE = frozenset({Role.DEVICE_R}), frozenset({Role.DEVICE_W})
_MISSING, _NO_VERSION = (ResourceNotFound,), (VersionNotFound,)
_OF_VERSION = (RESOURCE, _VERSION)

ROUTES = (
    Route("GET", _ROOT, listing, "List the resources", _READ, parameters=paging.PAGED),
    Route(
        "POST",
        _ROOT,
        add,
        "Add a resource",
        _WRITE,
        schema=shapes.NEW,
        failures=(ResourceDuplicate, LimitReached),
    ),
    Route("GET", f"{_ROOT}/connectors", connectors, "List the connectors of resources", _READ),
    Route(
        "GET",
        f"{_ROOT}/connectors/{{connector}}/metadata",
        connector_metadata,
        "Get the metadata that a connector knows",
        _READ,
        parameters=(_CONNECTOR,),
        failures=(ConnectorNotFound,),
    ),
    Route("GET", _ONE, read, "Get a resource", _READ, parameters=(RESOURCE,), failures=_MISSING),
    Route(
        "PUT",
        _ONE,
        update,
        "Update a resource",
        _WRITE,
        schema=shapes.UPDATE,
        parameters=(RESOURCE,),
        failures=_MISSING,
    ),
    Route("DELETE", _ONE, delete, "Delete a resource", _WRITE, parameters=(RESOURCE,), failures=_MISSING),
    Route(
        "GET",
        _VERSIONS,
        versions,
        "List the versions of a resource",
        _READ,
        parameters=(RESOURCE, *paging.PAGED),
        failures=_MISSING,
    ),
    Route(
        "POST",
        _VERSIONS,
        add_version,
        "Add a version to a resource",
        _WRITE,
        schema=shapes.NEW_VERSION,
        parameters=(RESOURCE,),
        failures=(*_MISSING, VersionDuplicate, LimitReached),
        max_body=MAX_UPLOAD,
    ),
    Route("GET", _ONE_VERSION, read_version, "Get a version", _READ, parameters=_OF_VERSION, failures=_NO_VERSION),
    Route(
        "PUT",
        _ONE_VERSION,
        update_version,
        "Update a version",
        _WRITE,
        schema=shapes.UPDATE_VERSION,
        parameters=_OF_VERSION,
        failures=_NO_VERSION,
    ),
    Route(
        "DELETE", _ONE_VERSION, delete_version, "Delete a version", _WRITE, parameters=_OF_VERSION, failures=_NO_VERSION
    ),
    Route(
        "GET",
        f"{_ONE}/compatibleVersion/{{current_version}}",
        compatible,
        "List the versions that a version can be updated to",
        _READ,
        parameters=(RESOURCE, _CURRENT),
        failures=_MISSING,
    ),
)
