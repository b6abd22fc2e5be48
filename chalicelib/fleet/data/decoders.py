"""Decoders: how a tenant's encoded payloads become JSON.

A tenant's directory lists all its decoders by the name of the encoding. Every change is a compare-and-set on that
directory, which is how names stay unique and counts within their limits whoever writes at the same time.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from chalicelib.fleet.compare_and_set import change_record
from chalicelib.fleet.data.records import DecoderKind, DecoderRecord, Directory, Listed
from chalicelib.fleet.errors import DecoderNotFound
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.tenancy import quotas
from chalicelib.fleet.tenancy.records import Stored

if TYPE_CHECKING:
    from chalicelib.fleet.data.decoding import Decoder, Trial

_DIRECTORY = "the list of decoders"


def create(ports: Ports, record: DecoderRecord) -> DecoderRecord:
    """Errors: DecodingError (nothing could be decoded like this), DecoderDuplicate, LimitReached, QuotaReached."""
    decoder_of(record).validate()

    def made(directory: Directory) -> DecoderRecord:
        quotas.ensure_room(ports, record.tenant, Stored.DECODERS, len(directory.entries))
        return record

    return _write(ports, record.tenant, made)


def update(
    ports: Ports, tenant: str, kind: DecoderKind, decoder: str, change: Callable[[DecoderRecord], DecoderRecord]
) -> DecoderRecord:
    """The decoder after `change`. Errors: DecoderNotFound, DecoderDuplicate, and what `change` raises."""

    def changed(directory: Directory) -> DecoderRecord:
        present = _found(ports, directory, kind, decoder)
        after = change(present)
        if _described(after) != _described(present):
            decoder_of(after).validate()
        return replace(after, updated=ports.clock.now())

    return _write(ports, tenant, changed)


def delete(ports: Ports, tenant: str, kind: DecoderKind, decoder: str) -> None:
    """Errors: DecoderNotFound."""

    def without(directory: Directory) -> Directory:
        _listed(directory, kind, decoder)
        return directory.without(decoder)

    def write(old: Directory, new: Directory) -> bool:
        # Whoever writes another decoder at the same time has read the same directory: one of both comes first.
        return ports.decoders.remove(old, new, decoder)

    change_record(ports, _DIRECTORY, lambda: ports.decoders.directory(tenant), write, without)


def get(ports: Ports, tenant: str, kind: DecoderKind, decoder: str) -> DecoderRecord:
    """Errors: DecoderNotFound."""
    return _found(ports, ports.decoders.directory(tenant), kind, decoder)


def listing(ports: Ports, tenant: str, kind: DecoderKind | None = None) -> list[DecoderRecord]:
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


def _write(ports: Ports, tenant: str, change: Callable[[Directory], DecoderRecord]) -> DecoderRecord:
    made: list[DecoderRecord] = []

    def changed(directory: Directory) -> Directory:
        made[:] = [change(directory)]
        return directory.with_decoder(made[0])

    def write(old: Directory, new: Directory) -> bool:
        # Two writers would each find the name free, or room for one more: the directory lets one of them through.
        return ports.decoders.put(old, new, made[0])

    change_record(ports, _DIRECTORY, lambda: ports.decoders.directory(tenant), write, changed)
    return made[0]


def _listed(directory: Directory, kind: DecoderKind, decoder: str) -> Listed:
    entry = directory.entry(decoder)
    if entry is None or entry.kind is not kind:
        raise DecoderNotFound(f"{kind} decoder {decoder[:64]} not found")
    return entry


def _found(ports: Ports, directory: Directory, kind: DecoderKind, decoder: str) -> DecoderRecord:
    records = ports.decoders.records(directory.tenant, [_listed(directory, kind, decoder)])
    if not records:
        raise DecoderNotFound(f"{kind} decoder {decoder[:64]} not found")
    return records[0]


def _described(record: DecoderRecord) -> tuple[Any, ...]:
    return record.source, record.columns, record.options, record.template, record.math
