"""Who sent a message: the key that it came in with, or the user, and what they were allowed at the time.

Kept as `{key id}.{roles}` or `user:{user id}.{roles}`, the roles as hexadecimal bits in the order of ROLES: a list of
names would be as long as most messages are.
"""

from collections.abc import Sequence

from chalicelib.fleet.access.callers import Caller, Kind
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.frozen import dataclass

_USER = "user:"
ROLES: Sequence[Role] = (
    Role.API_KEY_R,
    Role.API_KEY_W,
    Role.USER_R,
    Role.USER_W,
    Role.SETTINGS_R,
    Role.SETTINGS_W,
    Role.DEVICE_R,
    Role.DEVICE_W,
    Role.CAMPAIGN_R,
    Role.CAMPAIGN_W,
    Role.DATA_R,
    Role.DATA_W,
    Role.DATA_PROCESSING_R,
    Role.DATA_PROCESSING_W,
    Role.BUS_CONFIG_R,
    Role.BUS_CONFIG_W,
    Role.BUS_R,
    Role.BUS_W,
    Role.BOOTSTRAP_R,
    Role.BOOTSTRAP_W,
    Role.DEVICE_ACCESS,
    Role.CONNECTOR_ACCESS,
    Role.LOGS_R,
)
"""Kept messages go by this order: a new role is added at the end, and none is ever taken out."""


@dataclass(frozen=True, slots=True)
class Sender:
    """`kind` is KEY, also for a session, or USER for who came with a password."""

    kind: Kind
    id: str
    roles: tuple[Role, ...]


def of(caller: Caller) -> str | None:
    """None for devices with a secret of their own: their messages name them."""
    bits = f"{sum(1 << place for place, role in enumerate(ROLES) if role in caller.roles):x}"
    if caller.key is not None:
        return f"{caller.key.id}.{bits}"
    return f"{_USER}{caller.user}.{bits}" if caller.kind is Kind.USER else None


def told(sender: str | None) -> Sender | None:
    """None for a message of a device with a secret of its own, or from before this was kept."""
    if sender is None:
        return None
    name, _, bits = sender.partition(".")
    roles = tuple(sorted(role for place, role in enumerate(ROLES) if int(bits, 16) >> place & 1))
    kind = Kind.USER if name.startswith(_USER) else Kind.KEY
    return Sender(kind, name.removeprefix(_USER), roles)
