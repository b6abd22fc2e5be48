"""Users and their sessions (manual 4.2; OpenAPI "Users management", "User authentication"); times are milliseconds."""

from collections.abc import Mapping
from typing import Any

from chalicelib.dialects.live_objects.rest.shapes import present
from chalicelib.fleet.access import passwords
from chalicelib.fleet.access.records import User, UserRequest, UserState
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.errors import Forbidden, Invalid

_LOGIN = {
    "type": "string",
    "pattern": "^[a-zA-Z0-9_-]{3,254}$",
    "description": "has 3 to 254 letters, digits, hyphens and underscores",
}
_EMAIL = {
    "type": "string",
    "maxLength": 254,
    "pattern": r"^[^@\s]{1,64}@[^@\s]+\.[^@\s]+$",
    "description": "is no e-mail address",
}
_ROLES = {"type": "array", "maxItems": 100, "items": {"enum": [role.value for role in Role]}}
_LANGUAGE = {"type": ["string", "null"], "pattern": "^[a-zA-Z]{2}$", "description": "is a code of ISO 639-1"}
_PASSWORD = {"type": "string", "maxLength": passwords.LONGEST}
_OPTIONAL = {**_PASSWORD, "type": ["string", "null"]}
_TENANT = {"type": "string", "maxLength": 24}
_MAIN = {"enum": [None, False], "description": "is not supported: no user of a tenant is more than the others"}
_UNREAD = {
    "type": ["string", "null"],
    "maxLength": 10_000,
    "description": "the vendor's portal asks for it; it is not read here",
}

NEW = {
    "type": "object",
    "required": ["email", "login", "roles", "tenantId"],
    "properties": {
        "email": _EMAIL,
        "login": _LOGIN,
        "roles": _ROLES,
        "tenantId": _TENANT,
        "language": _LANGUAGE,
        "password": {**_OPTIONAL, "description": "no mail is sent: without it, somebody who writes users sets one"},
    },
}
UPDATE = {
    "type": "object",
    "required": ["state"],
    "properties": {
        "state": {"enum": [state.value for state in UserState]},
        "email": {**_EMAIL, "type": ["string", "null"]},
        "login": {**_LOGIN, "type": ["string", "null"]},
        "roles": {**_ROLES, "type": ["array", "null"]},
        "tenantId": {**_TENANT, "type": ["string", "null"]},
        "language": _LANGUAGE,
        "mainUser": _MAIN,
    },
}
PASSWORD = {
    "type": "object",
    "required": ["newPassword"],
    "properties": {
        "newPassword": _PASSWORD,
        "oldPassword": _OPTIONAL,
        "captcha": _UNREAD,
        "captchaToken": _UNREAD,
        "tokenId": _UNREAD,
    },
}
PORTAL = {"type": "object"}
LOGIN = {
    "type": "object",
    "required": ["password"],
    "properties": {
        "login": {"type": ["string", "null"], "maxLength": 254},
        "email": {"type": ["string", "null"], "maxLength": 254},
        "password": _PASSWORD,
    },
}


def created(body: Mapping[str, Any], tenant: str, user_id: str, now: int) -> User:
    """Errors: Forbidden (a user of another tenant)."""
    _ensure_own(body, tenant)
    return User(
        tenant=tenant,
        id=user_id,
        login=body["login"],
        email=body["email"],
        roles=frozenset(map(Role, body["roles"])),
        created=now,
        language=body.get("language"),
    )


def changed(body: Mapping[str, Any], tenant: str) -> UserRequest:
    """Errors: Forbidden (into another tenant)."""
    _ensure_own(body, tenant)
    roles = body.get("roles")
    return UserRequest(
        login=body.get("login"),
        email=body.get("email"),
        roles=None if roles is None else frozenset(map(Role, roles)),
        state=UserState(body["state"]),
        language=body.get("language"),
    )


def name(body: Mapping[str, Any]) -> str:
    """Who logs in. Errors: Invalid."""
    found: str | None = body.get("login") or body.get("email")
    if not found:
        raise Invalid("login or email is required", "login")
    return found


def _ensure_own(body: Mapping[str, Any], tenant: str) -> None:
    if body.get("tenantId") not in (None, tenant):
        raise Forbidden("tenantId is that of another tenant")


def render(user: User) -> dict[str, Any]:
    return present(
        {
            "id": user.id,
            "tenantId": user.tenant,
            "login": user.login,
            "email": user.email,
            "roles": sorted(user.roles),
            "state": user.state.value,
            "language": user.language,
            "mainUser": False,
            "lastAuthentication": user.authenticated,
        }
    )
