"""An organization and its spaces, which are groups of the fleet; the root is space 1 (Get Organization Info)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chalicelib.dialects.xyte import ORGANIZATION, spaces
from chalicelib.dialects.xyte.rest.model_documents import SUCCESS
from chalicelib.dialects.xyte.rest.organization_devices import READING, WRITING
from chalicelib.dialects.xyte.rest.paging import PAGES, after, next_page
from chalicelib.dialects.xyte.spaces import Spaces
from chalicelib.fleet.errors import (
    Forbidden,
    GroupDuplicate,
    GroupInUse,
    GroupNotFound,
    Invalid,
    LimitReached,
    TenantNotFound,
)
from chalicelib.fleet.inventory import groups
from chalicelib.fleet.inventory.records import ROOT_GROUP, Group
from chalicelib.fleet.ports import Ports
from chalicelib.web.answers import TEXT, WHOLE, listed, record
from chalicelib.web.parameters import Kind, Parameter, Place
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Handler, Route
from chalicelib.web.schemas import Schema

INFO = ORGANIZATION + "/v1/organization/info"
SPACES = ORGANIZATION + "/v1/organization/spaces"
ONE = SPACES + "/{space_id}"
_NAME: Schema = {
    "type": "string",
    "minLength": 1,
    "maxLength": 128,
    "pattern": r"^[^/*]*[^/*\s][^/*]*$",
    "description": "is no name: it is blank, or has a slash or an asterisk",
}
_ABOUT: Mapping[str, Schema] = {
    "name": _NAME,
    "parent_id": {"type": ["integer", "null"], "minimum": 1, "maximum": 1_000_000_000},
    "description": {"type": ["string", "null"], "maxLength": 500},
}
_NEW: Schema = {"type": "object", "required": ["name"], "properties": _ABOUT}
_CHANGED: Schema = {"type": "object", "properties": _ABOUT}
_WHOLE_PATH: Schema = {"type": "string", "minLength": 1, "maxLength": groups.LONGEST_PATH}
_PATH: Schema = {
    "type": "object",
    "properties": {
        "full_path": _WHOLE_PATH,
        "name": _WHOLE_PATH,
        "parent_id": {"type": ["integer", "null"], "minimum": 0, "maximum": 1_000_000_000},
    },
}


def info(ports: Ports, request: Request) -> Answer:
    tenant = ports.tenants.get(request.tenant)
    if tenant is None:
        raise TenantNotFound("Organization not found")
    return Answer({"id": tenant.id, "name": tenant.name})


def page(ports: Ports, request: Request) -> Answer:
    """By number, the root first."""
    known, most = spaces.read(ports, request.tenant), request.asked["per_page"]
    last = after(request.asked["page"]) or "0"
    if not last.isascii() or not last.isdigit():
        raise Invalid("page is the next_page of an answer", "page")
    there = sorted(known.number(group) for group in (ROOT_GROUP, *known.tree.groups))
    rest = [number for number in there if number > int(last)]
    items = [_shown(known, known.group(number)) for number in rest[:most]]
    return Answer({"items": items, "next_page": next_page(str(rest[most - 1]) if len(rest) > most else None)})


def get(ports: Ports, request: Request) -> Answer:
    known = spaces.read(ports, request.tenant)
    return Answer(_shown(known, known.group(request.asked["space_id"])))


def create(ports: Ports, request: Request) -> Answer:
    sent, known = request.body, spaces.read(ports, request.tenant)
    made = groups.create(ports, request.tenant, sent["name"], _parent(known, sent), sent.get("description"))
    return Answer(_one(ports, request.tenant, made.id))


def find_or_create(ports: Ports, request: Request) -> Answer:
    """The space with that path below its parent, if one is named; what of the path is not there is made.

    The vendor's clients say the path as `name`.
    """
    said = request.body.get("full_path") or request.body.get("name")
    if said is None:
        raise Invalid("full_path or name is required", "full_path")
    names = [name.strip() for name in said.split("/") if name.strip()]
    if any("*" in name or len(name) > _NAME["maxLength"] for name in names):
        raise Invalid("full_path has names of 1 to 128 characters, without asterisks", "full_path")
    group, made = _parent(spaces.read(ports, request.tenant), request.body), False
    for name in names:
        group, new = _below(ports, request.tenant, group, name)
        made = made or new
    return Answer(_one(ports, request.tenant, group), status=201 if made else 200)


def update(ports: Ports, request: Request) -> Answer:
    sent, known = request.body, spaces.read(ports, request.tenant)
    group = known.group(request.asked["space_id"])

    def changed(present: Group) -> Group:
        parent = _parent(known, sent) if sent.get("parent_id") is not None else present.parent
        description = sent.get("description", present.description)
        return replace(present, name=sent.get("name", present.name), parent=parent, description=description)

    if group == ROOT_GROUP:
        raise GroupInUse("The root space cannot be changed")
    groups.update(ports, request.tenant, group, changed)
    return Answer(_one(ports, request.tenant, group))


def delete(ports: Ports, request: Request) -> Answer:
    """One that is empty."""
    groups.delete(ports, request.tenant, spaces.read(ports, request.tenant).group(request.asked["space_id"]))
    return Answer({"success": True})


def _below(ports: Ports, tenant: str, parent: str, name: str) -> tuple[str, bool]:
    """The group of that name, and whether it is new."""
    found = next((group.id for group in ports.groups.tree(tenant).children(parent) if group.name == name), None)
    if found is not None:
        return found, False
    try:
        return groups.create(ports, tenant, name, parent, None).id, True
    except GroupDuplicate:
        # Somebody else has made it since the tree was read.
        return next(group.id for group in ports.groups.tree(tenant).children(parent) if group.name == name), False


def _parent(known: Spaces, sent: Mapping[str, Any]) -> str:
    """Errors: Invalid."""
    if sent.get("parent_id") is None:
        return ROOT_GROUP
    try:
        return known.group(sent["parent_id"])
    except GroupNotFound as error:
        raise Invalid("Space not found", "parent_id") from error


def _one(ports: Ports, tenant: str, group: str) -> dict[str, Any]:
    return _shown(spaces.read(ports, tenant), group)


def _shown(known: Spaces, group: str) -> dict[str, Any]:
    found = known.tree.groups.get(group)
    return {
        "id": known.number(group),
        "name": found.name if found is not None else "/",
        "full_path": known.path(group),
        "parent_id": known.number(found.parent) if found is not None else None,
        "description": found.description if found is not None else None,
    }


_NUMBER = Parameter("space_id", Kind.INTEGER, Place.PATH, bounds=(1, 1_000_000_000))
_GONE = (GroupNotFound,)
_REFUSED = (GroupDuplicate, LimitReached, Forbidden)
ROUTES = (
    Route("GET", INFO, info, "Get the organization", READING, failures=(TenantNotFound,)),
    Route("GET", SPACES, page, "List spaces", READING, parameters=PAGES),
    Route("POST", SPACES, create, "Create a space", WRITING, 201, _NEW, failures=_REFUSED),
    Route(
        "POST",
        SPACES + "/find_or_create",
        find_or_create,
        "Find or create a space",
        WRITING,
        schema=_PATH,
        others=(201,),
        failures=_REFUSED,
    ),
    Route("GET", ONE, get, "Get a space", READING, parameters=(_NUMBER,), failures=_GONE),
    Route(
        "PUT",
        ONE,
        update,
        "Change a space",
        WRITING,
        schema=_CHANGED,
        parameters=(_NUMBER,),
        failures=(*_GONE, *_REFUSED),
    ),
    Route("DELETE", ONE, delete, "Delete a space", WRITING, parameters=(_NUMBER,), failures=(*_GONE, GroupInUse)),
)
_MAYBE: Schema = {"type": ["string", "null"]}
SPACE = record(
    "id name full_path parent_id description",
    id=WHOLE,
    name=TEXT,
    full_path=TEXT,
    parent_id={"type": ["integer", "null"]},
    description=_MAYBE,
)
ANSWERS: dict[Handler, Schema] = {
    info: record("id name", id=TEXT, name=TEXT),
    page: record("items next_page", items=listed(SPACE), next_page=_MAYBE),
    **dict.fromkeys((get, create, find_or_create, update), SPACE),
    delete: SUCCESS,
}
