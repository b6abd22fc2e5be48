"""Roles of users, and the groups that have them (reference, "Roles" and "Groups")."""

from collections.abc import Iterable, Mapping
from typing import Any

from chalicelib.dialects.cumulocity import device_users, people, roles, user_groups
from chalicelib.dialects.cumulocity.rest import contents, links, paging
from chalicelib.dialects.cumulocity.user_groups import DEVICES, UserGroup, UserGroupNotFound
from chalicelib.fleet.access import users
from chalicelib.fleet.access.records import User, UserRequest
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.errors import Invalid, NotFound, UserNotFound
from chalicelib.fleet.ports import Ports
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Route

_READING, _WRITING = frozenset({Role.USER_R}), frozenset({Role.USER_W})


class UserRoleNotFound(NotFound):
    pass


def role(request: Request, name: str) -> dict[str, Any]:
    return {"id": name, "name": name, "self": links.to(request, "user", "roles", name)}


def role_references(request: Request, itself: str, held: Iterable[Role]) -> list[dict[str, Any]]:
    return [{"self": f"{itself}/roles/{name}", "role": role(request, name)} for name in roles.named(held)]


def group(request: Request, found: UserGroup) -> dict[str, Any]:
    itself = links.to(request, "user", request.tenant, "groups", str(found.id))
    names = [device_users.ROLE] if found is DEVICES else roles.named(found.roles)
    references = [{"self": f"{itself}/roles/{name}", "role": role(request, name)} for name in names]
    return {
        "id": found.id,
        "name": found.name,
        "description": found.description,
        "self": itself,
        "roles": {"self": f"{itself}/roles", "references": references},
        "users": {"self": f"{itself}/users", "references": []},
        "applications": [],
        "customProperties": {},
        "devicePermissions": {},
    }


def group_reference(request: Request, found: UserGroup) -> dict[str, Any]:
    shown = group(request, found)
    return {"self": shown["self"], "group": shown}


def _page(request: Request, kind: str, name: str, every: list[dict[str, Any]], *path: str) -> Answer:
    asked = paging.wanted(request)
    shown = every[asked.skipped : asked.skipped + asked.size]
    return contents.found(request, kind, paging.body(request, name, shown, asked, len(every), *path))


def _roles(ports: Ports, request: Request) -> Answer:  # noqa: ARG001 - the same for all
    every = [role(request, name) for name in roles.named(roles.NAMES)]
    return _page(request, "roleCollection", "roles", every, "user", "roles")


def _role(ports: Ports, request: Request) -> Answer:  # noqa: ARG001 - the same for all
    return contents.found(request, "role", role(request, _named(request.path["name"])[0]))


def _named(name: str) -> tuple[str, Role]:
    """Errors: UserRoleNotFound."""
    found = next((one for one, names in roles.NAMES.items() if name in names), None)
    if found is None:
        raise UserRoleNotFound(f"there is no role {name[:64]}")
    return name, found


def _referred(body: Mapping[str, Any], what: str) -> str:
    """What stands at the end of a reference's address, or its id. Errors: Invalid."""
    inner = body.get(what)
    said = (inner.get("self") or inner.get("id") or inner.get("name")) if isinstance(inner, dict) else None
    if not isinstance(said, str) or not said.strip("/"):
        raise Invalid(f"a reference has the address of a {what}", what)
    return said.rstrip("/").rpartition("/")[2]


def _groups(ports: Ports, request: Request) -> Answer:  # noqa: ARG001 - the same for all
    ensure_tenant(request)
    every = [group(request, one) for one in user_groups.ALL]
    return _page(request, "groupCollection", "groups", every, "user", request.tenant, "groups")


def _group(ports: Ports, request: Request) -> Answer:  # noqa: ARG001 - the same for all
    ensure_tenant(request)
    named = request.path.get("groupName")
    found = user_groups.named(named) if named is not None else user_groups.get(request.path["groupId"])
    return contents.found(request, "group", group(request, found))


def _roles_of_group(ports: Ports, request: Request) -> Answer:  # noqa: ARG001 - the same for all
    ensure_tenant(request)
    shown = group(request, user_groups.get(request.path["groupId"]))
    path = ("user", request.tenant, "groups", request.path["groupId"], "roles")
    return _page(request, "roleReferenceCollection", "references", shown["roles"]["references"], *path)


def _members(ports: Ports, request: Request) -> Answer:
    ensure_tenant(request)
    found = user_groups.get(request.path["groupId"])
    if found is DEVICES:
        names = [one.name for one in device_users.every(ports, request.tenant)]
    else:
        names = sorted(one.login for one in ports.users.all(request.tenant) if found in user_groups.of(one.roles))
    path = ("user", request.tenant, "groups", request.path["groupId"], "users")
    shown = [{"self": links.to(request, *path, name), "user": _short(request, name)} for name in names]
    return _page(request, "userReferenceCollection", "references", shown, *path)


def _short(request: Request, name: str) -> dict[str, Any]:
    return {"id": name, "userName": name, "self": links.to(request, "user", request.tenant, "users", name)}


