"""Deleted data: hidden from every reader at once, removed by whoever has time, and never back."""

from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.fleet import sweeping
from chalicelib.fleet.data import deleting, messages
from chalicelib.fleet.data.deleting import Chosen
from chalicelib.fleet.data.deletions import REMEMBERED, Tombstone
from chalicelib.fleet.data.records import DataMessage, message_id
from chalicelib.fleet.errors import Contended, LimitReached, MessageNotFound, TemporarilyUnavailable
from tests.fakes import START, MemoryPorts

TENANT = "t1"


def message(n: int, source: str = "d1", stream: str | None = None, **fields: object) -> DataMessage:
    at = START - 1_000_000 + n * 1_000
    made = DataMessage(
        TENANT, message_id(at, at, f"{source}{n}"), stream or source, at, at, n, metadata={"source": source}
    )
    return replace(made, **fields)  # type: ignore[arg-type]


def keep(ports: MemoryPorts, *kept: DataMessage) -> None:
    for one in kept:
        messages.store(ports, one, device=one.metadata["source"])


def values(ports: MemoryPorts, stream: str = "d1", limit: int = 1_000) -> list[int]:
    return [one.value for one in messages.read(ports, TENANT, stream, limit=limit)]


HIDING: dict[str, tuple[dict[str, Any], list[dict[str, Any]]]] = {
    "source": ({"source": "d1"}, [{"metadata": {"source": "d2"}}, {"metadata": {}}]),
    "kinds": ({"kinds": frozenset({"a", "b"})}, [{"kind": "c"}, {"kind": None}]),
    "models": ({"models": frozenset({"m"})}, [{"model": "n"}, {"model": None}]),
    "start": ({"start": START}, [{"timestamp": START - 1}]),
    "end": ({"end": START + 1}, [{"timestamp": START + 1}]),
    "at": ({}, [{"created": START + 1}]),
}
"""What a tombstone names, and what it leaves alone by that."""


@pytest.mark.parametrize("name", HIDING)
def test_a_tombstone_hides_what_is_all_that_it_names_and_nothing_else(name: str) -> None:
    named, others = HIDING[name]
    tombstone = Tombstone(TENANT, "s", "x", START, **named)
    hidden = replace(message(0), timestamp=START, created=START, kind="a", model="m")
    assert tombstone.hides(hidden)
    assert [tombstone.hides(replace(hidden, **other)) for other in others] == [False] * len(others)
    everything = {field: value for each, _ in HIDING.values() for field, value in each.items()}
    narrow = Tombstone(TENANT, "s", "x", START, **everything)
    assert narrow.hides(hidden)
    assert [narrow.hides(replace(hidden, **other)) for other in others] == [False] * len(others)


def test_a_tombstone_is_due_until_it_is_done_and_once_more_before_it_goes() -> None:
    tombstone = Tombstone(TENANT, "s", "x", START)
    assert tombstone.due == START
    assert replace(tombstone, done=True).due == START + 15 * 86_400_000


