"""`/api/v0/assets` and `/api/v0/inventory/namespaces`: devices, before `/api/v1/deviceMgt/devices`."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from chalicelib.dialects.live_objects import paging
from chalicelib.dialects.live_objects.rest import devices, filters, inventory
from chalicelib.dialects.live_objects.rest.deprecated.naming import device_of, of_device, parts, urn
from chalicelib.dialects.live_objects.rest.devices import READ, WRITE
from chalicelib.dialects.live_objects.rest.filters import ONLINE, Selection
from chalicelib.dialects.live_objects.rest.identifiers import ASSETS
from chalicelib.dialects.live_objects.rest.inventory import Key, Ordering
from chalicelib.dialects.live_objects.rest.searching import Found
from chalicelib.dialects.live_objects.rest.shapes import devices as shapes
from chalicelib.dialects.live_objects.rest.shapes import groups as group_shapes
from chalicelib.dialects.live_objects.rest.shapes import present
from chalicelib.fleet.errors import DeviceDuplicate, DeviceNotFound, GroupNotFound
from chalicelib.fleet.inventory import devices as fleet
from chalicelib.fleet.inventory.records import Device
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.mailbox import Mailbox
from chalicelib.web.parameters import Kind, Parameter
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Route

MOST_NAMESPACES = 1_000
COLUMNS = ("namespace", "id", "creationTs", "lastUpdateTs", "connected", "groupPath")
_PART = 128
_FILTERS = (
    Parameter("namespace", bounds=(1, _PART)),
    Parameter("id", bounds=(1, _PART + 2), explained="with * at the beginning, the end or both"),
    Parameter("connected", Kind.BOOLEAN),
)
_SHARED = ("name", "tags", "groupId", "groupPath")
"""Filters that the new list has too."""
_DESCRIPTION = {
    **shapes.DESCRIPTION,
    "groupId": group_shapes.ID,
    "groupPath": group_shapes.PATH,
}
_NEW = {
    "type": "object",
    "required": ["namespace", "id"],
    "properties": {
        "namespace": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,128}$"},
        "id": {"type": "string", "pattern": "^[A-Za-z0-9_:-]{1,128}$"},
        **_DESCRIPTION,
    },
}
_UPDATE = {"type": "object", "properties": _DESCRIPTION}


def register(ports: Ports, request: Request) -> Answer:
    body = request.body
    device = devices.registered(ports, request.tenant, _renewed(body, urn(body["namespace"], body["id"])))
    return _answer(ports, device)


def read(ports: Ports, request: Request) -> Answer:
    return _answer(ports, fleet.get(ports, request.tenant, device_of(request)))


def update(ports: Ports, request: Request) -> Answer:
    """What the body leaves out stays as it is."""
    device = device_of(request)
    return _answer(ports, devices.updated(ports, request.tenant, device, _renewed(request.body, device)))


def delete(ports: Ports, request: Request) -> Answer:
    return devices.delete(ports, of_device(request))


def listing(ports: Ports, request: Request) -> Answer:
    order = paging.order(request, COLUMNS, "namespace")
    asked = {**request.asked, "limit": request.asked["size"], "offset": paging.start_of(request)}
    selection = _selection(ports, request)
    ordering = Ordering(_columns(order), _KEYS, frozenset({"connected"}))
    page = inventory.found(ports, replace(request, asked={**asked, "bookmarkId": None}), selection, ordering)
    found = [device for device, _ in page]
    tree, boxes = inventory.surroundings(ports, request.tenant, found)
    shown = [_asset(device, tree.path(device.group), boxes.get(device.id)) for device in found]
    return paging.page_of(request, shown, inventory.total(ports, request.tenant, selection))


def namespaces(ports: Ports, request: Request) -> Answer:
    """Those that devices have, in order; one read for each."""
    return Answer(sorted(_namespaces(ports, request.tenant)))


def _namespaces(ports: Ports, tenant: str) -> Iterator[str]:
    after: str | None = None
    for _ in range(MOST_NAMESPACES):
        page = ports.devices.page(tenant, after=after, limit=1)
        if not page.items:
            return
        device = page.items[0].id
        namespace, _asset_id = parts(device)
        if namespace:
            yield namespace
        # The semicolon comes right after the colon and is in no id: all of this namespace are below, no other is cut.
        after = urn(namespace, "")[:-1] + ";" if namespace else device


def _selection(ports: Ports, request: Request) -> Selection:
    names = {p.name for p in filters.PARAMETERS}
    asked = {name: request.asked[name] if name in _SHARED else None for name in names}
    chosen = filters.selection(replace(request, asked=asked), lambda: ports.groups.tree(request.tenant))
    namespace, pattern, connected = (request.asked[p.name] for p in _FILTERS)
    checks = list(chosen.checks)
    if namespace:
        checks.append(lambda device: parts(device.id)[0] == namespace)
    if pattern:
        checks.append(lambda device: filters.matches(pattern, parts(device.id)[1]))
    device = urn(namespace, pattern) if namespace and pattern and "*" not in pattern else None
    return replace(
        chosen,
        checks=tuple(checks),
        present=None if connected is None else filters.Present(frozenset({ONLINE}), connected),
        device=device,
        online=connected is True,
        exact=chosen.exact if len(checks) == len(chosen.checks) and connected is None else None,
    )


def _connected(device: Device, mailbox: Mailbox | None) -> bool:
    return ONLINE in filters.statuses(device, mailbox)


def _columns(order: list[tuple[str, bool]]) -> list[tuple[str, bool]]:
    """By namespace, and in it by id, is by the devices' own ids, which an index has in order."""
    first, descending = order[0]
    if first == "namespace" and order[1:] in ([], [("id", descending)]):
        return [(inventory.ID, descending)]
    return [(_RENAMED.get(name, name), down) for name, down in order]


