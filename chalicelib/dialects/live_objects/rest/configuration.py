"""Device configuration (manual 8.2)."""

from contextlib import suppress

from chalicelib.dialects.dialect import Settable
from chalicelib.dialects.live_objects.rest import settable
from chalicelib.dialects.live_objects.rest.devices import READ, WRITE
from chalicelib.dialects.live_objects.rest.identifiers import DEVICE
from chalicelib.dialects.live_objects.rest.shapes import configuration as shapes
from chalicelib.dialects.live_objects.rest.shapes.notification import reached
from chalicelib.fleet.configuration import synchronizing
from chalicelib.fleet.configuration.records import MAX_KEY
from chalicelib.fleet.errors import (
    Conflict,
    DeviceDuplicate,
    DeviceNotFound,
    IllegalTransition,
    ParameterNotFound,
    TooLarge,
)
from chalicelib.fleet.inventory import devices
from chalicelib.fleet.inventory.records import Device
from chalicelib.fleet.ports import Ports
from chalicelib.web.parameters import Kind, Parameter, Place
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import KILOBYTE, Route

KEY = Parameter("param_key", place=Place.PATH, bounds=(1, MAX_KEY))
FORCE = Parameter("force", Kind.BOOLEAN, default=False, explained="accepted; changes nothing")


def request_values(ports: Ports, request: Request) -> Answer:
    """Set targets. A device that is not known yet is registered, without an interface."""
    device_id = request.asked["device_id"]
    notify_to = reached(request.caller, request.body.get("notifyTo"))
    now = ports.clock.now()
    values = shapes.requested(request.body, now)
    _ensure_registered(ports, request.tenant, device_id, now)
    settable.ensure(ports, request.tenant, device_id, Settable.CONFIGURATION)
    synchronizing.request(ports, request.tenant, device_id, values, notify_to)
    return Answer()


def read(ports: Ports, request: Request) -> Answer:
    return Answer(shapes.render(synchronizing.get(ports, request.tenant, request.asked["device_id"])))


def parameters(ports: Ports, request: Request) -> Answer:
    return Answer(shapes.rendered_parameters(synchronizing.get(ports, request.tenant, request.asked["device_id"])))


def parameter(ports: Ports, request: Request) -> Answer:
    key = request.asked["param_key"]
    found = synchronizing.get(ports, request.tenant, request.asked["device_id"]).parameters.get(key)
    if found is None:
        raise ParameterNotFound(f"configuration parameter {key} not found")
    return Answer(shapes.rendered_parameter(found))


def cancel(ports: Ports, request: Request) -> Answer:
    device_id = request.asked["device_id"]
    synchronizing.get(ports, request.tenant, device_id)
    synchronizing.cancel(ports, request.tenant, device_id, request.asked["param_key"])
    return Answer()


def _ensure_registered(ports: Ports, tenant: str, device_id: str, now: int) -> None:
    if ports.devices.get(tenant, device_id) is not None:
        return
    fresh = Device(tenant, device_id, now, now, name=device_id)
    # Two first requests, or a first connection, at once: whoever comes second finds the device there.
    with suppress(DeviceDuplicate):
        devices.register(ports, fresh)


_CONFIG = "/api/v1/deviceMgt/devices/{device_id}/config"
_PARAMETERS = f"{_CONFIG}/parameters"
_PARAMETER = f"{_PARAMETERS}/{{param_key}}"

ROUTES = (
    Route(
        "POST",
        _CONFIG,
        request_values,
        "Set targets",
        WRITE,
        schema=shapes.REQUEST,
        parameters=(DEVICE,),
        failures=(TooLarge, Conflict),
        max_body=2 * KILOBYTE * KILOBYTE,
    ),
    Route("GET", _CONFIG, read, "Get the configuration", READ, parameters=(DEVICE,), failures=(DeviceNotFound,)),
    Route("GET", _PARAMETERS, parameters, "Get all parameters", READ, parameters=(DEVICE,), failures=(DeviceNotFound,)),
    Route(
        "GET",
        _PARAMETER,
        parameter,
        "Get a parameter",
        READ,
        parameters=(DEVICE, KEY),
        failures=(DeviceNotFound, ParameterNotFound),
    ),
    Route(
        "PUT",
        f"{_PARAMETER}/status",
        cancel,
        "Withdraw a target",
        WRITE,
        schema=shapes.CANCELED,
        parameters=(DEVICE, KEY, FORCE),
        failures=(DeviceNotFound, ParameterNotFound, IllegalTransition),
    ),
)