class TestOne:
    def test_a_message_is_found_by_stream_and_id(self, ports: MemoryPorts) -> None:
        one = message(1, stream="s")
        keep(ports, one)
        assert messages.get(ports, TENANT, "s", one.id) == one
        assert messages.of_source(ports, TENANT, "d1", one.id) == one
        assert messages.of_source(ports, TENANT, "d1", one.id, "s") == one
        for tenant, stream, identifier in (
            (TENANT, "d1", one.id),
            ("t2", "s", one.id),
            (TENANT, "s", one.id[:-1] + "x"),
            (TENANT, "s", ""),
        ):
            with pytest.raises(MessageNotFound):
                messages.get(ports, tenant, stream, identifier)
        with pytest.raises(MessageNotFound):
            messages.of_source(ports, TENANT, "d2", one.id, "s")

    def test_a_message_is_changed_in_its_place(self, ports: MemoryPorts) -> None:
        keep(ports, *(message(n) for n in range(3)))
        one = message(1)
        changed = messages.update(ports, TENANT, "d1", one.id, lambda m: replace(m, value=7))
        assert changed.value == 7
        assert values(ports) == [2, 7, 0]

    def test_two_changes_at_once_both_last(self, ports: MemoryPorts) -> None:
        one = message(1, value={})
        keep(ports, one)
        others = ["b", "c"]

        def add(found: DataMessage, name: str) -> DataMessage:
            if others:
                messages.update(ports, TENANT, "d1", one.id, partial(add, name=others.pop()))
            return replace(found, value={**found.value, name: 1})

        assert messages.update(ports, TENANT, "d1", one.id, partial(add, name="a")).value == {"a": 1, "b": 1, "c": 1}

    def test_who_never_gets_through_is_told(self, ports: MemoryPorts) -> None:
        keep(ports, message(1))
        ports.messages.replace = lambda old, new: old is new  # type: ignore[method-assign]
        with pytest.raises(Contended):
            messages.update(ports, TENANT, "d1", message(1).id, lambda m: replace(m, value=2))

    def test_one_is_removed(self, ports: MemoryPorts) -> None:
        keep(ports, message(1), message(2))
        assert messages.remove(ports, TENANT, "d1", message(1).id) == message(1)
        assert values(ports) == [2]
        with pytest.raises(MessageNotFound):
            messages.remove(ports, TENANT, "d1", message(1).id)

    def test_one_that_was_removed_does_not_come_back_with_its_event(self, ports: MemoryPorts) -> None:
        keep(ports, message(1), message(2))
        messages.remove(ports, TENANT, "d1", message(1).id)
        keep(ports, message(1), message(3))
        assert values(ports) == [3, 2]
        with pytest.raises(MessageNotFound):
            messages.get(ports, TENANT, "d1", message(1).id)
        assert [use.count for use in messages.streams(ports, TENANT, "d1", 9)] == [3]

    def test_that_one_was_removed_is_remembered_for_as_long_as_its_event_may_come(self, ports: MemoryPorts) -> None:
        keep(ports, message(1))
        messages.remove(ports, TENANT, "d1", message(1).id)
        assert ports.messages.removed == {(TENANT, "d1", message(1).id): START + REMEMBERED}


class TestMany:
    def test_what_a_device_sent_is_gone_from_every_stream_and_of_others_nothing(self, ports: MemoryPorts) -> None:
        mine = [message(n, stream=stream) for n, stream in enumerate(("a", "b", "d1", "a"))]
        theirs = [message(n, "d2", "a") for n in range(10, 13)]
        keep(ports, *mine, *theirs)
        deleting.of_source(ports, TENANT, "d1")
        assert [values(ports, stream) for stream in ("a", "b", "d1")] == [[12, 11, 10], [], []]
        assert {one.value for rows in ports.messages.rows.values() for one in rows.values()} == {10, 11, 12}
        assert [*ports.messages.buried(ports.clock.now())] == []

    def test_what_comes_afterwards_stays_and_what_comes_again_does_not(self, ports: MemoryPorts) -> None:
        keep(ports, message(1), message(2))
        deleting.of_source(ports, TENANT, "d1")
        # The same event, delivered once more.
        keep(ports, message(1))
        late = replace(message(3), created=ports.clock.advance(ms=1))
        keep(ports, late)
        assert values(ports) == [3]
        with pytest.raises(MessageNotFound):
            messages.get(ports, TENANT, "d1", message(1).id)

    def test_a_stopped_removal_is_finished_by_the_sweep(self, ports: MemoryPorts) -> None:
        keep(ports, *(message(n) for n in range(350)))
        tombstone = deleting.of_stream(ports, TENANT, "d1", source="d1")
        assert values(ports) == []
        assert not deleting.remove(ports, tombstone, ports.clock.now())
        assert len(ports.messages.rows[TENANT, "d1"]) == 250
        (left,) = sweeping.begun(ports, ports.clock.now())
        deleting.on_due(ports, left, ports.clock.now())
        assert len(ports.messages.rows[TENANT, "d1"]) == 150
        assert sweeping.sweep(ports) == 1
        assert ports.messages.rows[TENANT, "d1"] == {}
        assert sweeping.sweep(ports) == 0

    def test_what_was_delivered_again_does_not_come_to_light_when_the_tombstone_goes(self, ports: MemoryPorts) -> None:
        keep(ports, *(message(n) for n in range(250)))
        deleting.of_source(ports, TENANT, "d1")
        keep(ports, *(message(n) for n in range(120)))
        late = replace(message(500), created=ports.clock.advance(ms=1))
        keep(ports, late)
        ports.clock.advance(ms=REMEMBERED - 2)
        assert sweeping.sweep(ports) == 0
        assert len(ports.messages.rows[TENANT, "d1"]) == 121
        ports.clock.advance(ms=1)
        (matter,) = sweeping.begun(ports, ports.clock.now())
        deleting.on_due(ports, matter, ports.clock.now())
        (stopped,) = ports.messages.tombstones(TENANT, "d1")
        assert (stopped.done, stopped.cursor) == (True, message(21).id)
        # Stopped on its way, it is due as before.
        assert sweeping.sweep(ports) == 1
        assert ports.messages.tombstones(TENANT, "d1") == []
        assert values(ports) == [500]
        deleting.on_due(ports, matter, ports.clock.now())
        assert values(ports) == [500]

    def test_a_sweep_that_is_late_by_the_index_leaves_a_deletion_that_is_done_alone(self, ports: MemoryPorts) -> None:
        keep(ports, message(1))
        tombstone = deleting.of_stream(ports, TENANT, "d1")
        (matter,) = sweeping.begun(ports, ports.clock.now())
        deleting.remove(ports, tombstone, ports.clock.now() + 1)
        keep(ports, message(1))
        deleting.on_due(ports, matter, ports.clock.now() + 1)
        assert values(ports) == []
        assert len(ports.messages.tombstones(TENANT, "d1")) == 1

    def test_the_same_deletion_before_it_is_through_is_one(self, ports: MemoryPorts) -> None:
        keep(ports, message(1))
        for _ in range(3):
            deleting.of_stream(ports, TENANT, "d1", source="d1")
        assert len(ports.messages.tombstones(TENANT, "d1")) == 1

    def test_no_more_are_remembered_than_every_reader_can_look_at(self, ports: MemoryPorts) -> None:
        for n in range(deleting.MOST):
            deleting.of_stream(ports, TENANT, "d1", Chosen(start=n))
        with pytest.raises(LimitReached):
            deleting.of_stream(ports, TENANT, "d1", Chosen(start=deleting.MOST))
        ports.clock.advance(ms=REMEMBERED + 1)
        deleting.of_stream(ports, TENANT, "d1", Chosen(start=deleting.MOST))

    def test_a_reader_who_would_look_at_too_much_is_told_to_come_back(self, ports: MemoryPorts) -> None:
        keep(ports, *(message(n) for n in range(60)))
        deleting.of_stream(ports, TENANT, "d1")
        with pytest.raises(TemporarilyUnavailable):
            messages.read(ports, TENANT, "d1", limit=1)
        sweeping.sweep(ports)
        assert messages.read(ports, TENANT, "d1", limit=1) == []


