"""What an operator sets for a tenant: how much it may store, how often it may ask, how long what it stores is kept.

All of it is unset at first. It is read with what every message needs, and so may be a minute old where it is used.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

from chalicelib.fleet.compare_and_set import change_record
from chalicelib.fleet.errors import Invalid, TenantNotFound
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.shapes import in_place_of
from chalicelib.fleet.tenancy.records import DAY, LONGEST, Kept, Limit, Quota, Settings, Stored, Use

T = TypeVar("T")


def get(ports: Ports, tenant: str) -> Settings:
    """As they are now. Errors: TenantNotFound."""
    if ports.tenants.get(tenant) is None:
        raise TenantNotFound(f"there is no tenant {tenant!r}")
    return ports.tenants.current_settings(tenant)


def set_quotas(ports: Ports, tenant: str, wanted: Mapping[Stored, int | None]) -> Settings:
    """Set the most that may be stored of each kind; None lifts it. Errors: TenantNotFound, Invalid."""
    for stored, most in wanted.items():
        if most is not None and most < 0:
            raise Invalid(f"{stored} are limited to 0 or more", stored)
    now = ports.clock.now()

    def changed(settings: Settings) -> Settings:
        asked = {
            stored.value: None if most is None else in_place_of(settings.quota(stored), Quota(most, now))
            for stored, most in wanted.items()
        }
        return replace(settings, quotas=_set(settings.quotas, asked))

    return _change(ports, tenant, changed)


def set_limits(ports: Ports, tenant: str, wanted: Mapping[Use, tuple[int, int] | None]) -> Settings:
    """Allow all keys, sessions and devices together so many uses in so many seconds; None lifts the limit.

    Errors: TenantNotFound.
    """

    def changed(settings: Settings) -> Settings:
        others = tuple(limit for limit in settings.limits if limit.use not in wanted)
        known = {limit.use: limit for limit in settings.limits}
        asked = (
            in_place_of(known.get(use), Limit(use, *rate, tenant)) for use, rate in wanted.items() if rate is not None
        )
        return replace(settings, limits=(*others, *asked))

    return _change(ports, tenant, changed)


def set_retention(ports: Ports, tenant: str, wanted: Mapping[Kept, int | None]) -> Settings:
    """Keep what is written from now on so many seconds; None goes back to the default.

    Errors: TenantNotFound, Invalid (less than a day, or more than LONGEST).
    """
    for kept, seconds in wanted.items():
        if seconds is not None and not DAY <= seconds <= LONGEST[kept]:
            raise Invalid(f"{kept} are kept from 1 to {LONGEST[kept] // DAY} days", kept)
    asked = {kept.value: seconds for kept, seconds in wanted.items()}
    return _change(ports, tenant, lambda s: replace(s, retention=_set(s.retention, asked)))


def want_objects(ports: Ports, tenant: str) -> Settings:
    """Let every device be a managed object from now on; again changes nothing. Errors: TenantNotFound."""
    now = ports.clock.now()
    return _change(ports, tenant, lambda s: s if s.objects is not None else replace(s, objects=now))


def open_dialect(ports: Ports, tenant: str, dialect: str) -> Settings:
    """Let the tenant in to a dialect that does not take everybody; again changes nothing. Errors: TenantNotFound."""
    return _change(ports, tenant, lambda s: replace(s, dialects=s.dialects | {dialect}))


def _set(present: Mapping[str, T], asked: Mapping[str, T | None]) -> dict[str, T]:
    return {name: value for name, value in {**present, **asked}.items() if value is not None}


def _change(ports: Ports, tenant: str, change: Callable[[Settings], Settings]) -> Settings:
    # Two operators at once: each change has to last.
    write = ports.tenants.replace_settings
    return change_record(ports, "what is set for this tenant", lambda: get(ports, tenant), write, change)[0]