def _named_part(index: int, found: Found) -> str:
    return parts(found[0].id)[index]


_RENAMED = {"id": "asset", "groupPath": inventory.GROUP}
_KEYS: dict[str, Key] = {
    "namespace": partial(_named_part, 0),
    "asset": partial(_named_part, 1),
    "creationTs": lambda f: f[0].created,
    "lastUpdateTs": lambda f: f[0].updated,
    "connected": lambda f: _connected(*f),
}


def _renewed(body: Mapping[str, Any], device: str) -> dict[str, Any]:
    """The body as the new API has it."""
    new = {name: value for name, value in body.items() if name not in ("namespace", "id", "groupId", "groupPath")}
    group = {"id": body.get("groupId"), "path": body.get("groupPath")}
    return {**new, "id": device, **({"group": group} if any(group.values()) else {})}


def _answer(ports: Ports, device: Device) -> Answer:
    tree, boxes = inventory.surroundings(ports, device.tenant, [device])
    return Answer(_asset(device, tree.path(device.group), boxes.get(device.id)))


def _asset(device: Device, path: str, mailbox: Mailbox | None) -> dict[str, Any]:
    namespace, asset = parts(device.id)
    return present(
        {
            "namespace": namespace,
            "id": asset,
            "name": device.name,
            "description": device.description,
            "connected": _connected(device, mailbox),
            "tags": list(device.tags) or None,
            "properties": dict(device.properties) or None,
            "groupId": device.group,
            "groupPath": path,
            "creationTs": device.created,
            "lastUpdateTs": device.updated,
        }
    )


_ALL = "/api/v0/assets"
_ONE = f"{_ALL}/{{namespace}}/{{asset_id}}"

ROUTES = (
    Route(
        "POST",
        _ALL,
        register,
        "Register an asset",
        WRITE,
        schema=_NEW,
        failures=(GroupNotFound, DeviceDuplicate),
        deprecated=True,
    ),
    Route(
        "GET",
        _ALL,
        listing,
        "List assets",
        READ,
        parameters=(*paging.PAGED, paging.SORT, *_FILTERS, *(p for p in filters.PARAMETERS if p.name in _SHARED)),
        deprecated=True,
    ),
    Route(
        "GET",
        _ONE,
        read,
        "Get an asset",
        READ,
        parameters=ASSETS,
        failures=(DeviceNotFound,),
        deprecated=True,
    ),
    Route(
        "PUT",
        _ONE,
        update,
        "Update an asset",
        WRITE,
        schema=_UPDATE,
        parameters=ASSETS,
        failures=(DeviceNotFound, GroupNotFound),
        deprecated=True,
    ),
    Route(
        "DELETE",
        _ONE,
        delete,
        "Delete an asset",
        WRITE,
        parameters=ASSETS,
        failures=(DeviceNotFound,),
        deprecated=True,
    ),
    Route("GET", "/api/v0/inventory/namespaces", namespaces, "List the namespaces of assets", READ, deprecated=True),
)
