"""Sessions that come for what they were told: bounded, filled for nobody else, and nothing is lost on the way."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.fleet.documents import Record
from chalicelib.fleet.errors import LimitReached, SubscriptionNotFound
from chalicelib.fleet.events import listening
from chalicelib.fleet.events.events import EventKind
from chalicelib.fleet.queues import rings, subscriptions
from chalicelib.fleet.queues.rings import Buffer, Ring
from chalicelib.fleet.queues.subscriptions import Subscription
from tests.fakes import MemoryPorts

TENANT, DIALECT = "t1", "d1"
HOUR = 3_600_000


def opened(ports: MemoryPorts, name: str = "s1", *channels: str) -> Subscription:
    made = subscriptions.open_(ports, TENANT, DIALECT, name, "ann", HOUR)
    return subscriptions.listen(ports, made, frozenset(channels or ("a",)))


def told(ports: MemoryPorts, body: Any, channel: str = "a") -> int:
    return len(subscriptions.tell(ports, TENANT, DIALECT, lambda c: c == channel, lambda _: body))


def taken(ports: MemoryPorts, name: str = "s1", limit: int = 100, *, confirmed: bool = True) -> list[Any]:
    return subscriptions.take(ports, TENANT, DIALECT, name, limit, confirmed=confirmed)


def test_who_listens_is_told_in_order_and_who_does_not_is_not(ports: MemoryPorts) -> None:
    opened(ports, "s1", "a", "b")
    opened(ports, "s2", "b")
    assert [told(ports, 1), told(ports, 2, "b"), told(ports, 3, "c")] == [1, 2, 0]
    assert taken(ports) == [1, 2]
    assert taken(ports, "s2") == [2]
    assert subscriptions.tell(ports, "t2", DIALECT, lambda _: True, lambda _: 4) == []
    assert subscriptions.tell(ports, TENANT, "d2", lambda _: True, lambda _: 4) == []


def test_where_nobody_listens_nothing_is_kept(ports: MemoryPorts) -> None:
    session = opened(ports)
    subscriptions.ignore(ports, session, frozenset({"a"}))
    before = subscriptions.get(ports, TENANT, DIALECT, "s1")
    assert told(ports, 1) == 0
    assert (taken(ports), subscriptions.get(ports, TENANT, DIALECT, "s1")) == ([], before)


def test_what_was_given_comes_again_to_who_says_that_it_did_not_come(ports: MemoryPorts) -> None:
    opened(ports)
    for body in (1, 2, 3):
        told(ports, body)
    assert taken(ports, limit=2) == [1, 2]
    assert subscriptions.waits(ports, subscriptions.get(ports, TENANT, DIALECT, "s1"))
    assert taken(ports, limit=2, confirmed=False) == [1, 2]
    assert taken(ports, limit=2) == [3]
    assert not subscriptions.waits(ports, subscriptions.get(ports, TENANT, DIALECT, "s1"))
    assert taken(ports) == []


def test_a_buffer_has_an_end_and_says_so_once(ports: MemoryPorts) -> None:
    opened(ports)
    for body in range(subscriptions.BUFFER + 50):
        told(ports, body)
    assert len(ports.audit.rows) == 1
    assert taken(ports, limit=5_000) == list(range(50, subscriptions.BUFFER + 50))
    assert subscriptions.get(ports, TENANT, DIALECT, "s1").lost == 50


def test_a_session_lasts_as_long_as_it_comes_back(ports: MemoryPorts) -> None:
    opened(ports)
    for _ in range(5):
        ports.clock.advance(ms=HOUR - 1)
        assert taken(ports) == []
    ports.clock.advance(ms=HOUR)
    assert told(ports, 1) == 0
    with pytest.raises(SubscriptionNotFound):
        taken(ports)


def test_asking_often_writes_seldom(ports: MemoryPorts) -> None:
    opened(ports)
    before = subscriptions.get(ports, TENANT, DIALECT, "s1").revision
    for _ in range(20):
        ports.clock.advance(seconds=2)
        taken(ports)
    assert subscriptions.get(ports, TENANT, DIALECT, "s1").revision == before


def test_one_that_is_closed_leaves_nothing(ports: MemoryPorts) -> None:
    session = opened(ports)
    told(ports, 1)
    subscriptions.close(ports, session)
    subscriptions.close(ports, session)
    assert [ports.records.count(TENANT, f"{DIALECT}.{kind}") for kind in ("sessions", "told s1")] == [0, 0]
    with pytest.raises(SubscriptionNotFound):
        subscriptions.listen(ports, session, frozenset({"b"}))


def test_there_are_limits_and_who_has_ended_counts_no_more(ports: MemoryPorts) -> None:
    session = opened(ports, "first")
    for n in range(subscriptions.MOST - 1):
        subscriptions.open_(ports, TENANT, DIALECT, f"s{n}", "ann", HOUR)
    with pytest.raises(LimitReached):
        subscriptions.open_(ports, TENANT, DIALECT, "more", "ann", HOUR)
    with pytest.raises(LimitReached):
        subscriptions.listen(ports, session, frozenset(map(str, range(subscriptions.MOST_CHANNELS))))
    ports.clock.advance(ms=HOUR)
    subscriptions.open_(ports, TENANT, DIALECT, "more", "ann", HOUR)
    assert [one.id for one in subscriptions.every(ports, TENANT, DIALECT)] == ["more"]


def test_those_of_an_owner_are_found_the_oldest_first(ports: MemoryPorts) -> None:
    for name in ("b", "a"):
        opened(ports, name)
        ports.clock.advance(ms=5)
    subscriptions.open_(ports, TENANT, DIALECT, "c", "bob", HOUR)
    every = subscriptions.every(ports, TENANT, DIALECT)
    assert [one.id for one in subscriptions.owned(every, "ann")] == ["b", "a"]


@pytest.mark.parametrize("others", [1, 3])
def test_two_who_draw_the_same_place_at_once_have_two(ports: MemoryPorts, others: int) -> None:
    opened(ports)
    waiting, store = list(range(others)), ports.records.replace

    def overtaken(old: Record, new: Record) -> bool:
        if waiting:
            told(ports, waiting.pop())
        return store(old, new)

    ports.records.replace = overtaken  # type: ignore[method-assign]
    told(ports, others)
    assert sorted(taken(ports)) == list(range(others + 1))


class Overtaken(MemoryPorts):
    """Whoever fills a place is overtaken by another one who drew the next."""

    def __init__(self) -> None:
        super().__init__()
        self.others: list[int] = []
        create = self.records.create

        def overtaken(record: Record) -> bool:
            if self.others and record.kind.startswith(f"{DIALECT}.told"):
                told(self, self.others.pop())
            return create(record)

        self.records.create = overtaken  # type: ignore[method-assign]


def test_a_place_that_is_filled_late_is_read_late_and_not_lost() -> None:
    ports = Overtaken()
    opened(ports)
    ports.others = [3, 2]
    told(ports, 1)
    assert sorted(taken(ports)) == [1, 2, 3]

    ports.others = []
    session = subscriptions.get(ports, TENANT, DIALECT, "s1")
    place = rings.position(session.ring.next)
    told(ports, 4)
    late = ports.records.rows.pop((TENANT, f"{DIALECT}.told s1", place))
    ports.records.order[TENANT, late.kind].remove(place)
    told(ports, 5)
    assert taken(ports) == [5]
    ports.records.create(late)
    assert taken(ports) == [4]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(1, 4) | st.just("take") | st.just("lose"), max_size=40), st.integers(1, 5))
def test_everything_arrives_once_it_was_asked_for_in_order(steps: list[Any], limit: int) -> None:
    """Against a list: what was told and not given up comes, and again only where an answer was lost."""
    ports = MemoryPorts()
    opened(ports)
    sent, got, arrived = 0, list[int](), True
    for step in [*steps, *["take"] * 200]:
        if step in ("take", "lose"):
            found = taken(ports, limit=limit, confirmed=arrived)
            arrived = step == "take"
            got += found if arrived else []
        else:
            for _ in range(step):
                told(ports, sent)
                sent += 1
    assert got == list(range(sent))


@pytest.mark.parametrize("most", [1, 3, 10])
def test_a_ring_holds_the_newest(ports: MemoryPorts, most: int) -> None:
    buffer, ring = Buffer(TENANT, "k"), Ring()
    for n in range(12):
        after = ring.drawn(most, str(n))
        rings.put(ports, buffer, ring, after, n)
        ring = after
        assert [body for _, body in rings.waiting(ports, buffer)] == list(range(max(0, n + 1 - most), n + 1))
    assert ring.past(int(rings.position(ring.first))).first == ring.first + 1
    assert ring.past(ring.first - 1) == ring
    rings.clear(ports, buffer)
    assert list(rings.waiting(ports, buffer)) == []


def test_a_policy_says_what_is_listened_to(ports: MemoryPorts) -> None:
    wanted = {EventKind.ALARM_RAISED, EventKind.DATA_MESSAGE}
    for kinds in (wanted, wanted, {EventKind.DATA_MESSAGE}, set[EventKind](), set[EventKind]()):
        listening.settle(ports, TENANT, DIALECT, "d1.sessions", lambda kinds=kinds: kinds)  # type: ignore[misc]
        found = [p for p in ports.policies.all(TENANT) if p.id == "d1.sessions"]
        assert {kind for p in found for kind in p.triggers} == set(map(str, kinds))
        assert all(p.listens and p.dialect == DIALECT for p in found)
