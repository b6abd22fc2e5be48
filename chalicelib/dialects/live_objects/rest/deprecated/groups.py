"""`/api/v0/groups`: groups by `page` and `size`, before `/api/v1/deviceMgt/groups`."""

from chalicelib.dialects.live_objects import paging
from chalicelib.dialects.live_objects.rest import groups
from chalicelib.dialects.live_objects.rest.devices import READ, WRITE
from chalicelib.dialects.live_objects.rest.groups import GROUP, shown
from chalicelib.dialects.live_objects.rest.shapes import groups as shapes
from chalicelib.fleet.errors import Forbidden, GroupDuplicate, GroupInUse, GroupNotFound
from chalicelib.fleet.inventory.groups import ID_LENGTH
from chalicelib.fleet.ports import Ports
from chalicelib.web.parameters import Parameter
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Route

_PARENT = Parameter("parent", bounds=(1, ID_LENGTH), explained="only groups directly below this one")
_UPDATE = {**shapes.UPDATE, "required": ["pathNode"]}


def listing(ports: Ports, request: Request) -> Answer:
    """In order of their paths; the root first, where nothing is filtered."""
    return paging.paged(request, shown(ports, request.tenant, request.asked["parent"], None))


_GROUPS = "/api/v0/groups"
_ONE = f"{_GROUPS}/{{group_id}}"

ROUTES = (
    Route(
        "POST",
        _GROUPS,
        groups.create,
        "Create a group (v0)",
        WRITE,
        201,
        schema=shapes.NEW,
        failures=(GroupNotFound, GroupDuplicate),
        deprecated=True,
    ),
    Route("GET", _GROUPS, listing, "List groups (v0)", READ, parameters=(*paging.PAGED, _PARENT), deprecated=True),
    Route(
        "GET",
        _ONE,
        groups.read,
        "Get a group (v0)",
        READ,
        parameters=(GROUP,),
        failures=(GroupNotFound,),
        deprecated=True,
    ),
    Route(
        "PUT",
        _ONE,
        groups.update,
        "Rename, move or describe a group (v0)",
        WRITE,
        schema=_UPDATE,
        parameters=(GROUP,),
        failures=(GroupNotFound, GroupDuplicate, Forbidden),
        deprecated=True,
    ),
    Route(
        "DELETE",
        _ONE,
        groups.delete,
        "Delete a group (v0)",
        WRITE,
        204,
        parameters=(GROUP,),
        failures=(GroupNotFound, GroupInUse),
        deprecated=True,
    ),
)
