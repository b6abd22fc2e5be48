"""`/api/v1/deviceMgt/groups` (manual 8.1)."""

from dataclasses import replace
from typing import Any

from chalicelib.dialects.live_objects import paging
from chalicelib.dialects.live_objects.rest.shapes import groups as shapes
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.errors import Forbidden, GroupDuplicate, GroupInUse, GroupNotFound
from chalicelib.fleet.inventory import groups
from chalicelib.fleet.inventory.groups import ID_LENGTH, LONGEST_PATH
from chalicelib.fleet.inventory.records import BELOW, ROOT_GROUP, ROOT_PATH, Group, GroupTree
from chalicelib.fleet.ports import Ports
from chalicelib.web.parameters import Parameter, Place
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Route

GROUP = Parameter("group_id", place=Place.PATH, bounds=(1, ID_LENGTH), explained="id of the group")
_PARENT = Parameter("parentId", bounds=(1, ID_LENGTH), explained="only groups directly below this one")
_PATH = Parameter(
    "groupPath",
    bounds=(1, LONGEST_PATH + len("/*/")),
    explained="that very path; with /* at the end all below it too, with /*/ only those directly below it",
)


def create(ports: Ports, request: Request) -> Answer:
    body = request.body
    parent = body.get("parentId") or ROOT_GROUP
    made = groups.create(ports, request.tenant, body["pathNode"], parent, body.get("description"))
    return _answer(ports, made)


def update(ports: Ports, request: Request) -> Answer:
    """Rename, move or describe a group: without `parentId` it comes below the root (manual 8.1.3), all else stays."""
    body = request.body

    def changed(group: Group) -> Group:
        return replace(
            group,
            name=body.get("pathNode") or group.name,
            parent=body.get("parentId") or ROOT_GROUP,
            description=group.description if body.get("description") is None else body["description"],
        )

    return _answer(ports, groups.update(ports, request.tenant, request.asked["group_id"], changed))


def listing(ports: Ports, request: Request) -> Answer:
    found = shown(ports, request.tenant, request.asked["parentId"], request.asked["groupPath"])
    return paging.answered(request, paging.window(request, found), lambda: len(found))


def shown(ports: Ports, tenant: str, parent: str | None, pattern: str | None) -> list[dict[str, Any]]:
    """In order of their paths; the root first, where nothing is filtered."""
    tree = ports.groups.tree(tenant)
    matching = tree.matching(pattern) if pattern else frozenset(tree.groups)
    if parent and pattern and pattern.endswith(BELOW):
        # The manual's samples: where a parent is set too, the path stands for what is below it.
        matching -= tree.matching(pattern.removesuffix(BELOW) or ROOT_PATH)
    found = [g for g in tree.groups.values() if g.id in matching and parent in (None, g.parent)]
    rendered = [shapes.render(g, tree) for g in sorted(found, key=lambda g: tree.path(g.id))]
    if parent is None and pattern in (None, ROOT_PATH):
        rendered.insert(0, _root(ports, tenant))
    return rendered


def read(ports: Ports, request: Request) -> Answer:
    group = request.asked["group_id"]
    if group == ROOT_GROUP:
        return Answer(_root(ports, request.tenant))
    tree = ports.groups.tree(request.tenant)
    return Answer(shapes.render(tree.get(group), tree))


def delete(ports: Ports, request: Request) -> Answer:
    groups.delete(ports, request.tenant, request.asked["group_id"])
    return Answer()


def _answer(ports: Ports, group: Group) -> Answer:
    tree = ports.groups.tree(group.tenant)
    return Answer(shapes.render(group, GroupTree(group.tenant, groups={**tree.groups, group.id: group})))


def _root(ports: Ports, tenant: str) -> dict[str, Any]:
    owner = ports.tenants.get(tenant)
    return shapes.rendered_root(owner.created if owner else 0)


_GROUPS = "/api/v1/deviceMgt/groups"
_ONE = f"{_GROUPS}/{{group_id}}"
_READ, _WRITE = frozenset({Role.DEVICE_R}), frozenset({Role.DEVICE_W})

ROUTES = (
    Route(
        "POST",
        _GROUPS,
        create,
        "Create a group",
        _WRITE,
        201,
        schema=shapes.NEW,
        failures=(GroupNotFound, GroupDuplicate),
    ),
    Route("GET", _GROUPS, listing, "List groups", _READ, parameters=(*paging.WINDOW, _PARENT, _PATH)),
    Route("GET", _ONE, read, "Get a group", _READ, parameters=(GROUP,), failures=(GroupNotFound,)),
    Route(
        "PUT",
        _ONE,
        update,
        "Rename, move or describe a group",
        _WRITE,
        schema=shapes.UPDATE,
        parameters=(GROUP,),
        failures=(GroupNotFound, GroupDuplicate, Forbidden),
    ),
    Route(
        "DELETE",
        _ONE,
        delete,
        "Delete a group",
        _WRITE,
        204,
        parameters=(GROUP,),
        failures=(GroupNotFound, GroupInUse),
    ),
)
