"""Users of the tenant: people, and devices that have registered (reference, "Users" and "Current user")."""

from collections.abc import Mapping
from typing import Any

from chalicelib.dialects.cumulocity import device_users, people, user_groups
from chalicelib.dialects.cumulocity.device_users import DeviceUser
from chalicelib.dialects.cumulocity.errors import Missing
from chalicelib.dialects.cumulocity.rest import contents, links, memberships, paging
from chalicelib.fleet.access import callers, users
from chalicelib.fleet.access.records import User
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.errors import Forbidden, Invalid, LimitReached, NotFound, UserDuplicate, UserNotFound
from chalicelib.fleet.ports import Ports
from chalicelib.web.parameters import Kind, Parameter
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Route

KIND, COLLECTION = "user", "userCollection"
READING, WRITING = frozenset({Role.USER_R}), frozenset({Role.USER_W})


def view(request: Request, user: User, told: Mapping[str, Any]) -> dict[str, Any]:
    itself = links.to(request, "user", user.tenant, "users", user.login)
    beside = {
        "groups": {
            "self": f"{itself}/groups",
            "references": [memberships.group_reference(request, one) for one in user_groups.of(user.roles)],
        },
        "roles": {"self": f"{itself}/roles", "references": memberships.role_references(request, itself, user.roles)},
    }
    return {**people.view(user, told, itself), **beside}


def view_device(request: Request, user: DeviceUser) -> dict[str, Any]:
    itself = links.to(request, "user", user.tenant, "users", user.name)
    return {"id": user.name, "userName": user.name, "self": itself, "enabled": user.enabled, **people.COMMON}


def _create(ports: Ports, request: Request) -> Answer:
    memberships.ensure_tenant(request)
    body, now = contents.read(request), ports.clock.now()
    wanted = people.wanted(body, request.tenant, ports.new_id(now), now)
    people.read(body)
    made = users.create(ports, request.by, wanted, people.password(body))
    people.tell(ports, made, body)
    shown = view(request, made, people.told(ports, made))
    return contents.created(request, KIND, shown, shown["self"])


def _list(ports: Ports, request: Request) -> Answer:
    """People; `onlyDevices` instead the users of devices."""
    memberships.ensure_tenant(request)
    asked, wanted = request.asked, paging.wanted(request)
    if asked["onlyDevices"]:
        devices = [one for one in device_users.every(ports, request.tenant) if _meant(request, one.name)]
        page = [view_device(request, one) for one in devices[wanted.skipped : wanted.skipped + wanted.size]]
        count = len(devices)
    else:
        groups = [user_groups.get(number) for number in asked["groups"]]
        found = [one for one in _people(ports, request) if _meant(request, one.login)]
        found = [one for one in found if not groups or any(group in user_groups.of(one.roles) for group in groups)]
        told = people.told_of_all(ports, request.tenant)
        shown = found[wanted.skipped : wanted.skipped + wanted.size]
        page, count = [view(request, one, told.get(one.id, {})) for one in shown], len(found)
    body = paging.body(request, "users", page, wanted, count, "user", request.tenant, "users")
    return contents.found(request, COLLECTION, body)


def _meant(request: Request, name: str) -> bool:
    asked, called = request.asked, name.casefold()
    contained = asked["usernameContains"].casefold() in called
    return contained and called.startswith(asked["username"].casefold()) and not asked["owner"]


def _people(ports: Ports, request: Request) -> list[User]:
    return sorted(ports.users.all(request.tenant), key=lambda user: user.login.casefold())


def _get(ports: Ports, request: Request) -> Answer:
    memberships.ensure_tenant(request)
    name = request.path.get("userId") or request.path["username"]
    device = device_users.find(ports, request.tenant, name)
    if device is not None:
        return contents.found(request, KIND, view_device(request, device))
    found = people.find(ports, request.tenant, name)
    return contents.found(request, KIND, view(request, found, people.told(ports, found)))


def _change(ports: Ports, request: Request) -> Answer:
    memberships.ensure_tenant(request)
    body, name = contents.read(request), request.path["userId"]
    device = device_users.find(ports, request.tenant, name)
    if device is not None:
        return _change_device(ports, request, device, body)
    return _changed(ports, request, people.find(ports, request.tenant, name), body)


def _changed(ports: Ports, request: Request, found: User, body: Mapping[str, Any]) -> Answer:
    wanted, password = people.changes(body, found), people.password(body)
    people.read(body)
    after = users.update(ports, request.by, found.id, wanted)
    if password is not None:
        users.set_password(ports, request.by, found.id, password, None, request.address)
    people.tell(ports, after, body)
    return contents.changed(request, KIND, view(request, after, people.told(ports, after)))


def _change_device(ports: Ports, request: Request, found: DeviceUser, body: Mapping[str, Any]) -> Answer:
    if people.password(body) is not None:
        raise Invalid("a device is given another password by registering again", "password")
    enabled = body.get("enabled", found.enabled)
    if not isinstance(enabled, bool):
        raise Invalid("enabled is true or false", "enabled")
    after = device_users.change(ports, request.tenant, found.name, enabled=enabled)
    return contents.changed(request, KIND, view_device(request, after))


