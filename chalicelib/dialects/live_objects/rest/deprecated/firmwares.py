"""`/api/v1/deviceMgt/devices/{deviceId}/firmwares` and `…/firmwareUpdates`: what resources were called before."""

from chalicelib.dialects.live_objects import paging
from chalicelib.dialects.live_objects.rest import device_resources
from chalicelib.dialects.live_objects.rest.device_resources import ONE_OF_DEVICE, TARGET_FAILURES
from chalicelib.dialects.live_objects.rest.devices import READ, WRITE
from chalicelib.dialects.live_objects.rest.identifiers import DEVICE
from chalicelib.dialects.live_objects.rest.shapes import resources as shapes
from chalicelib.fleet.errors import DeviceNotFound, ResourceNotFound
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.resources import updating
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Route


def updates(ports: Ports, request: Request) -> Answer:
    """Newest first, as a bare list in spite of `page` and `size`."""
    found = updating.get(ports, request.tenant, request.asked["device_id"]).updates
    page = paging.slice_of(request, found[::-1])
    return paging.answered(request, [shapes.render_update(update) for update in page], lambda: len(found))


_DEVICE = "/api/v1/deviceMgt/devices/{device_id}"
_ONE = f"{_DEVICE}/firmwares/{{resource_id}}"
_MISSING = (DeviceNotFound, ResourceNotFound)

ROUTES = (
    Route(
        "GET",
        f"{_DEVICE}/firmwares",
        device_resources.listing,
        "Get the firmwares of a device",
        READ,
        parameters=(DEVICE,),
        failures=(DeviceNotFound,),
        deprecated=True,
    ),
    Route(
        "GET",
        _ONE,
        device_resources.read,
        "Get a firmware of a device",
        READ,
        parameters=ONE_OF_DEVICE,
        failures=_MISSING,
        deprecated=True,
    ),
    Route(
        "POST",
        _ONE,
        device_resources.target,
        "Set the firmware version that a device is to have",
        WRITE,
        schema=shapes.TARGET,
        parameters=ONE_OF_DEVICE,
        failures=TARGET_FAILURES,
        deprecated=True,
    ),
    Route(
        "GET",
        f"{_ONE}/lastUpdate",
        device_resources.latest,
        "Get the newest update of a firmware",
        READ,
        parameters=ONE_OF_DEVICE,
        failures=_MISSING,
        deprecated=True,
    ),
    Route(
        "GET",
        f"{_DEVICE}/firmwareUpdates",
        updates,
        "List the firmware updates of a device",
        READ,
        parameters=(DEVICE, *paging.PAGED, paging.TOTAL_WANTED),
        failures=(DeviceNotFound,),
        deprecated=True,
    ),
)
