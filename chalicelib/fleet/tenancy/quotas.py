"""How much a tenant may store of each kind, where its operator has set that.

What grows without bounds is counted in a record of its own, in the same transaction that stores or removes something:
of two creations at once that find room for one, the transaction lets one pass. Groups and decoders are counted by the
record that lists them, which every change of them compares and sets. Without a quota nothing is counted, so that
nothing is read or written for it; the first creation under a quota counts what is there.

Settings are known to each instance for a minute: for so long after a quota was set, some may go on without it, and what
they store or remove is not counted. So it is counted once more after SETTLED; from then on a quota is exact. One that
is lowered takes nothing away.
"""

from collections.abc import Callable, Mapping
from typing import TypeVar

from chalicelib.fleet.compare_and_set import AGAIN, Again, insist
from chalicelib.fleet.errors import QuotaReached
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.tenancy import audit
from chalicelib.fleet.tenancy.records import Cause, Quota, Share, Stored, Usage, Way

SETTLED = 2 * 60_000
"""After so long (ms) every instance knows of a quota: a minute in its cache, and as much for clocks that differ."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Asker:
    """Who is refused, as the audit log has it."""

    way: Way = Way.HTTP
    source: Mapping[str, str] | None = None


_API = Asker()


def share(ports: Ports, tenant: str, stored: Stored, amount: int = 1) -> Share | None:
    """What is taken, or given back, as far as this instance knows of a quota."""
    quota = ports.tenants.settings(tenant).quota(stored)
    return None if quota is None else Share(tenant, stored, quota.most, _since(quota, ports.clock.now()), amount)


def within(
    ports: Ports,
    tenant: str,
    stored: Stored,
    store: Callable[[Share | None], T],
    *,
    amount: int = 1,
    asker: Asker = _API,
) -> T:
    """What `store` answers; it is given what it takes, and raises QuotaReached where the count is against it.

    Errors: QuotaReached, which the audit log is told, and what `store` raises.
    """

    def stored_within() -> T | Again:
        taken = share(ports, tenant, stored, amount)
        try:
            return store(taken)
        except QuotaReached:
            if taken is None:
                raise
        usage = ports.usages.get(tenant, stored)
        if usage is None or not usage.tells(taken):
            _count(ports, taken, usage)
        elif not usage.has_room(taken):
            raise _refused(ports, taken, asker)
        # Others store and remove at the same time, or count: what was read of it is not the truth any more.
        return AGAIN

    return insist(ports, "the count of this quota", stored_within)


def ensure_room(ports: Ports, tenant: str, stored: Stored, present: int) -> None:
    """For what is listed in one record: `present` are there. Errors: QuotaReached, which the audit log is told."""
    wanted = share(ports, tenant, stored)
    if wanted is not None and present >= wanted.most:
        raise _refused(ports, wanted, _API)


def _since(quota: Quota, now: int) -> int:
    settled = quota.since + SETTLED
    return settled if now >= settled else quota.since


def _count(ports: Ports, share: Share, old: Usage | None) -> None:
    # Never before what it is asked for: clocks differ.
    now = max(ports.clock.now(), share.since)
    used = _COUNTS[share.stored](ports, share.tenant)
    # What was stored or removed meanwhile has changed the record that `old` was: then this count is not the truth.
    ports.usages.replace(old, Usage(share.tenant, share.stored, used, now))


def _refused(ports: Ports, share: Share, asker: Asker) -> QuotaReached:
    now = ports.clock.now()
    error = QuotaReached(f"the limit of {share.most} {share.stored} of this tenant is reached")
    audit.refuse(
        ports,
        share.tenant,
        at=now,
        event=ports.new_id(now),
        reason=str(error),
        source=asker.source or {"connector": "http"},
        content={"stored": share.stored.value, "limit": share.most},
        cause=Cause.QUOTA,
        way=asker.way,
    )
    return error


def _devices(ports: Ports, tenant: str) -> int:
    """Clients that are no devices count as well: each holds an id that a device could have."""
    keys = (key.id for key in ports.keys.all(tenant))
    return ports.devices.census(tenant) + ports.claims.guests(tenant, keys)


def _keys(ports: Ports, tenant: str) -> int:
    return sum(not (key.master or key.session) for key in ports.keys.all(tenant))


def _policies(ports: Ports, tenant: str) -> int:

    return sum(not policy.listens for policy in ports.policies.all(tenant))


def _bytes(ports: Ports, tenant: str) -> int:
    every = (ports.catalog.versions(tenant, resource.id) for resource in ports.catalog.all(tenant))
    return sum(version.size for versions in every for version in versions)


_COUNTS: Mapping[Stored, Callable[[Ports, str], int]] = {
    Stored.DEVICES: _devices,
    Stored.KEYS: _keys,
    Stored.USERS: lambda ports, tenant: len(ports.users.all(tenant)),
    Stored.RESOURCES: lambda ports, tenant: len(ports.catalog.all(tenant)),
    Stored.RESOURCE_BYTES: _bytes,
    Stored.POLICIES: _policies,
    Stored.QUEUES: lambda ports, tenant: len(ports.queues.all(tenant)),
}
