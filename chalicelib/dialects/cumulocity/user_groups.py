"""Groups of users (reference, "Groups"): four that are always there, each with the roles of its members.

Nobody makes or changes one. A user is a member who has all roles of a group, and is shown in the largest of those.
"""

from collections.abc import Iterator

from chalicelib.dialects.cumulocity import roles
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.errors import NotFound
from chalicelib.fleet.frozen import dataclass


@dataclass(frozen=True, slots=True)
class UserGroup:
    id: int
    name: str
    description: str
    roles: frozenset[Role]


class UserGroupNotFound(NotFound):
    pass


READERS = UserGroup(
    3,
    "readers",
    "May see everything but users, options and the audit log",
    frozenset({Role.DEVICE_R, Role.DATA_R, Role.CAMPAIGN_R}),
)
BUSINESS = UserGroup(
    2,
    "business",
    "May see and change devices and what they send",
    READERS.roles | {Role.DEVICE_W, Role.DATA_W, Role.CAMPAIGN_W},
)
ADMINS = UserGroup(1, "admins", "May do everything", frozenset(roles.NAMES))
DEVICES = UserGroup(4, "devices", "Devices with credentials of their own", frozenset())
ALL = (ADMINS, BUSINESS, READERS, DEVICES)
PEOPLES = (ADMINS, BUSINESS, READERS)
"""Those that a person can be a member of, the largest first."""


def get(number: str) -> UserGroup:
    """Errors: UserGroupNotFound."""
    return _found(number, (group for group in ALL if str(group.id) == number))


def named(name: str) -> UserGroup:
    """Errors: UserGroupNotFound."""
    return _found(name, (group for group in ALL if group.name == name))


def of(held: frozenset[Role]) -> tuple[UserGroup, ...]:
    """Where a person with these roles is a member, and of nothing larger."""
    largest = next((group for group in PEOPLES if group.roles <= held), None)
    return (largest,) if largest is not None else ()


def _found(said: str, groups: Iterator[UserGroup]) -> UserGroup:
    found = next(groups, None)
    if found is None:
        raise UserGroupNotFound(f"there is no group {said[:64]}")
    return found
