"""Who sent a message: the key that it came in with, and what that key was allowed at the time.

Kept as `{key id}.{roles}`, the roles as hexadecimal bits in the order of ROLES: a list of names would be as long as
most messages are.
"""

from collections.abc import Sequence

from chalicelib.fleet.access.records import ApiKey
from chalicelib.fleet.access.roles import Role

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


def of(key: ApiKey) -> str:
    return f"{key.id}.{sum(1 << place for place, role in enumerate(ROLES) if role in key.roles):x}"


def told(sender: str | None) -> tuple[str, list[Role]] | None:
    """The key's id and its roles; None for a message that came with no key, or before this was kept."""
    if sender is None:
        return None
    key, _, bits = sender.partition(".")
    return key, sorted(role for place, role in enumerate(ROLES) if int(bits, 16) >> place & 1)
