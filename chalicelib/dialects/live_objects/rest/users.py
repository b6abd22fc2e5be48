"""`/api/v0/users`, logging in and out (manual 4.2)."""

from chalicelib.dialects.live_objects import paging
from chalicelib.dialects.live_objects.rest.shapes import api_keys as key_shapes
from chalicelib.dialects.live_objects.rest.shapes import users as shapes
from chalicelib.fleet.access import users
from chalicelib.fleet.access.records import User, UserState
from chalicelib.fleet.access.roles import ALL_ROLES, Role
from chalicelib.fleet.errors import (
    Forbidden,
    Invalid,
    LimitReached,
    RateLimitReached,
    Unauthenticated,
    UserDuplicate,
    UserNotFound,
)
from chalicelib.fleet.ids import is_id
from chalicelib.fleet.ports import Ports
from chalicelib.web.parameters import Kind, Parameter, Place
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import KILOBYTE, Route

_USER_ID = Parameter("user_id", place=Place.PATH)
_LOGIN = Parameter("login", bounds=(0, 254))
_EMAIL = Parameter("email", bounds=(0, 254))
_ROLES = Parameter("roles", Kind.LIST, explained="roles that a user must have")
_STATES = Parameter("userState", Kind.LIST, choices=tuple(UserState), explained="states of which a user has one")
_COOKIE = Parameter("cookie", Kind.BOOLEAN, default=False, explained="true is not supported: keys are sent in headers")


_ADMINISTRATOR = ALL_ROLES - {Role.BOOTSTRAP_R, Role.BOOTSTRAP_W}
"""The roles of the profile "administrator" (manual 4.4)."""


def log_in(ports: Ports, request: Request) -> Answer:
    """200 with a temporary API key, whose secret is in `apiKey.value`."""
    _ensure_no_cookie(request)
    user, key, secret = users.log_in(ports, shapes.name(request.body), request.body["password"], request.address)
    shown = key_shapes.render(key, ports.clock.now(), secret)
    return Answer({"apiKey": shown, "admin": user.roles >= _ADMINISTRATOR})


def log_out(ports: Ports, request: Request) -> Answer:
    _ensure_no_cookie(request)
    users.log_out(ports, request.by)
    return Answer()


def create(ports: Ports, request: Request) -> Answer:
    now = ports.clock.now()
    user = shapes.created(request.body, request.tenant, ports.new_id(now), now)
    return Answer(shapes.render(users.create(ports, request.by, user, request.body.get("password"))))


def listing(ports: Ports, request: Request) -> Answer:
    found = [user for user in ports.users.all(request.tenant) if _shown(user, request)]
    return paging.paged(request, [shapes.render(user) for user in found])


def myself(ports: Ports, request: Request) -> Answer:
    return Answer(shapes.render(_me(ports, request)))


def portal(ports: Ports, request: Request) -> Answer:
    return Answer(dict(_me(ports, request).portal))


def keep(ports: Ports, request: Request) -> Answer:
    """Anything that a portal is to remember of its user, in the place of what it had before."""
    users.keep(ports, request.by, request.body)
    return Answer()


def forget_cookies(ports: Ports, request: Request) -> Answer:  # noqa: ARG001 - none was set: keys come in headers
    return Answer()


def read(ports: Ports, request: Request) -> Answer:
    return Answer(shapes.render(users.get(ports, request.tenant, _id(request))))


def update(ports: Ports, request: Request) -> Answer:
    wanted = shapes.changed(request.body, request.tenant)
    return Answer(shapes.render(users.update(ports, request.by, _id(request), wanted)))


def delete(ports: Ports, request: Request) -> Answer:
    users.delete(ports, request.by, _id(request))
    return Answer()


def set_password(ports: Ports, request: Request) -> Answer:
    """Users their own with the old one; whoever writes users that of others, since no mail is sent to them."""
    new, old = request.body["newPassword"], request.body.get("oldPassword")
    users.set_password(ports, request.by, _id(request), new, old, request.address)
    return Answer()


def _me(ports: Ports, request: Request) -> User:
    """Errors: UserNotFound."""
    return users.get(ports, request.tenant, users.person(request.by))


def _id(request: Request) -> str:
    user_id: str = request.asked["user_id"]
    if not is_id(user_id):
        raise UserNotFound("no such user")
    return user_id


def _shown(user: User, request: Request) -> bool:
    asked = request.asked
    return (
        (not asked["login"] or user.login.casefold() == asked["login"].casefold())
        and (not asked["email"] or user.email.casefold() == asked["email"].casefold())
        and set(asked["roles"] or ()) <= user.roles
        and (not asked["userState"] or user.state in asked["userState"])
    )


def _ensure_no_cookie(request: Request) -> None:
    if request.asked["cookie"]:
        raise Invalid("cookie=true is not supported: send the API key in the header X-API-Key", "cookie")


_USERS = "/api/v0/users"
_USER = f"{_USERS}/{{user_id}}"
_READ, _WRITE = frozenset({Role.USER_R}), frozenset({Role.USER_W})
_FILTERS = (_LOGIN, _EMAIL, _ROLES, _STATES)
_ONE = (_USER_ID,)

ROUTES = (
    Route(
        "POST",
        "/api/v0/auth",
        log_in,
        "Log in as a user",
        schema=shapes.LOGIN,
        parameters=(_COOKIE,),
        failures=(Unauthenticated, RateLimitReached),
        max_body=8 * KILOBYTE,
        public=True,
    ),
    Route("POST", "/api/v0/logout", log_out, "Log out", success=204, parameters=(_COOKIE,)),
    Route("GET", _USERS, listing, "List users", _READ, parameters=(*paging.PAGED, *_FILTERS)),
    Route(
        "POST",
        _USERS,
        create,
        "Create a user",
        _WRITE,
        schema=shapes.NEW,
        failures=(Forbidden, LimitReached, UserDuplicate),
    ),
    Route("GET", f"{_USERS}/me", myself, "Get the user of this session", failures=(UserNotFound,)),
    Route("GET", f"{_USERS}/me/portaldata", portal, "Get what the portal keeps of this user", failures=(UserNotFound,)),
    Route(
        "PUT",
        f"{_USERS}/me/portaldata",
        keep,
        "Let the portal keep something of this user",
        success=204,
        schema=shapes.PORTAL,
        failures=(UserNotFound,),
        max_body=32 * KILOBYTE,
    ),
    Route("DELETE", "/api/v0/cookies", forget_cookies, "Forget cookies", success=204),
    Route("GET", _USER, read, "Get a user", _READ, parameters=_ONE, failures=(UserNotFound,)),
    Route(
        "POST",
        _USER,
        update,
        "Update a user",
        _WRITE,
        schema=shapes.UPDATE,
        parameters=_ONE,
        failures=(UserNotFound, Forbidden, UserDuplicate),
    ),
    Route("DELETE", _USER, delete, "Delete a user", _WRITE, parameters=_ONE, failures=(UserNotFound, Forbidden)),
    Route(
        "POST",
        f"{_USER}/password",
        set_password,
        "Set a user's password",
        schema=shapes.PASSWORD,
        parameters=_ONE,
        failures=(UserNotFound, Forbidden),
    ),
)
