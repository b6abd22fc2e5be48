"""Roles as the vendor calls them, for clients that ask what they may do."""

from collections.abc import Iterable

from chalicelib.dialects.cumulocity import device_users
from chalicelib.fleet.access.callers import Caller, Kind
from chalicelib.fleet.access.roles import Role

NAMES = {
    Role.DEVICE_R: ("ROLE_INVENTORY_READ", "ROLE_IDENTITY_READ", "ROLE_DEVICE_CONTROL_READ"),
    Role.DEVICE_W: (
        "ROLE_INVENTORY_ADMIN",
        "ROLE_INVENTORY_CREATE",
        "ROLE_IDENTITY_ADMIN",
        "ROLE_DEVICE_CONTROL_ADMIN",
    ),
    Role.DATA_R: ("ROLE_MEASUREMENT_READ", "ROLE_EVENT_READ", "ROLE_ALARM_READ"),
    Role.DATA_W: ("ROLE_MEASUREMENT_ADMIN", "ROLE_EVENT_ADMIN", "ROLE_ALARM_ADMIN"),
    Role.CAMPAIGN_R: ("ROLE_BULK_OPERATION_READ",),
    Role.CAMPAIGN_W: ("ROLE_BULK_OPERATION_ADMIN",),
    Role.USER_R: ("ROLE_USER_MANAGEMENT_READ",),
    Role.USER_W: ("ROLE_USER_MANAGEMENT_ADMIN",),
    Role.SETTINGS_R: ("ROLE_OPTION_MANAGEMENT_READ",),
    Role.SETTINGS_W: ("ROLE_AUDIT_ADMIN", "ROLE_OPTION_MANAGEMENT_ADMIN"),
    Role.LOGS_R: ("ROLE_AUDIT_READ",),
}
"""What each role of the platform opens of this API; the others open nothing of it."""


def named(roles: Iterable[Role]) -> list[str]:
    """In order of their names."""
    return sorted(name for role in roles for name in NAMES.get(role, ()))


def of(caller: Caller) -> list[str]:
    """What the caller may do, in order of the names."""
    return [device_users.ROLE] if caller.kind is Kind.DEVICE else named(caller.roles)
