"""Decoders: how a tenant's encoded payloads become JSON.

A tenant's directory lists all its decoders by the name of the encoding. Every change is a compare-and-set on that
directory, which is how names stay unique and counts within their limits whoever writes at the same time.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from chalicelib.fleet.contention import tries
from chalicelib.fleet.errors import Contended, DecoderDuplicate, DecoderNotFound, LimitReached
from chalicelib.fleet.tenancy import quotas
from chalicelib.fleet.tenancy.settings import Stored

if TYPE_CHECKING:
    from chalicelib.fleet.data.decoding import Decoder, Trial
    from chalicelib.fleet.ports import Ports

MOST = 100
"""Decoders of one kind that a tenant may have."""
PAYLOAD = "payload"
"""The field of a message's value that holds what is encoded."""
ENCODING = "encoding"
"""The field of a message's metadata that names the decoder."""


class DecoderKind(StrEnum):
    BINARY = "binary"
    CSV = "csv"


@dataclass(frozen=True, slots=True)
class ColumnRecord:
    name: str
    type: str


@dataclass(frozen=True, slots=True)
class DecoderRecord:
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
class Listed:
    """A decoder in its tenant's directory; `version` changes with every change of the decoder."""

    id: str
    encoding: str
    kind: DecoderKind
    enabled: bool
    version: int


@dataclass(frozen=True, slots=True)
class Directory:
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
        return replace(self, entries=(*others, entry))

    def without(self, decoder: str) -> "Directory":
        return replace(self, entries=tuple(e for e in self.entries if e.id != decoder))


def create(ports: "Ports", record: DecoderRecord) -> DecoderRecord:
    """Errors: DecodingError (nothing could be decoded like this), DecoderDuplicate, LimitReached, QuotaReached."""
    decoder_of(record).validate()

    def made(directory: Directory) -> DecoderRecord:
        quotas.ensure_room(ports, record.tenant, Stored.DECODERS, len(directory.entries))
        return record

    return _write(ports, record.tenant, made)


def update(
    ports: "Ports", tenant: str, kind: DecoderKind, decoder: str, change: Callable[[DecoderRecord], DecoderRecord]
) -> DecoderRecord:
    """The decoder after `change`. Errors: DecoderNotFound, DecoderDuplicate, and what `change` raises."""

    def changed(directory: Directory) -> DecoderRecord:
        present = _found(ports, directory, kind, decoder)
        after = change(present)
        if _described(after) != _described(present):
            decoder_of(after).validate()
        return replace(after, updated=ports.clock.now())

    return _write(ports, tenant, changed)


def delete(ports: "Ports", tenant: str, kind: DecoderKind, decoder: str) -> None:
    """Errors: DecoderNotFound."""
    for _ in tries(ports):
        directory = ports.decoders.directory(tenant)
        _listed(directory, kind, decoder)
        if ports.decoders.remove(directory, directory.without(decoder), decoder):
            return
    raise Contended("the decoders are written by too many at once")


def get(ports: "Ports", tenant: str, kind: DecoderKind, decoder: str) -> DecoderRecord:
    """Errors: DecoderNotFound."""
    return _found(ports, ports.decoders.directory(tenant), kind, decoder)


def listing(ports: "Ports", tenant: str, kind: DecoderKind | None = None) -> list[DecoderRecord]:
    """All decoders, or those of one kind, by the name of their encoding."""
    directory = ports.decoders.directory(tenant)
    wanted = [e for e in directory.entries if kind in (None, e.kind)]
    return sorted(ports.decoders.records(tenant, wanted), key=lambda r: r.encoding)


def try_out(record: DecoderRecord, payload: str) -> "Trial":
    """How far the decoder gets with a payload (hexadecimal digits for a binary one). Errors: none for what is wrong."""
    from chalicelib.fleet.data.decoding import DecodingError, Trial

    try:
        return decoder_of(record).try_out(payload)
    except DecodingError as error:
        return Trial(failure=str(error))


def decoder_of(record: DecoderRecord) -> "Decoder":
    """Errors: DescriptionError, for options that no decoder has."""
    from chalicelib.fleet.data.decoding import (
        BinaryFormat,
        Column,
        ColumnType,
        CsvFormat,
        CsvOptions,
        Decoder,
        DescriptionError,
    )

    layout: BinaryFormat | CsvFormat
    if record.kind is DecoderKind.BINARY:
        layout = BinaryFormat(record.source)
    else:
        try:
            columns = tuple(Column(c.name, ColumnType(c.type)) for c in record.columns)
            layout = CsvFormat(columns, CsvOptions(**record.options))
        except (TypeError, ValueError) as error:
            raise DescriptionError(f"the columns or options are wrong: {error}") from None
    return Decoder(format=layout, template=record.template, math=record.math)


def _write(ports: "Ports", tenant: str, change: Callable[[Directory], DecoderRecord]) -> DecoderRecord:
    for _ in tries(ports):
        directory = ports.decoders.directory(tenant)
        record = change(directory)
        if ports.decoders.put(directory, directory.with_decoder(record), record):
            return record
    raise Contended("the decoders are written by too many at once")


def _listed(directory: Directory, kind: DecoderKind, decoder: str) -> Listed:
    entry = directory.entry(decoder)
    if entry is None or entry.kind is not kind:
        raise DecoderNotFound(f"{kind} decoder {decoder[:64]} not found")
    return entry


def _found(ports: "Ports", directory: Directory, kind: DecoderKind, decoder: str) -> DecoderRecord:
    records = ports.decoders.records(directory.tenant, [_listed(directory, kind, decoder)])
    if not records:
        raise DecoderNotFound(f"{kind} decoder {decoder[:64]} not found")
    return records[0]


def _described(record: DecoderRecord) -> tuple[Any, ...]:
    return record.source, record.columns, record.options, record.template, record.math
