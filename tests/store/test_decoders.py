from dataclasses import replace

import pytest

from chalicelib.fleet.data import decoders
from chalicelib.fleet.data.records import ColumnRecord, DecoderKind, DecoderRecord, Directory
from chalicelib.fleet.errors import DecoderDuplicate
from chalicelib.fleet.ports import Ports
from chalicelib.store.cache import AnnouncingDecoders, Cache, CachedDecoders
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


@pytest.fixture
def owner(dynamodb: Ports) -> str:
    return dynamodb.chance(3).hex()


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def cached(dynamodb: Ports, clock: SetClock) -> CachedDecoders:
    assert isinstance(dynamodb.decoders, DecoderTable)
    return CachedDecoders(dynamodb.decoders, Cache(clock), clock)


def test_a_change_made_elsewhere_is_seen_after_a_minute(
    dynamodb: Ports, cached: CachedDecoders, clock: SetClock, owner: str
) -> None:
    decoders.create(dynamodb, record(owner))
    entry = cached.named(owner, "e1")
    decoders.update(dynamodb, owner, DecoderKind.CSV, "d1", lambda d: replace(d, model="new"))
    assert cached.named(owner, "e1") == entry
    clock.advance(seconds=60)
    entry = cached.named(owner, "e1")
    assert entry is not None
    assert cached.records(owner, [entry])[0].model == "new"


def test_a_decoder_that_was_not_there_is_looked_for_again_soon(
    dynamodb: Ports, cached: CachedDecoders, clock: SetClock, owner: str
) -> None:
    assert cached.named(owner, "e1") is None
    decoders.create(dynamodb, record(owner))
    assert cached.named(owner, "e1") is None
    clock.advance(seconds=2)
    assert cached.named(owner, "e1") is not None


def test_what_the_same_process_writes_is_seen_at_once(dynamodb: Ports, clock: SetClock, owner: str) -> None:
    assert isinstance(dynamodb.decoders, DecoderTable)
    directories: Cache[Directory] = Cache(clock)
    cached = CachedDecoders(dynamodb.decoders, directories, clock)
    assert cached.named(owner, "e1") is None
    before, made = cached.directory(owner), record(owner)
    assert AnnouncingDecoders(dynamodb.decoders, directories).put(before, before.with_decoder(made), made)
    assert cached.named(owner, "e1") is not None
