"""Where the ids of devices wait that register: in one tenant of the stage each, as a device names none when it asks."""

import hashlib
from collections.abc import Callable
from dataclasses import replace

from chalicelib.fleet.compare_and_set import AGAIN, Again, insist
from chalicelib.fleet.documents import Record
from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.ports import Ports

_NOBODYS, _KIND = "!", "cumulocity.waiting"
_SETTLED = 60_000
"""Longer (ms) than a request lasts: until then whoever has claimed an id may be about to register it."""
_LONGER = 86_400_000
"""Milliseconds by which a claim outlives what was registered."""


def key_of(device: str) -> str:
    """What an id is found by: it may be longer than a key."""
    return hashlib.sha256(device.encode(errors="surrogatepass")).hexdigest()


def claim(ports: Ports, tenant: str, device: str, until: int, waits: Callable[[str], bool]) -> None:
    """Let the id wait in that tenant until that moment (ms); `waits` says whether it still does in another one.

    Errors: Invalid (it does).
    """
    now, kind, identifier = ports.clock.now(), _shard(device), key_of(device)
    body, expires = {"tenant": tenant, "at": now}, _seconds(until + _LONGER)

    def claimed() -> bool | Again:
        old = ports.records.get(_NOBODYS, kind, identifier)
        if old is None:
            # Two tenants that register one id at the same time: one of them has it.
            return ports.records.create(Record(_NOBODYS, kind, identifier, body, expires=expires)) or AGAIN
        holder = str(old.body["tenant"])
        if holder != tenant and (now < old.body["at"] + _SETTLED or waits(holder)):
            raise Invalid(f"the device {device[:64]} is registered already", "id")
        # Whoever had it may register it again at the same time, which writes this first.
        return ports.records.replace(old, replace(old, body={**old.body, **body}, expires=expires)) or AGAIN

    insist(ports, "this registration", claimed)


def find(ports: Ports, device: str) -> Record | None:
    return ports.records.get(_NOBODYS, _shard(device), key_of(device))


def holder(found: Record) -> str:
    """The tenant that has it."""
    return str(found.body["tenant"])


def keep(ports: Ports, found: Record, until: int) -> None:
    """A claim outlives the registration. Where somebody else writes it, it is theirs, or was kept just now."""
    expires = _seconds(until + _LONGER)
    if found.expires is None or found.expires < expires:
        ports.records.replace(found, replace(found, expires=expires))


def _shard(device: str) -> str:
    return f"{_KIND} {key_of(device)[:2]}"


def _seconds(moment: int) -> int:
    return -(-moment // 1000)
