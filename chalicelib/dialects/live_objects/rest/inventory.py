"""The list of devices (manual 5.3.2): filters, order, pages, fields, and how many there are."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from chalicelib.dialects.live_objects import paging
from chalicelib.dialects.live_objects.identity import MAX_URN, URN
from chalicelib.dialects.live_objects.rest import filters
from chalicelib.dialects.live_objects.rest.filters import Selection
from chalicelib.dialects.live_objects.rest.searching import Found, Search, ensure_complete, ensure_in_time
from chalicelib.dialects.live_objects.rest.shapes import devices as shapes
from chalicelib.dialects.live_objects.rest.shapes.configuration import rendered_reports
from chalicelib.dialects.live_objects.rest.shapes.resources import reported_versions
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.configuration import document_fields
from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.inventory.records import ROOT_GROUP, Device, GroupTree
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence import relaying
from chalicelib.fleet.presence.mailbox import Mailbox
from chalicelib.web.parameters import Kind, Parameter
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Route

ID, GROUP = "id", "group"
_BOOKMARK = Parameter("bookmarkId", bounds=(1, MAX_URN), pattern=URN, explained="id of the previous page's last device")
_FIELDS = Parameter("fields", Kind.LIST, explained=f"what to show of each device, among {', '.join(shapes.FIELDS)}")
_OFFSET = replace(paging.OFFSET, beyond="go on with bookmarkId")
_RESOURCES = frozenset({"resources", "firmwares"})

Key = Callable[[Found], Any]


@dataclass(frozen=True, slots=True)
class Ordering:
    """Columns, and whether each is descending. `keys` are those beside ID and GROUP, `of_mailbox` need a mailbox."""

    columns: Sequence[tuple[str, bool]]
    keys: Mapping[str, Key]
    of_mailbox: frozenset[str]


def listing(ports: Ports, request: Request) -> Answer:
    """In order of ids by pages at any depth; in any other order of as many devices as one list looks at."""
    fields = shapes.fields_of(request.asked["fields"])
    asked = paging.order(request, (*_KEYS, ID, GROUP, *_EARLIER), ID)
    order = [(_EARLIER.get(name, name), descending) for name, descending in asked]
    selection = filters.selection(request, lambda: ports.groups.tree(request.tenant))
    page = found(ports, request, selection, Ordering(order, _KEYS, _OF_MAILBOX))
    return paging.answered(
        request, _shown(ports, request.tenant, page, fields), lambda: total(ports, request.tenant, selection)
    )


def found(ports: Ports, request: Request, selection: Selection, ordering: Ordering) -> list[Found]:
    """The part of the list that `limit`, `offset` and `bookmarkId` ask for. Errors: Invalid."""
    first, descending = ordering.columns[0]
    if first == ID:
        return _by_id(ports, request, selection, descending=descending)
    return _sorted(ports, request, selection, ordering)


def _by_id(ports: Ports, request: Request, selection: Selection, *, descending: bool) -> list[Found]:
    limit, offset, after = request.asked["limit"], request.asked["offset"], request.asked["bookmarkId"]
    if offset and (selection.everything or selection.exact is not None):
        after = ports.devices.nth(request.tenant, offset, selection.exact, after=after, descending=descending)
        if after is None:
            return []
        offset = 0
    search = Search(ports, request.tenant, selection, offset + limit)
    page = list(islice(search.found(after, descending=descending), offset, offset + limit))
    if len(page) < limit:
        ensure_complete(search, len(page))
    return page


def _sorted(ports: Ports, request: Request, selection: Selection, ordering: Ordering) -> list[Found]:
    search = Search(ports, request.tenant, selection)
    columns = {name for name, _ in ordering.columns}
    found = list(search.found(None, descending=False, mailboxes=bool(columns & ordering.of_mailbox)))
    ensure_in_time(search, "narrow the list by filters")
    if search.exhausted:
        raise Invalid("so many devices are only listed in order of their id: narrow the list by filters", "sort")
    tree = _tree(ports, [device for device, _ in found] if GROUP in columns else ())
    keys: dict[str, Key] = {**ordering.keys, ID: lambda f: f[0].id, GROUP: lambda f: tree.path(f[0].group)}
    for name, descending in reversed(ordering.columns):
        found.sort(key=keys[name], reverse=descending)
    bookmark = request.asked["bookmarkId"]
    if bookmark is not None:
        place = next((n for n, (device, _) in enumerate(found, 1) if device.id == bookmark), None)
        if place is None:
            raise Invalid("bookmarkId is the id of a device of this list", "bookmarkId")
        found = found[place:]
    return paging.window(request, found)


def total(ports: Ports, tenant: str, selection: Selection) -> int:
    """Of filters that no index answers alone: as many as there are among the devices that one list looks at."""
    if selection.everything:
        return ports.devices.count(tenant)
    if selection.exact is not None:
        return ports.devices.count(tenant, *selection.exact)
    return sum(1 for _ in Search(ports, tenant, selection).found(None, descending=False))


def _shown(ports: Ports, tenant: str, page: Sequence[Found], fields: Any) -> list[dict[str, Any]]:
    devices = [device for device, _ in page]
    tree = _tree(ports, devices if GROUP in fields else ())
    boxes = _boxes(ports, tenant, devices if "interfaces" in fields else ())
    return [_device(ports, device, tree, boxes.get(device.id), fields) for device in devices]


def surroundings(ports: Ports, tenant: str, devices: Sequence[Device]) -> tuple[GroupTree, dict[str, Mailbox]]:
    """What devices are shown with: their groups, and their mailboxes by their ids."""
    return _tree(ports, devices), _boxes(ports, tenant, devices)


def _boxes(ports: Ports, tenant: str, devices: Sequence[Device]) -> dict[str, Mailbox]:
    if not devices:
        return {}
    return relaying.seen_all(ports, ports.mailboxes.some(tenant, [device.id for device in devices]))


def _device(ports: Ports, device: Device, tree: GroupTree, mailbox: Mailbox | None, fields: Any) -> dict[str, Any]:
    body = shapes.render(device, tree.path(device.group), mailbox, fields)
    if "config" in fields and (configuration := ports.configurations.get(device.tenant, device.id)):
        body["config"] = rendered_reports(document_fields.shown(configuration))
    wanted = _RESOURCES & set(fields)
    if wanted and (known := ports.resources.get(device.tenant, device.id)):
        body |= dict.fromkeys(wanted, reported_versions(known))
    return body


def _tree(ports: Ports, devices: Sequence[Device]) -> GroupTree:
    """Where the groups of these devices are: nothing is read for the root."""
    grouped = next((device for device in devices if device.group != ROOT_GROUP), None)
    return ports.groups.tree(grouped.tenant) if grouped else GroupTree("")


def _contacts(found: Found) -> list[int]:
    presence = found[1].presence if found[1] else {}
    return sorted((p.last_contact or 0 for p in presence.values()), reverse=True)


_KEYS: dict[str, Key] = {
    "name": lambda f: f[0].name or "",
    "created": lambda f: f[0].created,
    "updated": lambda f: f[0].updated,
    "interfaces.status": lambda f: filters.statuses(*f),
    "interfaces.enabled": lambda f: sorted(interface.enabled for interface in f[0].interfaces),
    "interfaces.lastContact": _contacts,
}
_EARLIER = {"urn": ID, "creationTs": "created"}
"""Columns as the manual's example has them."""
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
