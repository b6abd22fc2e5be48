"""`/api/v0/rm/asset/{namespace}/{id}`: resources of a device, before `/api/v1/deviceMgt/devices/{id}/resources`."""

from typing import Any

from chalicelib.dialects.dialect import Settable
from chalicelib.dialects.live_objects import paging
from chalicelib.dialects.live_objects.rest import settable
from chalicelib.dialects.live_objects.rest.deprecated.naming import NOTIFIED, device_of, notified, parts
from chalicelib.dialects.live_objects.rest.device_resources import TARGET_FAILURES
from chalicelib.dialects.live_objects.rest.devices import READ, WRITE
from chalicelib.dialects.live_objects.rest.identifiers import ASSETS
from chalicelib.dialects.live_objects.rest.resource_manager import RESOURCE
from chalicelib.dialects.live_objects.rest.shapes import present
from chalicelib.dialects.live_objects.rest.shapes import resources as shapes
from chalicelib.fleet.errors import Conflict, DeviceNotFound, ResourceNotFound
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.resources import updating
from chalicelib.fleet.resources.updates import DeviceResource, DeviceResources
from chalicelib.web.parameters import Kind, Parameter
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Route

_OF = Parameter("resourceId", bounds=(1, shapes.MAX_NAME), explained="the update of this resource; else of any")
_FORCE = Parameter("force", Kind.BOOLEAN, default=False, explained="taken and not needed")
_NOT_THERE = frozenset({"resourceId", "connector"})
"""What the old API does not tell of an update."""
_TARGET = {
    "type": "object",
    "required": ["targetVersion"],
    "properties": {"targetVersion": {"type": "string", "minLength": 1, "maxLength": shapes.MAX_NAME}},
}


def listing(ports: Ports, request: Request) -> Answer:
    found = updating.get(ports, request.tenant, device_of(request))
    return paging.paged(request, [_resource(found, name) for name in sorted(found.resources)])


def target(ports: Ports, request: Request) -> Answer:
    """200 also where the device has that version already."""
    name, version = request.asked["resource_id"], request.body["targetVersion"]
    settable.ensure(ports, request.tenant, device_of(request), Settable.RESOURCES)
    changed = updating.request(ports, request.tenant, device_of(request), name, version, {}, notified(request))
    return Answer(_resource(changed, name))


def latest(ports: Ports, request: Request) -> Answer:
    name = request.asked["resourceId"]
    updates = updating.get(ports, request.tenant, device_of(request)).updates
    found = [update for update in updates if name in (None, update.resource)]
    if not found:
        raise ResourceNotFound(f"there is no update of resource {name}" if name else "there is no resource update")
    return Answer(_without_names(shapes.render_update(found[-1])))


def history(ports: Ports, request: Request) -> Answer:
    """Newest first."""
    found = updating.get(ports, request.tenant, device_of(request)).updates
    return paging.paged(request, [_without_names(shapes.render_update(update)) for update in reversed(found)])


def cancel(ports: Ports, request: Request) -> Answer:
    """Ends the newest update that is under way, of whichever resource."""
    updating.cancel(ports, request.tenant, device_of(request), None)
    return Answer()


def _resource(found: DeviceResources, name: str) -> dict[str, Any]:
    resource = found.resources.get(name, DeviceResource())
    namespace, asset = parts(found.device)
    reported, requested = resource.reported, resource.requested
    return present(
        {
            "tenantId": found.tenant,
            "assetIdNamespace": namespace,
            "assetId": asset,
            "resourceId": name,
            "currentVersion": reported.version if reported else None,
            "currentVersionTs": reported.at if reported else None,
            "currentVersionChangeTs": reported.at if reported else None,
            "targetVersion": requested.version if requested else None,
            "targetVersionTs": requested.at if requested else None,
            "connectorMetadata": dict(resource.metadata) or None,
        }
    )


def _without_names(update: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in update.items() if name not in _NOT_THERE}


_ROOT = "/api/v0/rm/asset/{namespace}/{asset_id}"

ROUTES = (
    Route(
        "GET",
        _ROOT,
        listing,
        "List the resources of an asset",
        READ,
        parameters=(*ASSETS, *paging.PAGED),
        failures=(DeviceNotFound,),
        deprecated=True,
    ),
    Route(
        "PUT",
        f"{_ROOT}/resource/{{resource_id}}/targetversion",
        target,
        "Set the version that an asset is to have",
        WRITE,
        schema=_TARGET,
        parameters=(*ASSETS, RESOURCE, NOTIFIED),
        failures=TARGET_FAILURES,
        deprecated=True,
    ),
    Route(
        "GET",
        f"{_ROOT}/update",
        latest,
        "Get the newest resource update of an asset",
        READ,
        parameters=(*ASSETS, _OF),
        failures=(DeviceNotFound, ResourceNotFound),
        deprecated=True,
    ),
    Route(
        "GET",
        f"{_ROOT}/update/history",
        history,
        "List the resource updates of an asset",
        READ,
        parameters=(*ASSETS, *paging.PAGED),
        failures=(DeviceNotFound,),
        deprecated=True,
    ),
    Route(
        "POST",
        f"{_ROOT}/cancelUpdate",
        cancel,
        "Cancel the resource update of an asset",
        WRITE,
        parameters=(*ASSETS, _FORCE),
        failures=(DeviceNotFound, Conflict),
        deprecated=True,
    ),
)
