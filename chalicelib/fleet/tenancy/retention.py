"""How long what a tenant stores is kept: as set for the tenant, or the default.

It is decided when something is written, from the time on our own clock: a change of the settings leaves alone what is
stored already. The database removes what is over within about two days.
"""

from collections.abc import Mapping

from chalicelib.fleet.ports import Ports
from chalicelib.fleet.tenancy.records import DAY, Kept

DEFAULTS: Mapping[Kept, int] = {Kept.MESSAGES: 365 * DAY, Kept.COMMANDS: 90 * DAY, Kept.AUDIT: 14 * DAY}
"""Seconds. How long a queue keeps its messages it says itself."""


def seconds(ports: Ports, tenant: str, what: Kept) -> int:
    """As known to this instance, which may be a minute old: a warm one reads nothing."""
    return ports.tenants.settings(tenant).kept(what) or DEFAULTS[what]


def capped(ports: Ports, tenant: str, ttl: int | None) -> int | None:
    """How long (s) a new queue keeps its messages where `ttl` is asked for, None for ever."""
    most = ports.tenants.settings(tenant).kept(Kept.QUEUED)
    return ttl if most is None else min(ttl or most, most)
