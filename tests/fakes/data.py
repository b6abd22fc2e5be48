"""Messages, decoders, records and the audit log in memory."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from itertools import islice, takewhile

from chalicelib.fleet.data.deletions import Tombstone
from chalicelib.fleet.data.records import DataMessage, DecoderRecord, Directory, Listed, StreamUse
from chalicelib.fleet.documents import Record
from chalicelib.fleet.ports import Page
from chalicelib.fleet.presence.mailbox import Counted
from chalicelib.fleet.tenancy.records import AuditEntry
from tests.fakes.resources import MemoryFiles

Id = tuple[str, str]
"""Bytes of a sort key."""


@dataclass
class MemoryDecoders:
    directories: dict[str, Directory] = field(default_factory=dict)
    rows: dict[Id, DecoderRecord] = field(default_factory=dict)

    def directory(self, tenant: str) -> Directory:
        return self.directories.get(tenant, Directory(tenant))

    def named(self, tenant: str, encoding: str) -> Listed | None:
        return self.directory(tenant).named(encoding)

    def records(self, tenant: str, entries: Sequence[Listed]) -> list[DecoderRecord]:
        return [self.rows[tenant, e.id] for e in entries if (tenant, e.id) in self.rows]

    def put(self, old: Directory, new: Directory, record: DecoderRecord) -> bool:
        if not self._replaced(old, new):
            return False
        self.rows[record.tenant, record.id] = record
        return True

    def remove(self, old: Directory, new: Directory, decoder: str) -> bool:
        if not self._replaced(old, new):
            return False
        del self.rows[old.tenant, decoder]
        return True

    def _replaced(self, old: Directory, new: Directory) -> bool:
        if self.directory(old.tenant).revision != old.revision:
            return False
        self.directories[old.tenant] = replace(new, revision=old.revision + 1)
        return True


@dataclass
class MemoryMessages:
    """Also keeps each stream's ids in order, so that a page costs a page."""

    rows: dict[tuple[str, str], dict[str, DataMessage]] = field(default_factory=dict)
    order: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    graves: dict[tuple[str, str], dict[str, Tombstone]] = field(default_factory=dict)
    used: dict[Id, dict[str, StreamUse]] = field(default_factory=dict)
    waiting: dict[Id, Mapping[str, Counted]] = field(default_factory=dict)
    kept: dict[str, int] = field(default_factory=dict)
    """Seconds, by the id of a message."""
    removed: dict[tuple[str, str, str], int] = field(default_factory=dict)
    """Until when (ms) what was removed stays away."""
    files: MemoryFiles = field(default_factory=MemoryFiles)

    def put(self, message: DataMessage, kept: int) -> bool:
        stream = (message.tenant, message.stream)
        if message.id in self.rows.setdefault(stream, {}) or (*stream, message.id) in self.removed:
            return False
        insort(self.order.setdefault(stream, []), message.id)
        self.rows[stream][message.id] = message
        self.kept[message.id] = kept
        return True

    def put_new(self, messages: Sequence[DataMessage], kept: int) -> None:
        for message in messages:
            self.put(message, kept)

    def count(
        self,
        tenant: str,
        device: str,
        stream: str,
        at: int,
        times: int = 1,
        *,
        kept: int,  # noqa: ARG002 - nothing is removed
        sparing: bool | None = None,  # noqa: ARG002 - each is counted at once
    ) -> None:
        uses = self.used.setdefault((tenant, device), {})
        uses[stream] = StreamUse(stream, uses[stream].count + times if stream in uses else times, at)

    def uncounted(self, _tenant: str, _device: str, /) -> Mapping[str, Counted]:
        return self.waiting.get((_tenant, _device), {})

    def counted(self, tenant: str, device: str, counts: Mapping[str, Counted]) -> None:
        left = self.waiting.get((tenant, device), {})
        self.waiting[tenant, device] = {stream: each for stream, each in left.items() if counts.get(stream) != each}

    def streams(self, tenant: str, device: str) -> list[StreamUse]:
        return list(self.used.get((tenant, device), {}).values())

    def page(
        self,
        tenant: str,
        stream: str,
        *,
        start: int | None,
        end: int | None,
        before: str | None,
        limit: int,
        ascending: bool = False,
    ) -> list[DataMessage]:
        known = self.order.get((tenant, stream), [])
        if ascending:
            later = (self.rows[tenant, stream][one] for one in known[bisect_right(known, before or "") :])
            begun = (m for m in later if start is None or m.timestamp >= start)
            return list(islice(takewhile(lambda m: end is None or m.timestamp < end, begun), limit))
        high = bisect_left(known, before) if before is not None else len(known)
        found = (self.rows[tenant, stream][known[n]] for n in range(high - 1, -1, -1))
        until_start = takewhile(lambda m: start is None or m.timestamp >= start, found)
        return list(islice((m for m in until_start if end is None or m.timestamp < end), limit))

    def get(self, tenant: str, stream: str, message: str) -> DataMessage | None:
        return self.rows.get((tenant, stream), {}).get(message)

    def replace(self, old: DataMessage, new: DataMessage) -> bool:
        if self.get(old.tenant, old.stream, old.id) != old:
            return False
        self.rows[old.tenant, old.stream][old.id] = new
        return True

    def remove(self, message: DataMessage, until: int) -> None:
        if self.get(message.tenant, message.stream, message.id) is not None:
            self.removed[message.tenant, message.stream, message.id] = until
            self._drop(message)

    def _drop(self, message: DataMessage) -> None:
        there = self.rows.get((message.tenant, message.stream), {}).pop(message.id, None)
        if there is not None:
            if there.attachment is not None:
                self.files.delete(there.attachment.file)
            known = self.order[message.tenant, message.stream]
            del known[bisect_left(known, message.id)]

    def bury(self, tombstone: Tombstone) -> None:
        self.graves.setdefault((tombstone.tenant, tombstone.stream), {})[tombstone.id] = tombstone

    def tombstones(self, tenant: str, stream: str) -> list[Tombstone]:
        return list(self.graves.get((tenant, stream), {}).values())

    def unbury(self, tombstone: Tombstone) -> None:
        self.graves.get((tombstone.tenant, tombstone.stream), {}).pop(tombstone.id, None)

    def buried(self, until: int) -> Iterator[tuple[str, str, str]]:
        every = sorted((one.due, one.tenant, one.stream, one.id) for one in self._buried() if one.due <= until)
        return ((tenant, stream, name) for _, tenant, stream, name in every)

    def _buried(self) -> Iterator[Tombstone]:
        return (one for graves in self.graves.values() for one in graves.values())

    def clear(self, tombstone: Tombstone, limit: int) -> str | None:
        tenant, stream, before = tombstone.tenant, tombstone.stream, tombstone.cursor
        found = self.page(tenant, stream, start=tombstone.start, end=tombstone.end, before=before, limit=limit)
        for message in found:
            if tombstone.hides(message):
                self._drop(message)
        return found[-1].id if len(found) == limit else None


