from dataclasses import replace

import pytest

from chalicelib.fleet.documents import Record
from chalicelib.fleet.ports import Page, Ports
from chalicelib.store.cache import Cache
from chalicelib.store.records import MAX_AGE, AnnouncingRecords, CachedRecords, RecordTable
from tests.fakes import SetClock

KIND, SEEN = "speech.words", "speech.seen"


def test_an_id_is_taken_once(ports: Ports, tenant: str) -> None:
    assert ports.records.create(Record(tenant, KIND, "a", {"n": 1}))
    assert not ports.records.create(Record(tenant, KIND, "a", {"n": 2}))
    found = ports.records.get(tenant, KIND, "a")
    assert found is not None
    assert found.body == {"n": 1}


@pytest.mark.parametrize("size", [1_025, 3_000])
def test_what_is_longer_than_a_key_names_nothing(ports: Ports, tenant: str, size: int) -> None:
    assert ports.records.get(tenant, KIND, "x" * size) is None
    assert ports.objects.get(tenant, "x" * size) is None
    assert ports.devices.get(tenant, "é" * size) is None


def test_what_is_put_is_there_whatever_was_before(ports: Ports, tenant: str) -> None:
    for record in (Record(tenant, KIND, "a", {"n": 1}), Record(tenant, KIND, "a", {"n": 2}, expires=1_900_000_000)):
        ports.records.put(record)
        assert ports.records.get(tenant, KIND, "a") == record
    assert ports.records.count(tenant, KIND) == 1


def test_of_two_writers_that_read_the_same_one_wins(ports: Ports, tenant: str) -> None:
    old = Record(tenant, KIND, "a", {"n": 1})
    ports.records.create(old)
    assert ports.records.replace(old, replace(old, body={"n": 2}))
    assert not ports.records.replace(old, replace(old, body={"n": 3}))
    assert ports.records.get(tenant, KIND, "a") == replace(old, body={"n": 2}, revision=1)


def test_a_deleted_record_cannot_be_written_back(ports: Ports, tenant: str) -> None:
    old = Record(tenant, KIND, "a", {"n": 1})
    ports.records.create(old)
    ports.records.delete(tenant, KIND, "a")
    assert not ports.records.replace(old, replace(old, body={"n": 2}))


def test_a_page_goes_on_where_the_last_one_ended(ports: Ports, tenant: str) -> None:
    for name in "cab":
        ports.records.create(Record(tenant, KIND, name, [name], expires=1_900_000_000))
    ports.records.create(Record(tenant, "speech.other", "d", None))
    first = ports.records.page(tenant, KIND, after=None, limit=2)
    second = ports.records.page(tenant, KIND, after=first.cursor, limit=2)
    assert [r.id for r in (*first.items, *second.items)] == ["a", "b", "c"]
    assert second.cursor is None
    assert ports.records.count(tenant, KIND) == 3


def test_a_tenants_records_are_its_own(ports: Ports, tenant: str) -> None:
    ports.records.create(Record(tenant, KIND, "a", 1))
    assert ports.records.get(f"{tenant[:-1]}z", KIND, "a") is None
    assert ports.records.page(f"{tenant[:-1]}z", KIND, after=None, limit=5).items == []


def test_what_was_foreseen_is_given_once_and_read_again_then(ports: Ports, tenant: str) -> None:
    first, second = Record(tenant, KIND, "a", 1), Record(tenant, "speech.other", "b", 2)
    ports.records.create(first)
    ports.records.create(second)
    names = [(tenant, KIND, "a"), (tenant, KIND, "gone"), (tenant, "speech.other", "b"), (tenant, KIND, "x" * 3_000)]
    with ports.records.foreseen(names) as found:
        assert list(found) == [first, None, second, None]
        assert ports.records.glance(*names[1]) is None
        assert ports.records.glance(*names[0]) == first
        written = replace(first, body=7)
        assert ports.records.replace(first, written)
        ports.records.create(Record(tenant, KIND, "gone", 3))
        assert ports.records.glance(*names[0]) == replace(written, revision=1)
        assert ports.records.glance(*names[1]) == Record(tenant, KIND, "gone", 3)
        assert ports.records.glance(tenant, KIND, "not foreseen") is None
    ports.records.delete(tenant, "speech.other", "b")
    assert ports.records.glance(*names[2]) is None
    assert ports.records.get(*names[0]) == replace(written, revision=1)


def test_nothing_is_foreseen_where_nothing_is_named(ports: Ports) -> None:
    with ports.records.foreseen([]) as found:
        assert list(found) == []


@pytest.mark.usefixtures("dynamodb")
def test_what_is_foreseen_is_shown_as_it_was_then(tenant: str) -> None:
    """Whoever changes it makes what was written since the ground of what he writes."""
    records, others = RecordTable(), RecordTable()
    before = Record(tenant, SEEN, "a", 1)
    records.create(before)
    with records.foreseen([(tenant, SEEN, "a")]):
        assert others.replace(before, replace(before, body=2))
        assert records.glance(tenant, SEEN, "a") == before
        assert not records.replace(before, replace(before, body=3))
        assert records.glance(tenant, SEEN, "a") == replace(before, body=2, revision=1)
    with records.foreseen([(tenant, SEEN, "a")]):
        assert others.replace(replace(before, revision=1), replace(before, body=4))
    assert records.glance(tenant, SEEN, "a") == replace(before, body=4, revision=2)


@pytest.mark.usefixtures("dynamodb")
def test_a_cached_page_is_read_anew_when_it_is_old_or_was_written_beside_it(tenant: str) -> None:
    clock = SetClock()
    cache: Cache[Page[Record]] = Cache(clock, MAX_AGE)
    hot, near, far = CachedRecords(cache), AnnouncingRecords(cache), RecordTable()

    def seen() -> list[str]:
        return [r.id for r in hot.page(tenant, KIND, after=None, limit=5).items]

    assert seen() == []
    far.create(Record(tenant, KIND, "a", 1))
    assert seen() == []
    clock.advance(ms=MAX_AGE)
    assert seen() == ["a"]
    near.create(Record(tenant, KIND, "b", 1))
    assert seen() == ["a", "b"]
    near.delete(tenant, KIND, "a")
    assert seen() == ["b"]


def test_what_is_due_is_found_by_its_moment_until_it_is_not_due_any_more(ports: Ports, tenant: str) -> None:
    for number, due in enumerate((None, 1_000, 2_000, 3_000)):
        ports.records.create(Record(tenant, KIND, f"r{number}", number, due=due))
    ports.records.create(Record(tenant, "speech.other", "r2", None, due=2_000))

    def found(after: int, until: int) -> list[tuple[str, str]]:
        every = ports.records.due(after=after, until=until)
        return sorted((kind, record) for whose, kind, record in every if whose == tenant)

    assert found(1_000, 2_000) == [("speech.other", "r2"), (KIND, "r2")]
    second = ports.records.get(tenant, KIND, "r2")
    assert second is not None
    assert second.due == 2_000
    ports.records.replace(second, replace(second, due=5_000))
    ports.records.delete(tenant, "speech.other", "r2")
    assert found(0, 4_000) == [(KIND, "r1"), (KIND, "r3")]
    third = ports.records.get(tenant, KIND, "r3")
    assert third is not None
    ports.records.replace(third, replace(third, due=None))
    assert found(0, 9_000) == [(KIND, "r1"), (KIND, "r2")]
