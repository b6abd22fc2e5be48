from dataclasses import replace

import pytest

from chalicelib.fleet import decoders
from chalicelib.fleet.decoders import ColumnRecord, DecoderKind, DecoderRecord, Directory
from chalicelib.fleet.errors import DecoderDuplicate
from chalicelib.fleet.ports import Ports
from chalicelib.store.cache import CachedDecoders
from chalicelib.store.decoders import DecoderTable
from tests.fakes import SetClock


def record(tenant: str, name: str = "d1", encoding: str = "e1") -> DecoderRecord:
    return DecoderRecord(
        tenant,
        name,
        encoding,
        DecoderKind.CSV,
        1,
        2,
        enabled=True,
        tags=("a",),
        columns=(ColumnRecord("c", "NUMERIC"),),
        options={"column_separator": ";"},
    )


def test_a_decoder_is_read_as_it_was_written(ports: Ports, tenant: str) -> None:
    decoders.create(ports, record(tenant))
    assert decoders.get(ports, tenant, DecoderKind.CSV, "d1") == record(tenant)
    assert decoders.listing(ports, tenant) == [record(tenant)]


def test_a_tenant_without_decoders_has_an_empty_directory(ports: Ports, tenant: str) -> None:
    assert ports.decoders.directory(tenant) == Directory(tenant)


def test_of_two_writers_one_comes_through(ports: Ports, tenant: str) -> None:
    before = ports.decoders.directory(tenant)
    first, second = record(tenant, "d1", "e1"), record(tenant, "d2", "e2")
    assert ports.decoders.put(before, before.with_decoder(first), first)
    assert not ports.decoders.put(before, before.with_decoder(second), second)
    assert decoders.listing(ports, tenant) == [first]


def test_who_deletes_what_changed_meanwhile_has_to_look_again(ports: Ports, tenant: str) -> None:
    decoders.create(ports, record(tenant))
    before = ports.decoders.directory(tenant)
    decoders.create(ports, record(tenant, "d2", "e2"))
    assert not ports.decoders.remove(before, before.without("d1"), "d1")


def test_a_name_is_taken_until_its_decoder_is_deleted(ports: Ports, tenant: str) -> None:
    decoders.create(ports, record(tenant))
    with pytest.raises(DecoderDuplicate):
        decoders.create(ports, record(tenant, "d2"))
    decoders.delete(ports, tenant, DecoderKind.CSV, "d1")
    decoders.create(ports, record(tenant, "d2"))


def test_a_cached_directory_is_read_again_after_a_minute(dynamodb: Ports, tenant: str) -> None:
    assert isinstance(dynamodb.decoders, DecoderTable)
    clock = SetClock()
    cached = CachedDecoders(dynamodb.decoders, clock)
    assert cached.directory(tenant).entries == ()
    decoders.create(dynamodb, record(tenant))
    assert cached.directory(tenant).entries == ()
    clock.advance(seconds=60)
    assert cached.records(tenant, cached.directory(tenant).entries) == [record(tenant)]


def test_a_changed_decoder_is_read_with_the_directory_that_names_it(dynamodb: Ports, tenant: str) -> None:
    assert isinstance(dynamodb.decoders, DecoderTable)
    clock = SetClock()
    cached = CachedDecoders(dynamodb.decoders, clock)
    decoders.create(dynamodb, record(tenant))
    clock.advance(seconds=30)
    cached.records(tenant, dynamodb.decoders.directory(tenant).entries)
    decoders.update(dynamodb, tenant, DecoderKind.CSV, "d1", lambda d: replace(d, model="new"))
    assert cached.records(tenant, cached.directory(tenant).entries)[0].model == "new"
