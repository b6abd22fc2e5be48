"""The path parameters of v0002 and what they name."""

from chalicelib.dialects.ibm import inventory
from chalicelib.dialects.ibm.identity import Name
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.inventory import devices
from chalicelib.fleet.inventory.records import Device
from chalicelib.fleet.ports import Ports
from chalicelib.web.parameters import Parameter, Place
from chalicelib.web.request import Request

PREFIX = "/api/v0002"
TYPES = f"{PREFIX}/device/types"
OF_TYPE = f"{TYPES}/{{type_id}}"
DEVICES = f"{OF_TYPE}/devices"
DEVICE = f"{DEVICES}/{{device_id}}"
READ, WRITE = frozenset({Role.DEVICE_R}), frozenset({Role.DEVICE_W})


def at(*names: str) -> tuple[Parameter, ...]:
    return tuple(Parameter(name, place=Place.PATH) for name in names)


TYPE = at("type_id")
ONE = at("type_id", "device_id")


def name(request: Request) -> Name:
    """Errors: DeviceNotFound."""
    return inventory.addressed(request.path["type_id"], request.path["device_id"])


def device(ports: Ports, request: Request) -> Device:
    """Errors: DeviceNotFound."""
    return devices.get(ports, request.tenant, name(request).fleet_id)
