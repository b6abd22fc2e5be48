"""`/api/v1/deviceMgt/devices` (manual 5.3)."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from chalicelib.dialects.live_objects import paging
from chalicelib.dialects.live_objects.identity import MAX_URN, URN
from chalicelib.dialects.live_objects.rest import filters
from chalicelib.dialects.live_objects.rest.identifiers import DEVICE
from chalicelib.dialects.live_objects.rest.shapes import devices as shapes
from chalicelib.dialects.live_objects.rest.shapes.configuration import rendered_reports
from chalicelib.dialects.live_objects.rest.shapes.groups import named as named_group
from chalicelib.fleet import devices, groups, relaying
from chalicelib.fleet.devices import ROOT_GROUP, Device
from chalicelib.fleet.errors import (
    ConnectorNotFound,
    DeviceDuplicate,
    DeviceNotFound,
    GroupNotFound,
    InterfaceDuplicate,
    Invalid,
)
from chalicelib.fleet.groups import GroupTree
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.roles import Role
from chalicelib.web.parameters import Kind, Parameter
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Route

_BATCH = 100
_BOOKMARK = Parameter("bookmarkId", bounds=(1, MAX_URN), pattern=URN, explained="id of the previous page's last device")
_FIELDS = Parameter("fields", Kind.LIST, explained="what to show of each device")


def register(ports: Ports, request: Request) -> Answer:
    group = _group(ports, request) or ROOT_GROUP
    device = devices.register(ports, shapes.created(request.body, request.tenant, ports.clock.now(), group))
    return Answer(shapes.render(device, _paths(ports, [device]).path(group), None))


def listing(ports: Ports, request: Request) -> Answer:
    """By id; by pages after a bookmark at any depth, by offset up to paging.LAST_OFFSET."""
    fields = shapes.fields_of(request.asked["fields"])
    ((_, descending),) = paging.order(request, ("id",), "id")[:1]
    wanted = filters.wanted(request, lambda: ports.groups.tree(request.tenant))
    every = _after(ports, request.tenant, request.asked["bookmarkId"], descending=descending)
    page = paging.window(request, filter(wanted, filters.bounded(every)) if wanted else every)
    tree = _paths(ports, page if "group" in fields else ())
    shown = [_shown(ports, device, tree.path(device.group), fields) for device in page]
    return paging.answered(request, shown, lambda: _total(ports, request.tenant, wanted))


def read(ports: Ports, request: Request) -> Answer:
    return _answer(ports, devices.get(ports, request.tenant, request.asked["device_id"]))


def update(ports: Ports, request: Request) -> Answer:
    device_id = request.asked["device_id"]
    if request.body["id"] != device_id:
        raise Invalid("id is the device's own; it cannot be changed", "id")
    group = _group(ports, request)
    return _answer(
        ports, devices.update(ports, request.tenant, device_id, lambda d: shapes.changed(d, request.body, group))
    )


def delete(ports: Ports, request: Request) -> Answer:
    devices.delete(ports, request.tenant, request.asked["device_id"])
    return Answer()


def _group(ports: Ports, request: Request) -> str | None:
    """The id of the group that the body names. Errors: GroupNotFound."""
    named = request.body.get("group")
    return None if named is None else groups.assigned(ports, request.tenant, *named_group(named))


def _paths(ports: Ports, found: Sequence[Device]) -> GroupTree:
    """Where the paths of these devices' groups are: nothing is read for devices of the root."""
    tenants = {device.tenant for device in found if device.group != ROOT_GROUP}
    return ports.groups.tree(tenants.pop()) if tenants else GroupTree("")


def _answer(ports: Ports, device: Device) -> Answer:
    path = _paths(ports, [device]).path(device.group)
    return Answer(shapes.render(device, path, relaying.seen(ports, ports.mailboxes.get(device.tenant, device.id))))


def _after(ports: Ports, tenant: str, cursor: str | None, *, descending: bool) -> Iterator[Device]:
    while True:
        page = ports.devices.page(tenant, after=cursor, limit=_BATCH, descending=descending)
        yield from page.items
        if page.cursor is None:
            return
        cursor = page.cursor


def _shown(ports: Ports, device: Device, path: str, fields: Any) -> dict[str, Any]:
    mailbox = relaying.seen(ports, ports.mailboxes.get(device.tenant, device.id)) if "interfaces" in fields else None
    body = shapes.render(device, path, mailbox, fields)
    if "config" in fields and (configuration := ports.configurations.get(device.tenant, device.id)):
        body["config"] = rendered_reports(configuration)
    return body


def _total(ports: Ports, tenant: str, wanted: Callable[[Device], bool] | None) -> int:
    if wanted is None:
        return ports.devices.count(tenant)
    return sum(1 for device in filters.bounded(_after(ports, tenant, None, descending=False)) if wanted(device))


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
    Route(
        "GET",
        _DEVICES,
        listing,
        "List devices",
        READ,
        parameters=(*paging.WINDOW, paging.SORT, _BOOKMARK, _FIELDS, *filters.PARAMETERS),
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
