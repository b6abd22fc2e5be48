"""Who a client has come as (reference, "Current user")."""

from typing import Any

from chalicelib.dialects.cumulocity import people, roles
from chalicelib.dialects.cumulocity.rest import contents, links, managed_objects
from chalicelib.fleet.access import users
from chalicelib.fleet.access.callers import Caller, Kind
from chalicelib.fleet.ports import Ports
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Route

KIND = "currentUser"


def _get(ports: Ports, request: Request) -> Answer:
    effective = [
        {"id": name, "name": name, "self": links.to(request, "user", "roles", name)} for name in roles.of(request.by)
    ]
    body = {
        **_person(ports, request.by),
        "self": links.to(request, "user", "currentUser"),
        "effectiveRoles": effective,
        "shouldResetPassword": False,
        "twoFactorAuthenticationEnabled": False,
    }
    return contents.found(request, KIND, body)


def _person(ports: Ports, caller: Caller) -> dict[str, Any]:
    """`id` is the owner of what the caller makes."""
    if caller.kind is Kind.USER and caller.user is not None:
        user = users.get(ports, caller.tenant, caller.user)
        return {**people.told(ports, user), "id": user.id, "userName": user.login, "email": user.email}
    name = managed_objects.owner(caller)
    return {"id": name, "userName": name}


ROUTES = (Route("GET", "/user/currentUser", _get, "Who the client has come as, and what it may do", devices=True),)
