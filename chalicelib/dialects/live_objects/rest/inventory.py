"""The list of devices (manual 5.3.2): filters, order, pages, fields, and how many there are."""

from collections.abc import Callable, Sequence
from typing import Any

from chalicelib.dialects.live_objects import paging
from chalicelib.dialects.live_objects.identity import MAX_URN, URN
from chalicelib.dialects.live_objects.rest import filters
from chalicelib.dialects.live_objects.rest.filters import Selection
from chalicelib.dialects.live_objects.rest.searching import Found, Search, ensure_complete
from chalicelib.dialects.live_objects.rest.shapes import devices as shapes
from chalicelib.dialects.live_objects.rest.shapes.configuration import rendered_reports
from chalicelib.dialects.live_objects.rest.shapes.interfaces import status
from chalicelib.dialects.live_objects.rest.shapes.resources import render_device_resource
from chalicelib.fleet import relaying
from chalicelib.fleet.devices import ROOT_GROUP, Device
from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.groups import GroupTree
from chalicelib.fleet.mailbox import Mailbox
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.roles import Role
from chalicelib.web.parameters import Kind, Parameter
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Route

_ID = "id"
_BOOKMARK = Parameter("bookmarkId", bounds=(1, MAX_URN), pattern=URN, explained="id of the previous page's last device")
_FIELDS = Parameter("fields", Kind.LIST, explained=f"what to show of each device, among {', '.join(shapes.FIELDS)}")
_OFFSET = Parameter("offset", Kind.INTEGER, default=0, bounds=(0, 10**9), explained="items to skip, up to 10000")
_RESOURCES = frozenset({"resources", "firmwares"})

Key = Callable[[Found], Any]


def listing(ports: Ports, request: Request) -> Answer:
    """In order of ids by pages at any depth; in any other order of as many devices as one list looks at."""
    fields = shapes.fields_of(request.asked["fields"])
    order = paging.order(request, (*_KEYS, _ID, "group"), _ID)
    if request.asked["offset"] + request.asked["limit"] > paging.LAST_OFFSET:
        raise Invalid(f"offset + limit is at most {paging.LAST_OFFSET}: go on with bookmarkId", "offset")
    selection = filters.selection(request, lambda: ports.groups.tree(request.tenant))
    page = _by_id(ports, request, selection, descending=order[0][1]) if order[0][0] == _ID else None
    if page is None:
        page = _sorted(ports, request, selection, order)
    return paging.answered(
        request, _shown(ports, request.tenant, page, fields), lambda: _total(ports, request.tenant, selection)
    )


def _by_id(ports: Ports, request: Request, selection: Selection, *, descending: bool) -> list[Found]:
    search = Search(ports, request.tenant, selection, request.asked["offset"] + request.asked["limit"])
    page = paging.window(request, search.found(request.asked["bookmarkId"], descending=descending))
    if len(page) < request.asked["limit"]:
        ensure_complete(search, len(page))
    return page


def _sorted(ports: Ports, request: Request, selection: Selection, order: Sequence[tuple[str, bool]]) -> list[Found]:
    search = Search(ports, request.tenant, selection)
    columns = {name for name, _ in order}
    found = list(search.found(None, descending=False, mailboxes=bool(columns & _OF_MAILBOX)))
    if search.exhausted:
        raise Invalid("so many devices are only listed in order of their id: narrow the list by filters", "sort")
    tree = _tree(ports, [device for device, _ in found] if "group" in columns else ())
    keys: dict[str, Key] = {**_KEYS, _ID: lambda f: f[0].id, "group": lambda f: tree.path(f[0].group)}
    for name, descending in reversed(order):
        found.sort(key=keys[name], reverse=descending)
    bookmark = request.asked["bookmarkId"]
    if bookmark is not None:
        place = next((n for n, (device, _) in enumerate(found, 1) if device.id == bookmark), None)
        if place is None:
            raise Invalid("bookmarkId is the id of a device of this list", "bookmarkId")
        found = found[place:]
    return paging.window(request, found)


def _total(ports: Ports, tenant: str, selection: Selection) -> int:
    """Of filters that no index answers alone: as many as there are among the devices that one list looks at."""
    if selection.everything:
        return ports.devices.count(tenant)
    if selection.exact is not None:
        return ports.devices.count(tenant, *selection.exact)
    return sum(1 for _ in Search(ports, tenant, selection).found(None, descending=False))


def _shown(ports: Ports, tenant: str, page: Sequence[Found], fields: Any) -> list[dict[str, Any]]:
    devices = [device for device, _ in page]
    tree = _tree(ports, devices if "group" in fields else ())
    boxes: dict[str, Mailbox] = {}
    if "interfaces" in fields and devices:
        boxes = relaying.seen_all(ports, ports.mailboxes.some(tenant, [device.id for device in devices]))
    return [_device(ports, device, tree, boxes.get(device.id), fields) for device in devices]


def _device(ports: Ports, device: Device, tree: GroupTree, mailbox: Mailbox | None, fields: Any) -> dict[str, Any]:
    body = shapes.render(device, tree.path(device.group), mailbox, fields)
    if "config" in fields and (configuration := ports.configurations.get(device.tenant, device.id)):
        body["config"] = rendered_reports(configuration)
    wanted = _RESOURCES & set(fields)
    if wanted and (known := ports.resources.get(device.tenant, device.id)):
        shown = {name: render_device_resource(resource) for name, resource in known.resources.items()}
        body |= dict.fromkeys(wanted, shown)
    return body


def _tree(ports: Ports, devices: Sequence[Device]) -> GroupTree:
    """Where the groups of these devices are: nothing is read for the root."""
    grouped = next((device for device in devices if device.group != ROOT_GROUP), None)
    return ports.groups.tree(grouped.tenant) if grouped else GroupTree("")


def _statuses(found: Found) -> list[str]:
    device, mailbox = found
    presence = mailbox.presence if mailbox else {}
    return sorted(status(interface, presence.get(interface.key)) for interface in device.interfaces)


def _contacts(found: Found) -> list[int]:
    presence = found[1].presence if found[1] else {}
    return sorted((p.last_contact or 0 for p in presence.values()), reverse=True)


_KEYS: dict[str, Key] = {
    "name": lambda f: f[0].name or "",
    "created": lambda f: f[0].created,
    "updated": lambda f: f[0].updated,
    "interfaces.status": _statuses,
    "interfaces.enabled": lambda f: sorted(interface.enabled for interface in f[0].interfaces),
    "interfaces.lastContact": _contacts,
}
_OF_MAILBOX = frozenset({"interfaces.status", "interfaces.lastContact"})

ROUTES = (
    Route(
        "GET",
        "/api/v1/deviceMgt/devices",
        listing,
        "List devices",
        frozenset({Role.DEVICE_R}),
        parameters=(paging.LIMIT, _OFFSET, paging.TOTAL_WANTED, paging.SORT, _BOOKMARK, _FIELDS, *filters.PARAMETERS),
    ),
)
