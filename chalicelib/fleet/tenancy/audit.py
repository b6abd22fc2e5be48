"""The audit log: everything refused or malformed, with a reason one can act on; capped a device and minute."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import groupby
from typing import Any

from chalicelib.fleet.compare_and_set import AGAIN, Again, insist
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.ids import is_id, moment, repeatable_id
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.tenancy import retention
from chalicelib.fleet.tenancy.records import AuditEntry, Cause, Kept, Way

PER_MINUTE = 10
_MINUTE = 60_000


def refuse(
    ports: Ports,
    tenant: str,
    *,
    at: int,
    event: str,
    reason: str,
    source: Mapping[str, str],
    content: Mapping[str, Any] | None = None,
    cause: Cause = Cause.REFUSED,
    way: Way | None = Way.MQTT,
) -> None:
    """Record that something was refused: the first PER_MINUTE times a minute for one source, cause and way."""
    told = _Telling(cause, way, reason, source, content or {})
    _keep(ports, tenant, at, event, "error", told)


def note(
    ports: Ports,
    tenant: str,
    *,
    at: int,
    event: str,
    reason: str,
    source: Mapping[str, str],
    content: Mapping[str, Any],
) -> None:
    """Record what somebody who looks for an error wants to see, as often as what was refused and beside it."""
    told = _Telling(Cause.REFUSED, Way.MQTT, reason, source, content)
    _keep(ports, tenant, at, event, "info", told)


def report(
    ports: Ports, tenant: str, *, reason: str, source: Mapping[str, str], content: Mapping[str, Any]
) -> AuditEntry:
    """Record what a client wants to be in the log. Errors: Contended."""
    now = ports.clock.now()
    kept = retention.seconds(ports, tenant, Kept.AUDIT)

    def reported() -> AuditEntry | Again:
        name = ports.new_id(now)
        entry = AuditEntry(tenant, name, now, "info", Cause.REPORTED, Way.HTTP, reason, source, content, name)
        return entry if ports.audit.put(entry, kept) else AGAIN

    return insist(ports, "the audit log", reported)


def get(ports: Ports, tenant: str, name: str) -> AuditEntry | None:
    """The entry of that id, while it is kept."""
    if not is_id(name):
        return None
    found = ports.audit.within(tenant, moment(name), name, name)
    return next(iter(found), None)


@dataclass(frozen=True, slots=True)
class _Telling:
    cause: Cause
    way: Way | None
    reason: str
    source: Mapping[str, str]
    content: Mapping[str, Any]


def _keep(ports: Ports, tenant: str, at: int, event: str, level: str, told: _Telling) -> None:
    """In one of the PER_MINUTE places that a minute has for the same source, cause and level.

    The places have ids that follow each other, and the event says which one it tries first: no counter is needed, and
    only what finds its place taken looks at the others.
    """
    who = "|".join(f"{k}={v}" for k, v in sorted(told.source.items()))
    # What is only noted takes no place from what was refused, nor what is refused for one cause from another.
    about = f"{who}|{told.cause}|{told.way}|{level}"
    common = repeatable_id(at - at % _MINUTE, about)[:-1]
    places = [f"{common}{n}" for n in range(PER_MINUTE)]
    entry = AuditEntry(
        tenant=tenant,
        id=places[int.from_bytes(event.encode()[-4:]) % PER_MINUTE],
        at=at,
        level=level,
        cause=told.cause,
        way=told.way,
        reason=told.reason,
        source=told.source,
        content=told.content,
        event=event,
    )
    kept = retention.seconds(ports, tenant, Kept.AUDIT)
    for _ in places:
        # What was free may be taken by now, by another event or by this one come twice at once: look again.
        if ports.audit.put(entry, kept):
            return
        taken = {known.id: known.event for known in ports.audit.within(tenant, at, places[0], places[-1])}
        free = next((place for place in places if place not in taken), None)
        if free is None or event in taken.values():
            return
        entry = replace(entry, id=free)


def read(
    ports: Ports, tenant: str, *, start: int | None, end: int | None, descending: bool = True
) -> Iterator[AuditEntry]:
    """Entries with start <= at < end, read as they are drawn; never further back than they are kept."""
    now = ports.clock.now()
    earliest, latest = now - retention.seconds(ports, tenant, Kept.AUDIT) * 1000, now + _MINUTE
    since = earliest if start is None else max(start, earliest)
    until = latest if end is None else min(end, latest)
    if since >= until:
        return
    found = ports.audit.page(tenant, start=since, end=until, descending=descending)
    # Ids tell minutes, not moments.
    for _, minute in groupby(found, key=lambda entry: entry.at // _MINUTE):
        yield from sorted(minute, key=lambda entry: (entry.at, entry.id), reverse=descending)