@dataclass
class MemoryRecords:
    """`asked` counts the pages that were read; `order` keeps the ids of each kind, so that a page costs a page."""

    rows: dict[tuple[str, str, str], Record] = field(default_factory=dict)
    order: dict[Id, list[str]] = field(default_factory=dict)
    asked: int = 0

    def create(self, record: Record) -> bool:
        if (record.tenant, record.kind, record.id) in self.rows:
            return False
        insort(self.order.setdefault((record.tenant, record.kind), []), record.id)
        self.rows[record.tenant, record.kind, record.id] = record
        return True

    def put(self, record: Record) -> None:
        self.delete(record.tenant, record.kind, record.id)
        self.create(record)

    def get(self, tenant: str, kind: str, record: str) -> Record | None:
        return self.rows.get((tenant, kind, record))

    def glance(self, tenant: str, kind: str, record: str) -> Record | None:
        return self.get(tenant, kind, record)

    def foreseen(self, names: Sequence[tuple[str, str, str]]) -> AbstractContextManager[Sequence[Record | None]]:
        return nullcontext([self.glance(*name) for name in names])

    def replace(self, old: Record, new: Record) -> bool:
        stored = self.rows.get((old.tenant, old.kind, old.id))
        if stored is None or stored.revision != old.revision:
            return False
        self.rows[old.tenant, old.kind, old.id] = replace(new, revision=old.revision + 1)
        return True

    def delete(self, tenant: str, kind: str, record: str) -> None:
        if self.rows.pop((tenant, kind, record), None) is not None:
            known = self.order[tenant, kind]
            del known[bisect_left(known, record)]

    def page(self, tenant: str, kind: str, *, after: str | None, limit: int) -> Page[Record]:
        self.asked += 1
        known = self.order.get((tenant, kind), [])
        low = 0 if after is None else bisect_right(known, after)
        found = known[low : low + limit]
        return Page([self.rows[tenant, kind, n] for n in found], found[-1] if low + limit < len(known) else None)

    def count(self, tenant: str, kind: str) -> int:
        return len(self.order.get((tenant, kind), ()))

    def due(self, *, after: int, until: int) -> Iterator[tuple[str, str, str]]:
        found = sorted((r.due, *name) for name, r in self.rows.items() if r.due is not None and after < r.due <= until)
        return ((tenant, kind, record) for _, tenant, kind, record in found)


@dataclass
class MemoryAudit:
    rows: dict[Id, AuditEntry] = field(default_factory=dict)
    kept: dict[str, int] = field(default_factory=dict)
    """Seconds, by the id of an entry."""

    def put(self, entry: AuditEntry, kept: int) -> bool:
        if (entry.tenant, entry.id) in self.rows:
            return False
        self.kept[entry.id] = kept
        self.rows[entry.tenant, entry.id] = entry
        return True

    def within(self, tenant: str, at: int, first: str, last: str) -> list[AuditEntry]:  # noqa: ARG002 - one day
        return [e for e in self.rows.values() if e.tenant == tenant and first <= e.id <= last]

    def page(self, tenant: str, *, start: int, end: int, descending: bool) -> Iterator[AuditEntry]:
        every = sorted((e for e in self.rows.values() if e.tenant == tenant), key=lambda e: e.id, reverse=descending)
        return (e for e in every if start <= e.at < end)
