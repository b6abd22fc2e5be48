"""What devices report, and how payloads that are not JSON are read."""

from collections.abc import Mapping
from dataclasses import field, replace
from enum import StrEnum
from typing import Any

from chalicelib.fleet.errors import DecoderDuplicate, LimitReached
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.ids import ordered_id
from chalicelib.fleet.presence.mailbox import Counted
from chalicelib.fleet.resources.records import Attachment
from chalicelib.fleet.shapes import Extensible, in_place_of

FUTURE = 24 * 3_600_000
"""How far (ms) a device's clock may be ahead before its time stamps are replaced by the time of arrival."""
MOST = 100
"""Decoders of one kind that a tenant may have."""
PAYLOAD = "payload"
"""The field of a message's value that holds what is encoded."""
ENCODING = "encoding"
"""The field of a message's metadata that names the decoder."""


@dataclass(frozen=True, slots=True)
class DataMessage(Extensible):
    """One reading. `id` is made by `message_id`; `metadata` says where it came from, `sender` with which key.

    `attachment` is a file that goes with it.
    """

    tenant: str
    id: str
    stream: str
    timestamp: int
    created: int
    value: Any
    model: str | None = None
    tags: tuple[str, ...] = ()
    location: Mapping[str, Any] | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] | None = None
    kind: str = "data"
    sender: str | None = None
    attachment: Attachment | None = None


@dataclass(frozen=True, slots=True)
class StreamUse:
    """How many messages a device sent into a stream, and when (ms) the last one came."""

    stream: str
    count: int
    last: int

    def plus(self, counted: Counted | None) -> "StreamUse":
        """With those that the device's mailbox has counted."""
        if counted is None:
            return self
        return StreamUse(self.stream, self.count + counted.messages, max(self.last, counted.last))


def message_id(timestamp: int, arrived: int, event: str, row: int = 0) -> str:
    """An id by which a stream is in order of time stamps, then of arrival, then of the rows of one request.

    `arrived` is the broker's stamp, or that of whoever took the request, and travels with the event: the same event has
    the same id however often it is delivered. Two events of one millisecond have two, in no order.
    """
    return ordered_id(timestamp, arrived, event, row)


def clamped(timestamp: int | None, arrived: int) -> int:
    """A device's own time where it is credible, else the time of arrival."""
    if timestamp is None or timestamp < 0 or timestamp > arrived + FUTURE:
        return arrived
    return timestamp


class DecoderKind(StrEnum):
    BINARY = "binary"
    CSV = "csv"


@dataclass(frozen=True, slots=True)
class ColumnRecord(Extensible):
    name: str
    type: str


@dataclass(frozen=True, slots=True)
class DecoderRecord(Extensible):
    """One decoder. `source` describes a binary layout; `columns` and `options` a row of separated values.

    A `model` replaces the message's own. Times in ms.
    """

    tenant: str
    id: str
    encoding: str
    kind: DecoderKind
    created: int
    updated: int
    enabled: bool = False
    model: str | None = None
    template: str | None = None
    math: bool = True
    tags: tuple[str, ...] = ()
    source: str = ""
    columns: tuple[ColumnRecord, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Listed(Extensible):
    """A decoder in its tenant's directory; `version` changes with every change of the decoder."""

    id: str
    encoding: str
    kind: DecoderKind
    enabled: bool
    version: int


@dataclass(frozen=True, slots=True)
class Directory(Extensible):
    tenant: str
    revision: int = 0
    entries: tuple[Listed, ...] = ()

    def named(self, encoding: str) -> Listed | None:
        return next((e for e in self.entries if e.encoding == encoding), None)

    def entry(self, decoder: str) -> Listed | None:
        return next((e for e in self.entries if e.id == decoder), None)

    def with_decoder(self, record: DecoderRecord) -> "Directory":
        """Errors: DecoderDuplicate (another one has the name), LimitReached."""
        others = tuple(e for e in self.entries if e.id != record.id)
        if any(e.encoding == record.encoding for e in others):
            raise DecoderDuplicate(f"a decoder for the encoding {record.encoding} exists already")
        if sum(e.kind is record.kind for e in others) >= MOST:
            raise LimitReached(f"there are {MOST} {record.kind} decoders already")
        entry = Listed(record.id, record.encoding, record.kind, record.enabled, self.revision + 1)
        entry = in_place_of(self.entry(record.id), entry)
        return replace(self, entries=(*others, entry))

    def without(self, decoder: str) -> "Directory":
        return replace(self, entries=tuple(e for e in self.entries if e.id != decoder))
