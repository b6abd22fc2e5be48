"""Interfaces of a device (manual 5.4)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chalicelib.dialects.live_objects.identity import is_urn
from chalicelib.dialects.live_objects.rest import details
from chalicelib.dialects.live_objects.rest.devices import READ, WRITE
from chalicelib.dialects.live_objects.rest.identifiers import DEVICE
from chalicelib.dialects.live_objects.rest.shapes import interfaces as shapes
from chalicelib.dialects.live_objects.rest.shapes import lwm2m_interfaces as lwm2m
from chalicelib.fleet.errors import (
    ConnectorNotFound,
    Contended,
    DeviceNotFound,
    InterfaceDuplicate,
    InterfaceNotFound,
    Invalid,
)
from chalicelib.fleet.inventory import devices
from chalicelib.fleet.inventory.records import Device
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.records import split_interface_key
from chalicelib.fleet.twin import provisioning
from chalicelib.fleet.twin.records import CONNECTOR as LWM2M
from chalicelib.web.parameters import Parameter, Place
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Route

_INTERFACE = Parameter("interface_id", place=Place.PATH, bounds=(1, 400), explained="{connector}:{nodeId}")


def of_interface(request: Request, device: str, interface: str) -> Request:
    """The request as one for this interface of that device."""
    return replace(request, asked={**request.asked, "device_id": device, "interface_id": interface})


def add(ports: Ports, request: Request) -> Answer:
    interface = shapes.created(request.body, ports.clock.now())
    secrets = shapes.secrets_of([request.body])
    device = provisioning.add(ports, request.tenant, request.asked["device_id"], interface, secrets)
    return _answer(ports, device, (interface.connector, interface.node))


def listing(ports: Ports, request: Request) -> Answer:
    device = devices.get(ports, request.tenant, request.asked["device_id"])
    around = details.of_interfaces(ports, device)
    return Answer([around.interface(interface, device.id) for interface in device.interfaces])


def read(ports: Ports, request: Request) -> Answer:
    key = _key(request)
    return _answer(ports, devices.get(ports, request.tenant, request.asked["device_id"]), key)


def update(ports: Ports, request: Request) -> Answer:
    """Change an interface, or move it to another device; a disabled one is disconnected and kept out."""
    key, device_id = _key(request), request.asked["device_id"]
    definition = shapes.definition_of(request.body)
    field = shapes.NODE_FIELDS[key[0]]
    if definition is not None and definition.get(field, key[1]) != key[1]:
        raise Invalid(f"definition.{field} names the interface; it cannot be changed", f"definition.{field}")
    target = request.body.get("deviceId") or device_id
    if not is_urn(target):
        raise Invalid("deviceId is urn:lo:nsid:{namespace}:{id}", "deviceId")
    devices.get(ports, request.tenant, target)
    device = _changed(ports, request, key, definition)
    if target != device_id:
        device = provisioning.move(ports, request.tenant, device_id, key, target)
    return _answer(ports, device, key)


def _changed(ports: Ports, request: Request, key: tuple[str, str], definition: Mapping[str, Any] | None) -> Device:
    device_id, enabled = request.asked["device_id"], shapes.enabled(request.body)
    if key[0] != LWM2M:
        return devices.update_interface(ports, request.tenant, device_id, key, enabled=enabled, definition=definition)
    known = devices.find_interface(devices.get(ports, request.tenant, device_id), *key)
    fields, secret = lwm2m.changed(known, definition or {})
    return provisioning.update(
        ports, request.tenant, device_id, key[1], enabled=enabled, definition=fields, secret=secret
    )


def delete(ports: Ports, request: Request) -> Answer:
    devices.delete_interface(ports, request.tenant, request.asked["device_id"], *_key(request))
    return Answer()


def _key(request: Request) -> tuple[str, str]:
    """(connector, node). Errors: Invalid, ConnectorNotFound."""
    connector, node = split_interface_key(request.asked["interface_id"])
    if not connector or not node:
        raise Invalid("interface_id is {connector}:{nodeId}", "interface_id")
    if connector not in shapes.NODE_FIELDS:
        raise ConnectorNotFound(f"connector {connector[:128]} not found or unavailable")
    return connector, node


def _answer(ports: Ports, device: Device, key: tuple[str, str]) -> Answer:
    interface = devices.find_interface(device, *key)
    return Answer(details.of_interfaces(ports, device).interface(interface, device.id))


_ALL = "/api/v1/deviceMgt/devices/{device_id}/interfaces"
_ONE = f"{_ALL}/{{interface_id}}"
_MISSING = (DeviceNotFound, InterfaceNotFound, ConnectorNotFound)

ROUTES = (
    Route(
        "POST",
        _ALL,
        add,
        "Add an interface",
        WRITE,
        201,
        schema=shapes.NEW,
        parameters=(DEVICE,),
        failures=(DeviceNotFound, ConnectorNotFound, InterfaceDuplicate),
    ),
    Route("GET", _ALL, listing, "List interfaces", READ, parameters=(DEVICE,), failures=(DeviceNotFound,)),
    Route("GET", _ONE, read, "Get an interface", READ, parameters=(DEVICE, _INTERFACE), failures=_MISSING),
    Route(
        "PATCH",
        _ONE,
        update,
        "Update or move an interface",
        WRITE,
        schema=shapes.UPDATE,
        parameters=(DEVICE, _INTERFACE),
        failures=(*_MISSING, Contended),
    ),
    Route(
        "DELETE", _ONE, delete, "Delete an interface", WRITE, 204, parameters=(DEVICE, _INTERFACE), failures=_MISSING
    ),
)
