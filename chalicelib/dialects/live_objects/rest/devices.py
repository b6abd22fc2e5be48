"""`/api/v1/deviceMgt/devices` (manual 5.3)."""

from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib.dialects.live_objects.rest import details
from chalicelib.dialects.live_objects.rest.identifiers import DEVICE
from chalicelib.dialects.live_objects.rest.shapes import devices as shapes
from chalicelib.dialects.live_objects.rest.shapes.groups import named as named_group
from chalicelib.dialects.live_objects.rest.shapes.interfaces import secrets_of
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.errors import (
    ConnectorNotFound,
    DeviceDuplicate,
    DeviceNotFound,
    GroupNotFound,
    InterfaceDuplicate,
    Invalid,
)
from chalicelib.fleet.inventory import devices, groups
from chalicelib.fleet.inventory.records import ROOT_GROUP, Device, GroupTree
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.twin import provisioning
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Route


def register(ports: Ports, request: Request) -> Answer:
    device = registered(ports, request.tenant, request.body)
    return Answer(shapes.render(device, _paths(ports, [device]).path(device.group), None))


def registered(ports: Ports, tenant: str, body: Mapping[str, Any]) -> Device:
    """Errors: GroupNotFound, ConnectorNotFound, DeviceDuplicate, InterfaceDuplicate."""
    group = _group(ports, tenant, body) or ROOT_GROUP
    device = shapes.created(body, tenant, ports.clock.now(), group)
    return provisioning.register(ports, device, secrets_of(body.get("interfaces") or ()))


def read(ports: Ports, request: Request) -> Answer:
    return _answer(ports, devices.get(ports, request.tenant, request.asked["device_id"]))


def update(ports: Ports, request: Request) -> Answer:
    device_id = request.asked["device_id"]
    if request.body["id"] != device_id:
        raise Invalid("id is the device's own; it cannot be changed", "id")
    return _answer(ports, updated(ports, request.tenant, device_id, request.body))


def updated(ports: Ports, tenant: str, device_id: str, body: Mapping[str, Any]) -> Device:
    """Errors: DeviceNotFound, GroupNotFound."""
    group = _group(ports, tenant, body)
    return devices.update(ports, tenant, device_id, lambda device: shapes.changed(device, body, group))


def delete(ports: Ports, request: Request) -> Answer:
    devices.delete(ports, request.tenant, request.asked["device_id"])
    return Answer()


def _group(ports: Ports, tenant: str, body: Mapping[str, Any]) -> str | None:
    """The id of the group that the body names. Errors: GroupNotFound."""
    named = body.get("group")
    return None if named is None else groups.assigned(ports, tenant, *named_group(named))


def _paths(ports: Ports, found: Sequence[Device]) -> GroupTree:
    """Where the paths of these devices' groups are: nothing is read for devices of the root."""
    tenants = {device.tenant for device in found if device.group != ROOT_GROUP}
    return ports.groups.tree(tenants.pop()) if tenants else GroupTree("")


def _answer(ports: Ports, device: Device) -> Answer:
    path = _paths(ports, [device]).path(device.group)
    around = details.of_device(ports, device)
    shown = [around.interface(interface, None) for interface in device.interfaces]
    body = {**shapes.render(device, path, None), **around.device()}
    return Answer({**body, "interfaces": shown} if shown else body)


_DEVICES = "/api/v1/deviceMgt/devices"
_DEVICE = f"{_DEVICES}/{{device_id}}"
READ, WRITE = frozenset({Role.DEVICE_R}), frozenset({Role.DEVICE_W})

ROUTES = (
    Route(
        "POST",
        _DEVICES,
        register,
        "Register a device",
        WRITE,
        schema=shapes.NEW,
        failures=(GroupNotFound, ConnectorNotFound, DeviceDuplicate, InterfaceDuplicate),
    ),
    Route("GET", _DEVICE, read, "Get a device", READ, parameters=(DEVICE,), failures=(DeviceNotFound,)),
    Route(
        "PATCH",
        _DEVICE,
        update,
        "Update a device",
        WRITE,
        schema=shapes.UPDATE,
        parameters=(DEVICE,),
        failures=(DeviceNotFound, GroupNotFound),
    ),
    Route("DELETE", _DEVICE, delete, "Delete a device", WRITE, 204, parameters=(DEVICE,), failures=(DeviceNotFound,)),
)
