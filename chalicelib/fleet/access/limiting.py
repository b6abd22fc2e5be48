"""How much a key, and all keys below it together, may ask for: requests and messages in a window of time.

Limits are set by the operator. Those of a key are passed on to all below it; those of a tenant are among its settings,
and hold for whoever comes in: keys, sessions of users, devices with a secret of their own. What was used is counted in
the memory of each instance, so that it costs neither a read nor a write: a limit is exact where one instance serves,
and where several share the work up to as many times higher.
"""

from dataclasses import replace

from chalicelib.fleet.access import callers, inheriting
from chalicelib.fleet.access.callers import Caller
from chalicelib.fleet.access.changing import change_key
from chalicelib.fleet.access.records import ApiKey
from chalicelib.fleet.errors import RateLimitReached
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.shapes import in_place_of
from chalicelib.fleet.tenancy import audit
from chalicelib.fleet.tenancy.records import Cause, Limit, Use, Way


def spend(ports: Ports, caller: Caller, use: Use) -> None:
    """Count a use against the limits of the caller's key and of its tenant. Errors: RateLimitReached."""
    every = (*caller.limits, *ports.tenants.settings(caller.tenant).limits)
    limits = [limit for limit in every if limit.use is use]
    wait = ports.windows.spend(caller.tenant, limits, ports.clock.now()) if limits else None
    if wait is not None:
        raise RateLimitReached(
            f"too many {use}: the limit of the API key, of one above it, or of the tenant is reached", wait
        )


def request(ports: Ports, caller: Caller) -> None:
    """Count a request. One that is refused is in the audit log, as far as that goes.

    Errors: RateLimitReached.
    """
    try:
        spend(ports, caller, Use.REQUESTS)
    except RateLimitReached as error:
        now = ports.clock.now()
        audit.refuse(
            ports,
            caller.tenant,
            at=now,
            event=ports.new_id(now),
            reason=str(error),
            source={"connector": "http", **callers.about(caller)},
            content=callers.told(caller),
            cause=Cause.RATE,
            way=Way.HTTP,
        )
        raise


def limit(ports: Ports, tenant: str, key_id: str, use: Use, asked: tuple[int, int] | None) -> ApiKey:
    """Set a key's own limit to so many uses in so many seconds, or lift it. Errors: KeyNotFound."""

    def limited(key: ApiKey) -> ApiKey:
        others = tuple(one for one in key.limits if (one.holder, one.use) != (key.id, use))
        known = next((one for one in key.limits if (one.holder, one.use) == (key.id, use)), None)
        own = () if asked is None else (in_place_of(known, Limit(use, *asked, key.id)),)
        return replace(key, limits=(*others, *own))

    # The key may be changed over the API at the same time.
    changed = change_key(ports, tenant, key_id, limited)[1]
    inheriting.pass_on(ports, changed)
    return changed
