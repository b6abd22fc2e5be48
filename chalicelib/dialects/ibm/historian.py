"""Historical events (manual 3.2), read from the fleet's messages.

Every device has a stream of its own, so nothing is written for the historian when an event arrives. Events of several
devices are merged by time: of up to BLOCK devices together, then of the next ones. One call reads about UNITS and hands
back where it stopped; the totals of a summary travel along, so that each answer covers all that was read so far.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from chalicelib.dialects.ibm import inventory, payload
from chalicelib.dialects.ibm.inventory import Owned
from chalicelib.dialects.ibm.summary import Accumulator, number, result
from chalicelib.fleet.data import messages
from chalicelib.fleet.data.records import DataMessage
from chalicelib.fleet.ids import rank
from chalicelib.fleet.inventory import devices
from chalicelib.fleet.ports import Ports

UNITS = 4_000
"""Read units of 4 KB that one call may spend."""
BLOCK = 500
MOST_TOP = 100
LARGEST = 3_000_000
"""Bytes of events after which an answer holds no more."""
_UNIT = 4_096
_LARGEST = 350_000
_OVERHEAD = 400
_OF_DEVICES = 0.75
"""What must be left of the budget to read another device."""
_FIRST_PAGE, _LONGEST_PAGE = 16, 200


@dataclass(frozen=True, slots=True)
class Query:
    """Which events; `type` and `id` are None for all. Times in ms. With `fields` they are summarized by `function`."""

    type: str | None = None
    id: str | None = None
    event: str | None = None
    start: int | None = None
    end: int | None = None
    top: int = MOST_TOP
    fields: tuple[str, ...] = ()
    function: str = "avg"


@dataclass(frozen=True, slots=True)
class Segment:
    """The devices behind `after` up to and with `until`, whose messages are read down to the one `before`."""

    after: str | None = None
    until: str | None = None
    before: str | None = None


@dataclass(frozen=True, slots=True)
class Position:
    """Where a call stopped: what is left to read, and the totals of a summary so far."""

    segments: tuple[Segment, ...] = (Segment(),)
    totals: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """An event and whose it is."""

    owned: Owned
    message: DataMessage
    size: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """What one call found. `next` is None when that was all; `summary` is there for summarizing queries only."""

    events: list[Found]
    summary: dict[str, float | None] | None
    next: Position | None


@dataclass(slots=True)
class Budget:
    """How many units are left, and how large (bytes) messages have been so far."""

    left: float = UNITS
    size: float = _UNIT
    weighed: int = 0

    def page(self, streams: int) -> int:
        """How many messages the next read of one of so many streams may ask for."""
        affordable = int(max(self.left, 0) * _UNIT / self.size)
        longest = _LONGEST_PAGE if self.weighed else _FIRST_PAGE
        return max(1, min(longest, affordable) // streams)

    def charge(self, page: list[DataMessage]) -> None:
        size = sum(_weight(len(payload.compact([m.value, m.extra]))) for m in page)
        self.left -= max(1.0, size / _UNIT)
        self.weighed += len(page)
        if page:
            self.size += (size / len(page) - self.size) * len(page) / self.weighed


def charged(size: int) -> float:
    """The units that an event of so many bytes counts for; it is kept compressed, and takes no more."""
    return _weight(size) / _UNIT


def _weight(size: int) -> int:
    return min(size + _OVERHEAD, _LARGEST)


@dataclass(slots=True)
class _Stream:
    """One device's events, newest first, read as they are needed."""

    ports: Ports
    query: Query
    budget: Budget
    owned: Owned
    before: str | None
    streams: int
    waiting: list[DataMessage] = field(default_factory=list)
    over: bool = False

    @property
    def empty(self) -> bool:
        return not self.waiting and not self.over

    def look(self) -> None:
        """Read the next page."""
        limit = self.budget.page(self.streams)
        device, query = self.owned.device, self.query
        page = messages.read(
            self.ports,
            device.tenant,
            device.data_stream,
            start=query.start,
            end=query.end,
            before=self.before,
            limit=limit,
        )
        self.budget.charge(page)
        self.over = len(page) < limit
        if page:
            self.before = page[-1].id
        self.waiting = page[::-1]


def read(ports: Ports, tenant: str, query: Query, position: Position) -> Part:
    """Errors: DeviceNotFound."""
    totals = [Accumulator.unpacked(list(t)) for t in position.totals] or [Accumulator() for _ in query.fields]
    found: list[Found] = []
    budget = Budget()
    segments = list(position.segments)
    # Other devices are begun only where there is enough left to read them.
    least = 0 if query.id is not None else UNITS * _OF_DEVICES
    while segments and budget.left > least and not _full(query, found):
        streams, rest = _opened(ports, tenant, query, segments[0], budget)
        at = segments[0]
        if rest is not None:
            at = replace(at, until=rest.after)
            segments.insert(1, rest)
        for event in _merged(streams, budget):
            at = replace(at, before=event.message.id)
            if _wanted(query, event):
                _take(query, totals, found, event)
            if _full(query, found):
                break
        done = not any(stream.waiting or not stream.over for stream in streams)
        segments[:1] = [] if done else [at]
    return _part(query, found, totals, segments)