def _groups_of_user(ports: Ports, request: Request) -> Answer:
    ensure_tenant(request)
    name = request.path["userId"]
    device = device_users.find(ports, request.tenant, name)
    every = (DEVICES,) if device is not None else user_groups.of(people.find(ports, request.tenant, name).roles)
    path = ("user", request.tenant, "users", name, "groups")
    shown = [group_reference(request, one) for one in every]
    return _page(request, "groupReferenceCollection", "references", shown, *path)


def _roles_of_user(ports: Ports, request: Request) -> Answer:
    ensure_tenant(request)
    found = people.find(ports, request.tenant, request.path["userId"])
    path = ("user", request.tenant, "users", request.path["userId"])
    shown = role_references(request, links.to(request, *path), found.roles)
    return _page(request, "roleReferenceCollection", "references", shown, *path, "roles")


def _join(ports: Ports, request: Request) -> Answer:
    ensure_tenant(request)
    found = _of_people(user_groups.get(request.path["groupId"]))
    user = people.find(ports, request.tenant, _referred(contents.read(request), "user"))
    _give(ports, request, user, user.roles | found.roles)
    itself = links.to(request, "user", request.tenant, "groups", str(found.id), "users", user.login)
    return contents.created(request, "userReference", {"self": itself, "user": _short(request, user.login)}, itself)


def _leave(ports: Ports, request: Request) -> Answer:
    ensure_tenant(request)
    found = _of_people(user_groups.get(request.path["groupId"]))
    user = people.find(ports, request.tenant, request.path["userId"])
    _give(ports, request, user, user.roles - found.roles)
    return Answer()


def _assign(ports: Ports, request: Request) -> Answer:
    ensure_tenant(request)
    name, wanted = _named(_referred(contents.read(request), "role"))
    user = people.find(ports, request.tenant, request.path["userId"])
    _give(ports, request, user, user.roles | {wanted})
    itself = links.to(request, "user", request.tenant, "users", user.login, "roles", name)
    return contents.created(request, "roleReference", {"self": itself, "role": role(request, name)}, itself)


def _unassign(ports: Ports, request: Request) -> Answer:
    ensure_tenant(request)
    _, unwanted = _named(request.path["roleId"])
    user = people.find(ports, request.tenant, request.path["userId"])
    _give(ports, request, user, user.roles - {unwanted})
    return Answer()


def _give(ports: Ports, request: Request, user: User, wanted: frozenset[Role]) -> None:
    users.update(ports, request.by, user.id, UserRequest(roles=wanted))


def _of_people(found: UserGroup) -> UserGroup:
    """Errors: Invalid."""
    if found is DEVICES:
        raise Invalid("who registers is a device, and nobody else", "user")
    return found


def ensure_tenant(request: Request) -> None:
    """Errors: NotFound (the path names another tenant)."""
    if request.path["tenantId"] != request.tenant:
        raise NotFound(f"there is no tenant {request.path['tenantId'][:64]}")


_GROUPS, _USER = "/user/{tenantId}/groups", "/user/{tenantId}/users/{userId}"
_GROUP = f"{_GROUPS}/{{groupId}}"
_BODY: dict[str, Any] = {"schema": contents.OBJECT, "reads": contents.ANYTHING, "success": 201}
_PAGED: dict[str, Any] = {"roles": _READING, "parameters": paging.PARAMETERS}
_NO_GROUP, _NO_USER = (UserGroupNotFound,), (UserNotFound,)
_GONE: dict[str, Any] = {"roles": _WRITING, "success": 204}
ROUTES = (
    Route("GET", "/user/roles", _roles, "Roles", **_PAGED),
    Route("GET", "/user/roles/{name}", _role, "A role", roles=_READING, failures=(UserRoleNotFound,)),
    Route("GET", _GROUPS, _groups, "Groups of users", **_PAGED),
    Route("GET", _GROUP, _group, "A group", roles=_READING, failures=_NO_GROUP),
    Route("GET", "/user/{tenantId}/groupByName/{groupName}", _group, "A group", roles=_READING, failures=_NO_GROUP),
    Route("GET", f"{_GROUP}/roles", _roles_of_group, "Roles of a group", failures=_NO_GROUP, **_PAGED),
    Route("GET", f"{_GROUP}/users", _members, "Who is in a group", failures=_NO_GROUP, **_PAGED),
    Route(
        "POST",
        f"{_GROUP}/users",
        _join,
        "Give a user the roles of a group",
        roles=_WRITING,
        failures=(Invalid, *_NO_GROUP, *_NO_USER),
        **_BODY,
    ),
    Route("DELETE", f"{_GROUP}/users/{{userId}}", _leave, "Take a group's roles away", failures=_NO_USER, **_GONE),
    Route("GET", f"{_USER}/groups", _groups_of_user, "Groups of a user", failures=_NO_USER, **_PAGED),
    Route("GET", f"{_USER}/roles", _roles_of_user, "Roles of a user", failures=_NO_USER, **_PAGED),
    Route(
        "POST",
        f"{_USER}/roles",
        _assign,
        "Give a user a role",
        roles=_WRITING,
        failures=(Invalid, UserRoleNotFound, *_NO_USER),
        **_BODY,
    ),
    Route("DELETE", f"{_USER}/roles/{{roleId}}", _unassign, "Take a role away", failures=_NO_USER, **_GONE),
)
