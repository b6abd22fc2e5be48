"""`/api/v1/deviceMgt/connectors/{connector}/nodes`: interfaces by connector and node, whichever device has them."""

from itertools import islice

from chalicelib.dialects.live_objects import paging
from chalicelib.dialects.live_objects.rest import interfaces
from chalicelib.dialects.live_objects.rest.devices import READ, WRITE
from chalicelib.dialects.live_objects.rest.filters import Selection
from chalicelib.dialects.live_objects.rest.searching import Search, ensure_complete
from chalicelib.dialects.live_objects.rest.shapes import interfaces as shapes
from chalicelib.fleet.errors import ConnectorNotFound, Contended, DeviceNotFound, InterfaceNotFound
from chalicelib.fleet.inventory.facets import Facet
from chalicelib.fleet.inventory.records import Device, Interface
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence import relaying
from chalicelib.fleet.presence.records import interface_key
from chalicelib.web.parameters import Parameter, Place
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Route

_CONNECTOR = Parameter("connector", place=Place.PATH, bounds=(1, 128))
_NODE = Parameter("node_id", place=Place.PATH, bounds=(1, 269), explained="its client id, for MQTT")

Node = tuple[Interface, Device]


def listing(ports: Ports, request: Request) -> Answer:
    """In order of their devices. Beyond what one list looks at, the total is that of devices with the connector."""
    limit, offset = request.asked["limit"], request.asked["offset"]
    search, nodes = _nodes(ports, request, offset + limit)
    page = paging.window(request, nodes)
    if len(page) < limit:
        ensure_complete(search, len(page))
    boxes = ports.mailboxes.some(request.tenant, list(dict.fromkeys(device.id for _, device in page))) if page else {}
    seen = relaying.seen_all(ports, boxes)
    shown = [shapes.render(interface, device.id, seen.get(device.id)) for interface, device in page]
    return paging.answered(request, shown, lambda: _total(ports, request))


def read(ports: Ports, request: Request) -> Answer:
    return interfaces.read(ports, _owned(ports, request))


def update(ports: Ports, request: Request) -> Answer:
    """Change a node, or give it to another device; a disabled one is disconnected and kept out."""
    return interfaces.update(ports, _owned(ports, request))


def delete(ports: Ports, request: Request) -> Answer:
    return interfaces.delete(ports, _owned(ports, request))


def _nodes(ports: Ports, request: Request, expected: int) -> tuple[Search, list[Node]]:
    """As many nodes as `expected`, if there are, and how the search for them stands."""
    connector = _known(request)
    selection = Selection(facets=((Facet.CONNECTOR, frozenset({connector})),))
    search = Search(ports, request.tenant, selection, expected)
    found = (
        (interface, device)
        for device, _ in search.found(None, descending=False)
        for interface in device.interfaces
        if interface.connector == connector
    )
    return search, list(islice(found, expected))


def _total(ports: Ports, request: Request) -> int:
    devices = ports.devices.count(request.tenant, Facet.CONNECTOR, request.asked["connector"])
    return max(devices, len(_nodes(ports, request, paging.LAST_OFFSET)[1]))


def _known(request: Request) -> str:
    """Errors: ConnectorNotFound."""
    connector: str = request.asked["connector"]
    if connector not in shapes.NODE_FIELDS:
        raise ConnectorNotFound(f"connector {connector} not found or unavailable")
    return connector


def _owned(ports: Ports, request: Request) -> Request:
    """The request as one for the interface of the device that has it. Errors: ConnectorNotFound, InterfaceNotFound."""
    connector, node = _known(request), request.asked["node_id"]
    device = ports.devices.owner(request.tenant, connector, node)
    if device is None:
        raise InterfaceNotFound(f"node {node} of connector {connector} not found")
    return interfaces.of_interface(request, device, interface_key(connector, node))


_ALL = "/api/v1/deviceMgt/connectors/{connector}/nodes"
_ONE = f"{_ALL}/{{node_id}}"
_PARAMETERS = (_CONNECTOR, _NODE)
_MISSING = (ConnectorNotFound, InterfaceNotFound)

ROUTES = (
    Route(
        "GET",
        _ALL,
        listing,
        "List the nodes of a connector",
        READ,
        parameters=(_CONNECTOR, *paging.WINDOW),
        failures=(ConnectorNotFound,),
    ),
    Route("GET", _ONE, read, "Get a node", READ, parameters=_PARAMETERS, failures=_MISSING),
    Route(
        "PATCH",
        _ONE,
        update,
        "Update or move a node",
        WRITE,
        schema=shapes.UPDATE,
        parameters=_PARAMETERS,
        failures=(*_MISSING, DeviceNotFound, Contended),
    ),
    Route("DELETE", _ONE, delete, "Delete a node", WRITE, 204, parameters=_PARAMETERS, failures=_MISSING),
)
