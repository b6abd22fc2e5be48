"""The audit log: everything refused or malformed, with a reason one can act on; capped a device and minute."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any

from chalicelib.fleet import retention
from chalicelib.fleet.ids import repeatable_id
from chalicelib.fleet.settings import Kept

if TYPE_CHECKING:
    from chalicelib.fleet.ports import Ports

PER_MINUTE = 10
_MINUTE = 60_000


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """`source` names who it is about (deviceId, nodeId, connector…); `content` holds what is particular to the kind."""

    tenant: str
    id: str
    at: int
    level: str
    category: str
    subcategory: str
    kind: str
    reason: str
    source: Mapping[str, str] = field(default_factory=dict)
    content: Mapping[str, Any] = field(default_factory=dict)


def refuse(
    ports: "Ports",
    tenant: str,
    *,
    at: int,
    event: str,
    reason: str,
    source: Mapping[str, str],
    content: Mapping[str, Any] | None = None,
    category: str = "connectivity",
    subcategory: str = "mqtt",
    kind: str = "mqtt_debug_logs",
) -> None:
    """Record that something was refused, at most PER_MINUTE times a minute for one source.

    The id is made of the minute, the source and one of PER_MINUTE slots that the event falls into: what finds its slot
    taken is not stored, so no counter is needed and a repeated event is absorbed.
    """
    told = _Telling(category, subcategory, kind, reason, source, content or {})
    _keep(ports, tenant, at, event, "error", told)


def note(
    ports: "Ports",
    tenant: str,
    *,
    at: int,
    event: str,
    reason: str,
    source: Mapping[str, str],
    content: Mapping[str, Any],
) -> None:
    """Record what somebody who looks for an error wants to see, as often as what was refused and beside it."""
    told = _Telling("connectivity", "mqtt", "mqtt_debug_logs", reason, source, content)
    _keep(ports, tenant, at, event, "info", told)


@dataclass(frozen=True, slots=True)
class _Telling:
    category: str
    subcategory: str
    kind: str
    reason: str
    source: Mapping[str, str]
    content: Mapping[str, Any]


def _keep(ports: "Ports", tenant: str, at: int, event: str, level: str, told: _Telling) -> None:
    slot = int.from_bytes(event.encode()[-4:]) % PER_MINUTE
    # What is only noted takes no slot from what was refused.
    who = "|".join(f"{k}={v}" for k, v in sorted(told.source.items())) + ("" if level == "error" else f"|{level}")
    entry = AuditEntry(
        tenant=tenant,
        id=repeatable_id(at - at % _MINUTE, f"{who}|{slot}"),
        at=at,
        level=level,
        category=told.category,
        subcategory=told.subcategory,
        kind=told.kind,
        reason=told.reason,
        source=told.source,
        content=told.content,
    )
    ports.audit.put(entry, retention.seconds(ports, tenant, Kept.AUDIT))


def read(
    ports: "Ports", tenant: str, *, start: int | None, end: int | None, descending: bool = True
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