def _full(query: Query, found: list[Found]) -> bool:
    return len(found) >= query.top or sum(event.size for event in found) >= LARGEST


def _opened(
    ports: Ports, tenant: str, query: Query, segment: Segment, budget: Budget
) -> tuple[list[_Stream], Segment | None]:
    """The streams of a segment, each with its newest events, and what of the segment is left for later.

    Looking at every stream may cost no more than half the budget, so that a call always gets ahead.
    """
    devices_, more = _devices(ports, tenant, query, segment, budget)
    streams: list[_Stream] = []
    for owned in devices_:
        if streams and budget.left < UNITS / 2:
            more = True
            break
        stream = _Stream(ports, query, budget, owned, segment.before, len(devices_))
        stream.look()
        streams.append(stream)
    rest = replace(segment, after=streams[-1].owned.device.id) if more and streams else None
    return streams, rest


def _devices(ports: Ports, tenant: str, query: Query, segment: Segment, budget: Budget) -> tuple[list[Owned], bool]:
    """The devices of a segment, and whether there are more: of large ones fewer are read together."""
    if query.type is not None and query.id is not None:
        name = inventory.addressed(query.type, query.id)
        return [Owned(name, devices.get(ports, tenant, name.fleet_id))], False
    found: list[Owned] = []
    for owned in inventory.every(ports, tenant, type_=query.type, after=segment.after):
        if segment.until is not None and owned.device.id > segment.until:
            break
        if len(found) >= BLOCK or (found and budget.left < UNITS * _OF_DEVICES):
            return found, True
        found.append(owned)
        budget.left -= charged(len(payload.compact(owned.device.attributes)))
    return found, False


def _merged(streams: list[_Stream], budget: Budget) -> Iterator[Found]:
    """The streams' events, newest first; ends early where the budget does."""
    heap = [(-rank(s.waiting[-1].id), order) for order, s in enumerate(streams) if s.waiting]
    heapq.heapify(heap)
    while heap:
        _, order = heapq.heappop(heap)
        stream = streams[order]
        yield Found(stream.owned, stream.waiting.pop())
        if stream.empty:
            if budget.left <= 0:
                return
            stream.look()
        if stream.waiting:
            heapq.heappush(heap, (-rank(stream.waiting[-1].id), order))


def _wanted(query: Query, event: Found) -> bool:
    """Streams may be shared: only what came from this device counts as its event."""
    source = event.message.metadata.get("source")
    return source in (None, event.owned.device.id) and query.event in (None, payload.event_of(event.message))


def _take(query: Query, totals: list[Accumulator], found: list[Found], event: Found) -> None:
    if query.fields:
        _add(query, totals, event.message)
    else:
        found.append(replace(event, size=len(payload.compact(event.message.value))))


def _add(query: Query, totals: list[Accumulator], message: DataMessage) -> None:
    data = payload.data_of(message)
    for name, total in zip(query.fields, totals, strict=True):
        value = number(data, name)
        if value is not None:
            total.add(value)


def _part(query: Query, found: list[Found], totals: list[Accumulator], segments: list[Segment]) -> Part:
    summary: dict[str, float | None] | None = None
    packed: tuple[tuple[float, ...], ...] = ()
    if query.fields:
        summary = {name: result(query.function, t) for name, t in zip(query.fields, totals, strict=True)}
        packed = tuple(tuple(t.packed()) for t in totals)
    return Part(found, summary, Position(tuple(segments), packed) if segments else None)


def answered(query: Query, part: Part, *, whole: bool = False) -> list[dict[str, Any]]:
    """The records as the manual shows them; each level leaves out what its path says already, unless `whole`."""
    if part.summary is not None:
        named = {"evt_type": query.event} if query.event else {}
        return [{**named, "evt": part.summary}]
    return [_record(query, found, whole=whole) for found in part.events]


def _record(query: Query, found: Found, *, whole: bool) -> dict[str, Any]:
    record: dict[str, Any] = {}
    if whole or query.id is None:
        record["device_id"] = inventory.client_of(found.owned.device)
    if whole or query.type is None:
        record["device_type"] = found.owned.name.type
    return {
        **record,
        "evt_type": payload.event_of(found.message),
        "timestamp": {"$date": found.message.timestamp},
        "evt": payload.data_of(found.message),
    }