NUMBERS = st.integers(0, 39)
CHOSEN = st.builds(
    lambda start, span, models: Chosen(
        models=frozenset(models),
        start=None if start is None else message(start).timestamp,
        end=None if span is None else message((start or 0) + span).timestamp,
    ),
    st.none() | NUMBERS,
    st.none() | NUMBERS,
    st.sets(st.sampled_from(["m0", "m1"])),
)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(CHOSEN, st.sampled_from(["d1", "d2", None]), st.integers(0, 4)), max_size=4),
    st.integers(1, 7),
    st.data(),
)
def test_readers_see_what_is_left_at_any_time(
    steps: list[tuple[Chosen, str | None, int]], limit: int, data: st.DataObject
) -> None:
    """However far removal came, whatever was delivered again: pages are what a list without it would be."""
    ports = MemoryPorts()
    every = [message(n, f"d{n % 2 + 1}", "s", model=f"m{n % 3}") for n in range(40)]
    keep(ports, *every)
    left = every
    for chosen, source, pages in steps:
        tombstone = deleting.of_stream(ports, TENANT, "s", chosen, source)
        left = [one for one in left if not tombstone.hides(one)]
        for _ in range(pages):
            present = next(t for t in ports.messages.tombstones(TENANT, "s") if t.id == tombstone.id)
            cursor = None if present.done else ports.messages.clear(present, 3)
            ports.messages.bury(replace(present, cursor=cursor, done=cursor is None))
        keep(ports, data.draw(st.sampled_from(every)))
        found: list[DataMessage] = []
        while page := messages.read(ports, TENANT, "s", before=found[-1].id if found else None, limit=limit):
            found += page
            assert len(page) == limit or len(found) == len(left)
        assert found == left[::-1]
    sweeping.sweep(ports)
    assert messages.read(ports, TENANT, "s", limit=100) == left[::-1]
