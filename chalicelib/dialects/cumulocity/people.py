"""Users as Cumulocity shows them (reference, "Users"): people of the fleet, with what only this API has of them."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chalicelib.dialects.cumulocity import device_users, fragments
from chalicelib.dialects.cumulocity.errors import Missing
from chalicelib.fleet.access.records import User, UserRequest, UserState
from chalicelib.fleet.compare_and_set import change_record
from chalicelib.fleet.documents import Record
from chalicelib.fleet.errors import Invalid, UserNotFound
from chalicelib.fleet.ports import Ports

KIND = "cumulocity.person"
LONGEST = 254
"""Characters of a name or an address."""
_TOLD = ("firstName", "lastName", "displayName", "phone")
_LOGIN = re.compile(r"[^\s:/\\+$<>\"]+")
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+")
_PAGE = 1_000


def find(ports: Ports, tenant: str, name: str) -> User:
    """By login, or by id. Errors: UserNotFound."""
    found = ports.users.named(name) if name else None
    if found is None or found.tenant != tenant or found.login.casefold() != name.casefold():
        found = ports.users.get(tenant, name) if name else None
    if found is None:
        raise UserNotFound(f"there is no user {name[:64]}")
    return found


def told(ports: Ports, user: User) -> Mapping[str, Any]:
    """What only this API has of a user."""
    record = ports.records.get(user.tenant, KIND, user.id)
    return record.body if record is not None else {}


def told_of_all(ports: Ports, tenant: str) -> Mapping[str, Mapping[str, Any]]:
    """The same of every user, by id."""
    return {one.id: one.body for one in ports.records.page(tenant, KIND, after=None, limit=_PAGE).items}


def tell(ports: Ports, user: User, body: Mapping[str, Any]) -> None:
    """Keep what a body says of that. Errors: Invalid."""
    said = read(body)
    if not said:
        return
    present = ports.records.get(user.tenant, KIND, user.id)
    if present is None and ports.records.create(Record(user.tenant, KIND, user.id, said)):
        return
    change_record(
        ports,
        "what is told of a user",
        lambda: ports.records.get(user.tenant, KIND, user.id),
        # Two who change a user at the same time: what each has said stays.
        ports.records.replace,
        lambda record: replace(record, body={**record.body, **said}),
        present,
    )


def forget(ports: Ports, user: User) -> None:
    ports.records.delete(user.tenant, KIND, user.id)


def read(body: Mapping[str, Any]) -> dict[str, Any]:
    """What a body says that the fleet has no place for. Errors: Invalid."""
    return {name: fragments.text(body, name, LONGEST) for name in _TOLD if body.get(name) not in (None, "")}


def wanted(body: Mapping[str, Any], tenant: str, user_id: str, now: int) -> User:
    """The user that a body describes, with no role yet. Errors: Missing, Invalid."""
    if body.get("userName") in (None, ""):
        raise Missing("userName")
    login = fragments.text(body, "userName", LONGEST)
    if not _LOGIN.fullmatch(login) or login.startswith(device_users.PREFIX):
        raise Invalid(
            f'a user name has no blanks and none of : / \\ + $ < > " and does not begin with {device_users.PREFIX}',
            "userName",
        )
    email = _email(body) or login
    return User(tenant, user_id, login, email, frozenset(), now, state=_state(body) or UserState.ENABLED)


def changes(body: Mapping[str, Any], present: User) -> UserRequest:
    """Errors: Invalid."""
    name = body.get("userName")
    if name is not None and (not isinstance(name, str) or name.casefold() != present.login.casefold()):
        raise Invalid("the name of a user is not changed", "userName")
    return UserRequest(email=_email(body), state=_state(body))


def password(body: Mapping[str, Any], name: str = "password") -> str | None:
    """Errors: Invalid."""
    return fragments.text(body, name, LONGEST) if body.get(name) not in (None, "") else None


def view(user: User, said: Mapping[str, Any], itself: str) -> dict[str, Any]:
    shown = {**said, "id": user.id, "userName": user.login, "self": itself}
    if user.email != user.login:
        shown["email"] = user.email
    return {**shown, "enabled": user.state is UserState.ENABLED, **COMMON}


COMMON: Mapping[str, Any] = {
    "shouldResetPassword": False,
    "twoFactorAuthenticationEnabled": False,
    "newsletter": False,
    "customProperties": {},
    "applications": [],
    "devicePermissions": {},
}


def _email(body: Mapping[str, Any]) -> str | None:
    if body.get("email") in (None, ""):
        return None
    email = fragments.text(body, "email", LONGEST)
    if not _EMAIL.fullmatch(email):
        raise Invalid("email is an address with an @", "email")
    return email


def _state(body: Mapping[str, Any]) -> UserState | None:
    enabled = body.get("enabled")
    if enabled is None:
        return None
    if not isinstance(enabled, bool):
        raise Invalid("enabled is true or false", "enabled")
    return UserState.ENABLED if enabled else UserState.DISABLED