def _delete(ports: Ports, request: Request) -> Answer:
    memberships.ensure_tenant(request)
    name = request.path["userId"]
    if device_users.find(ports, request.tenant, name) is not None:
        device_users.delete(ports, request.tenant, name)
        return Answer()
    found = people.find(ports, request.tenant, name)
    users.delete(ports, request.by, found.id)
    people.forget(ports, found)
    return Answer()


def _change_current(ports: Ports, request: Request) -> Answer:
    """Whoever has come, without more rights than that."""
    body = dict(contents.read(request))
    if people.password(body) is not None:
        raise Invalid("a password is changed at /user/currentUser/password, with the present one", "password")
    found = users.get(ports, request.tenant, users.person(request.by))
    if body.get("enabled") is False:
        raise Forbidden("nobody disables themselves")
    return _changed(ports, request, found, {**body, "enabled": None})


def _passwords(request: Request) -> tuple[str, str]:
    """The present one of whoever asks, and the one to come. Errors: Missing, Invalid."""
    body = contents.read(request)
    old, new = people.password(body, "currentUserPassword"), people.password(body, "newPassword")
    if old is None or new is None:
        told = {"currentUserPassword": old, "newPassword": new}
        raise Missing(*(name for name, value in told.items() if value is None))
    return old, new


def _change_password(ports: Ports, request: Request) -> Answer:
    old, new = _passwords(request)
    users.set_password(ports, request.by, users.person(request.by), new, old, request.address)
    return Answer()


def _give_password(ports: Ports, request: Request) -> Answer:
    """To somebody else, by who shows their own password once more; an API key has none, and proves itself."""
    memberships.ensure_tenant(request)
    old, new = _passwords(request)
    name, by = request.path["userId"], request.by
    if device_users.find(ports, request.tenant, name) is not None:
        raise Invalid("a device is given another password by registering again", "newPassword")
    found = people.find(ports, request.tenant, name)
    if by.kind is callers.Kind.USER and by.user != found.id:
        asking = users.get(ports, request.tenant, users.person(by))
        users.proven(ports, asking.login, asking, old, request.address)
    users.set_password(ports, by, found.id, new, old, request.address)
    return Answer()


def _log_out(ports: Ports, request: Request) -> Answer:  # noqa: ARG001 - credentials come with every request
    return Answer()


_ALL, _ONE = "/user/{tenantId}/users", "/user/{tenantId}/users/{userId}"
_BODY: dict[str, Any] = {"schema": contents.OBJECT, "reads": contents.ANYTHING, "max_body": 50_000}
ROUTES = (
    Route(
        "GET",
        _ALL,
        _list,
        "Users",
        roles=READING,
        parameters=(
            *paging.PARAMETERS,
            Parameter("username", default="", explained="what the name begins with"),
            Parameter("usernameContains", default=""),
            Parameter("owner", default="", explained="nobody is below another user"),
            Parameter("groups", Kind.LIST, default=[], explained="ids of groups, of which a user is in one"),
            Parameter("onlyDevices", Kind.BOOLEAN, default=False),
            Parameter("withSubusersCount", Kind.BOOLEAN, default=False, explained="there are none"),
        ),
        failures=(Invalid, NotFound),
    ),
    Route(
        "POST",
        _ALL,
        _create,
        "Make a user, who has no roles yet",
        roles=WRITING,
        success=201,
        failures=(Invalid, UserDuplicate, LimitReached, NotFound),
        **_BODY,
    ),
    Route("GET", _ONE, _get, "A user", roles=READING, failures=(UserNotFound,)),
    Route("GET", "/user/{tenantId}/userByName/{username}", _get, "A user", roles=READING, failures=(UserNotFound,)),
    Route(
        "PUT",
        _ONE,
        _change,
        "Change a user",
        roles=WRITING,
        failures=(Invalid, UserNotFound, UserDuplicate),
        **_BODY,
    ),
    Route("DELETE", _ONE, _delete, "Delete a user", roles=WRITING, success=204, failures=(UserNotFound,)),
    Route(
        "PUT",
        "/user/currentUser",
        _change_current,
        "Change who has come",
        failures=(Invalid, Forbidden, UserNotFound, UserDuplicate),
        **_BODY,
    ),
    Route(
        "PUT",
        "/user/currentUser/password",
        _change_password,
        "Change one's password",
        failures=(Invalid, Forbidden, UserNotFound),
        **_BODY,
    ),
    Route(
        "PUT",
        f"{_ONE}/password",
        _give_password,
        "Give a user another password",
        roles=WRITING,
        failures=(Invalid, Forbidden, UserNotFound),
        **_BODY,
    ),
    Route("POST", "/user/logout", _log_out, "Nothing: credentials come with every request", devices=True),
)
