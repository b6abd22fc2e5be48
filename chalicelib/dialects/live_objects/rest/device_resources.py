"""`/api/v1/deviceMgt/devices/{deviceId}/resources` (OpenAPI of device resources)."""

from chalicelib.dialects.dialect import Settable
from chalicelib.dialects.live_objects import paging
from chalicelib.dialects.live_objects.rest import settable
from chalicelib.dialects.live_objects.rest.identifiers import DEVICE
from chalicelib.dialects.live_objects.rest.resource_manager import RESOURCE
from chalicelib.dialects.live_objects.rest.shapes import resources as shapes
from chalicelib.dialects.live_objects.rest.shapes.notification import reached
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.errors import Conflict, DeviceNotFound, ResourceNotFound, VersionNotFound
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.resources import updating
from chalicelib.fleet.resources.updates import DeviceResources, ResourceUpdate
from chalicelib.web.parameters import Kind, Parameter
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Route

_NO_CONTENT = 204
_OF = Parameter("resourceId", bounds=(1, shapes.MAX_NAME), explained="only updates of this resource")
_LATEST = Parameter("latest", Kind.BOOLEAN, default=False, explained="only the newest update of each resource")
_FORCE = Parameter("force", Kind.BOOLEAN, default=False, explained="taken and not needed")


def listing(ports: Ports, request: Request) -> Answer:
    found = _found(ports, request)
    return Answer({name: shapes.render_device_resource(r) for name, r in found.resources.items()})


def read(ports: Ports, request: Request) -> Answer:
    known = _found(ports, request).resources.get(request.asked["resource_id"])
    if known is None:
        raise ResourceNotFound(f"the device has no resource {request.asked['resource_id']}")
    return Answer(shapes.render_device_resource(known))


def target(ports: Ports, request: Request) -> Answer:
    """204 where the device has that version already."""
    changed = _requested(ports, request, request.body["version"])
    name = request.asked["resource_id"]
    if changed.active(name) is None:
        return Answer(status=_NO_CONTENT)
    return Answer(shapes.render_device_resource(changed.resources[name]))


def start(ports: Ports, request: Request) -> Answer:
    """As `target`, answered with the update."""
    update = _requested(ports, request, request.body["requestedVersion"]).active(request.asked["resource_id"])
    return Answer(shapes.render_update(update)) if update else Answer(status=_NO_CONTENT)


def withdraw(ports: Ports, request: Request) -> Answer:
    updating.withdraw(ports, request.tenant, request.asked["device_id"], request.asked["resource_id"])
    return Answer()


def updates(ports: Ports, request: Request) -> Answer:
    """Newest first."""
    name = request.asked["resourceId"]
    found = [u for u in reversed(_found(ports, request).updates) if name in (None, u.resource)]
    if request.asked["latest"]:
        found = list({u.resource: u for u in reversed(found)}.values())
    shown = [shapes.render_update(u) for u in paging.window(request, found)]
    return paging.answered(request, shown, lambda: len(found))


def latest(ports: Ports, request: Request) -> Answer:
    name = request.asked["resource_id"]
    found = [u for u in _found(ports, request).updates if u.resource == name]
    if not found:
        raise ResourceNotFound(f"there is no update of resource {name}")
    return Answer(shapes.render_update(found[-1]))


def cancel(ports: Ports, request: Request) -> Answer:
    name = request.asked["resource_id"]
    canceled: list[ResourceUpdate] = list(
        updating.cancel(ports, request.tenant, request.asked["device_id"], name).updates
    )
    return Answer(shapes.render_update([u for u in canceled if u.resource == name][-1]))


def _found(ports: Ports, request: Request) -> DeviceResources:
    return updating.get(ports, request.tenant, request.asked["device_id"])


def _requested(ports: Ports, request: Request, version: str) -> DeviceResources:
    metadata = shapes.metadata(request.body)
    device, resource = request.asked["device_id"], request.asked["resource_id"]
    notify_to = reached(request.caller, request.body.get("notifyTo"))
    settable.ensure(ports, request.tenant, device, Settable.RESOURCES)
    return updating.request(ports, request.tenant, device, resource, version, metadata, notify_to)


_ROOT = "/api/v1/deviceMgt/devices/{device_id}/resources"
_ONE = f"{_ROOT}/{{resource_id}}"
_READ, _WRITE = frozenset({Role.DEVICE_R}), frozenset({Role.DEVICE_W})
ONE_OF_DEVICE = (DEVICE, RESOURCE)
_MISSING = (DeviceNotFound, ResourceNotFound)
TARGET_FAILURES = (*_MISSING, VersionNotFound, Conflict)

ROUTES = (
    Route(
        "GET", _ROOT, listing, "Get the resources of a device", _READ, parameters=(DEVICE,), failures=(DeviceNotFound,)
    ),
    Route(
        "GET",
        f"{_ROOT}/updates",
        updates,
        "List the resource updates of a device",
        _READ,
        parameters=(DEVICE, *paging.WINDOW, _OF, _LATEST),
        failures=(DeviceNotFound,),
    ),
    Route(
        "POST",
        f"{_ROOT}/updates/{{resource_id}}/status",
        cancel,
        "Cancel the update of a resource",
        _WRITE,
        schema=shapes.CANCELED,
        parameters=(*ONE_OF_DEVICE, _FORCE),
        failures=(*_MISSING, Conflict),
    ),
    Route("GET", _ONE, read, "Get a resource of a device", _READ, parameters=ONE_OF_DEVICE, failures=_MISSING),
    Route(
        "POST",
        _ONE,
        target,
        "Set the version that a device is to have",
        _WRITE,
        schema=shapes.TARGET,
        parameters=ONE_OF_DEVICE,
        failures=TARGET_FAILURES,
    ),
    Route(
        "DELETE",
        f"{_ONE}/requested",
        withdraw,
        "Request no version any more",
        _WRITE,
        204,
        parameters=(*ONE_OF_DEVICE, _FORCE),
        failures=_MISSING,
    ),
    Route(
        "POST",
        f"{_ONE}/updates",
        start,
        "Start the update of a resource",
        _WRITE,
        201,
        schema=shapes.NEW_UPDATE,
        parameters=ONE_OF_DEVICE,
        failures=TARGET_FAILURES,
    ),
    Route(
        "GET",
        f"{_ONE}/updates/latest",
        latest,
        "Get the newest update of a resource",
        _READ,
        parameters=ONE_OF_DEVICE,
        failures=_MISSING,
    ),
)
