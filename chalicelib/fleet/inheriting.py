"""What a key passes on: the keys below it never can do more than it can itself, and what they opened is closed."""

from dataclasses import replace
from typing import TYPE_CHECKING

from chalicelib.fleet.contention import tries
from chalicelib.fleet.errors import Contended

if TYPE_CHECKING:
    from chalicelib.fleet.keys import ApiKey
    from chalicelib.fleet.ports import Ports

_PAGE = 100


def narrowed(key: "ApiKey", parent: "ApiKey") -> "ApiKey":
    """The key with no more rights than its parent; one that is left without a queue is left without roles."""
    queues = key.queues & parent.queues if key.queues and parent.queues else key.queues or parent.queues
    cut_off = bool(key.queues and not queues)
    return replace(
        key,
        roles=frozenset() if cut_off else key.roles & parent.roles,
        queues=key.queues if cut_off else queues,
        valid_from=_latest(key.valid_from, parent.valid_from),
        valid_to=_earliest(key.valid_to, parent.valid_to),
        suspended=parent.suspended or not parent.active,
        limits=(*parent.limits, *(limit for limit in key.limits if limit.holder == key.id)),
    )


def weaker(after: "ApiKey", before: "ApiKey") -> bool:
    """Whether a connection opened with the key as it was may not be open with the key as it is."""
    return (
        after.digest != before.digest
        or (after.active, after.suspended) != (before.active, before.suspended)
        or not before.roles <= after.roles
        or after.queues != before.queues
        or (after.valid_from, after.valid_to) != (before.valid_from, before.valid_to)
        or (after.client_certificate_required, after.ca_certificates)
        != (before.client_certificate_required, before.ca_certificates)
    )


def pass_on(ports: "Ports", parent: "ApiKey") -> None:
    """Narrow all keys below. Repeated, it finds what an earlier call that broke off has left."""
    every = ports.keys.all(parent.tenant)
    waiting = [parent]
    while waiting:
        above = waiting.pop()
        waiting += [_narrow(ports, key, above) for key in every if key.parent == above.id]


def close(ports: "Ports", tenant: str, key_id: str, after: str | None, until: int) -> None:
    """Close the connections of a key one by one; what is left when the clock shows `until` goes on later."""
    while True:
        page = ports.claims.of_key(tenant, key_id, after=after, limit=_PAGE)
        for client in page.items:
            ports.background.disconnect(client)
        if page.cursor is None:
            return
        after = page.cursor
        if ports.clock.now() >= until:
            ports.background.revoke(tenant, key_id, after)
            return


def _narrow(ports: "Ports", key: "ApiKey", parent: "ApiKey") -> "ApiKey":
    present: ApiKey | None = key
    for _ in tries(ports):
        if present is None:
            return narrowed(key, parent)
        changed = narrowed(present, parent)
        if changed == present:
            return present
        # Somebody may be changing the child itself: its own change and ours both have to last.
        if ports.keys.replace(present, changed):
            if weaker(changed, present):
                ports.background.revoke(key.tenant, key.id)
            return changed
        present = ports.keys.current(key.tenant, key.id)
    raise Contended("this API key is written by too many at once")


def _latest(one: int | None, other: int | None) -> int | None:
    return other if one is None else one if other is None else max(one, other)


def _earliest(one: int | None, other: int | None) -> int | None:
    return other if one is None else one if other is None else min(one, other)
