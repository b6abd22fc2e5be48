"""Consumers of one queue that acknowledge at once, late or never: none of them waits for another."""

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random

import pytest

from chalicelib.fleet.ports import Outcome
from chalicelib.fleet.queues import consumer_groups, publishing, pumping
from chalicelib.fleet.queues.consumers import REST
from chalicelib.fleet.queues.records import Queue, QueuedMessage
from tests.fakes.clock import SetClock
from tests.fakes.queues import MemoryQueued
from tests.fleet.queue_rig import QUEUE, TENANT, QueueRig

HEALTHY, SLOW, MUTE = "healthy", "slow", "amute"
MANY = 4_500
PUSHED_ON = 25
"""Seconds that a pump runs before another invocation goes on."""


def uneven() -> QueueRig:
    rig = QueueRig()
    rig.ports.delivery.takes = {HEALTHY: 40, SLOW: 6_000, MUTE: 15_000}
    rig.ports.delivery.mute = {MUTE}
    return rig


@pytest.fixture
def rig() -> QueueRig:
    return uneven()


@pytest.fixture(scope="module")
def served() -> QueueRig:
    """After three minutes of work for the healthy one."""
    rig = uneven()
    now = rig.ports.clock.now()
    arrivals = [publishing.Arrival(str(number).encode(), now, str(number)) for number in range(MANY)]
    publishing.publish_all(rig.ports, TENANT, QUEUE, arrivals, fresh=True)
    for client in (MUTE, SLOW, HEALTHY):
        rig.listen(client)
    rig.pump(PUSHED_ON)
    return rig


@dataclass
class CountingQueued(MemoryQueued):
    asked: int = 0

    def oldest(self, queue: Queue, now: int, *, limit: int, after: str = "") -> list[QueuedMessage]:
        self.asked += 1
        return super().oldest(queue, now, limit=limit, after=after)


def longest_gap(rig: QueueRig, client: str) -> int:
    return max(later - earlier for earlier, later in pairwise(rig.departures(client)))


class TestAllThree:
    def test_the_healthy_one_goes_on_at_its_own_pace(self, served: QueueRig) -> None:
        assert longest_gap(served, HEALTHY) <= 2 * 40

    def test_the_slow_one_gets_its_part(self, served: QueueRig) -> None:
        moments = served.departures(SLOW)
        assert len(moments) >= (moments[-1] - moments[0]) // 10_000
        assert served.ports.consumers.rows[TENANT, SLOW].unanswered == 0

    def test_the_mute_one_is_asked_twice_and_then_once_in_a_while(self, served: QueueRig) -> None:
        moments = served.departures(MUTE)
        lasted = served.ports.clock.now() - moments[0]
        assert 2 <= len(moments) <= 2 + lasted // REST

    def test_all_are_acknowledged_and_only_those_of_the_mute_one_were_sent_twice(self, served: QueueRig) -> None:
        sent = Counter(served.received())
        assert served.waiting() == []
        assert set(sent) == {str(number) for number in range(MANY)}
        assert {text for text, times in sent.items() if times > 1} <= set(served.received(MUTE))


def test_a_mute_consumer_is_remembered_when_the_queue_was_empty_meanwhile(rig: QueueRig) -> None:
    rig.listen(MUTE)
    rig.listen(HEALTHY)
    for number in range(20):
        rig.publish(f"{number}a", f"{number}b")
        rig.pump(PUSHED_ON)
    assert len(rig.departures(MUTE)) == 2
    assert rig.waiting() == []


def test_what_comes_while_a_message_is_under_way_to_one_leaves_for_another(rig: QueueRig) -> None:
    rig.listen(SLOW)
    rig.listen(HEALTHY)
    rig.publish("a", "b")
    began = rig.ports.clock.now()
    rig.ports.delivery.meanwhile = lambda: rig.publish("c")
    rig.pump(PUSHED_ON)
    assert rig.received(HEALTHY)[-1] == "c"
    assert rig.departures(HEALTHY)[-1] < began + rig.ports.delivery.takes[SLOW]


def test_a_mute_consumer_that_comes_back_is_served_at_once(rig: QueueRig) -> None:
    rig.listen(MUTE, session="s1")
    rig.publish("a")
    rig.pump(PUSHED_ON)
    rig.ports.delivery.mute.clear()
    rig.ports.delivery.takes.clear()
    rig.listen(MUTE, session="s2")
    rig.listen(HEALTHY)
    rig.publish("b", "c")
    rig.pump(PUSHED_ON)
    assert rig.waiting() == []
    assert set(rig.received(MUTE)) & {"b", "c"}


def test_one_that_acknowledges_again_in_its_session_takes_its_part_after_its_rest(rig: QueueRig) -> None:
    rig.listen(MUTE)
    rig.listen(HEALTHY)
    rig.publish(*(str(number) for number in range(1_000)))
    rig.pump(PUSHED_ON)
    rig.ports.delivery.mute.clear()
    rig.ports.delivery.takes.clear()
    rig.ports.clock.advance(ms=REST)
    before = len(rig.departures(MUTE))
    rig.publish(*(str(number) for number in range(100)))
    rig.pump(PUSHED_ON)
    assert len(rig.departures(MUTE)) > before + 10
    assert rig.waiting() == []


def test_two_mute_consumers_end_the_pump_and_the_sweep_asks_again(rig: QueueRig) -> None:
    rig.ports.delivery.mute = {MUTE, SLOW}
    rig.listen(MUTE)
    rig.listen(SLOW)
    rig.publish("a")
    rig.pump(PUSHED_ON)
    assert rig.waiting() == ["a"]
    assert rig.queue.holder is None
    rig.ports.delivery.mute.clear()
    publishing.sweep(rig.ports)
    rig.pump(PUSHED_ON)
    assert rig.waiting() == []


def test_the_order_holds_for_one_consumer_that_reconnects_while_a_message_is_under_way(rig: QueueRig) -> None:
    rig.ports.delivery.takes["app"] = 12_000
    rig.ports.delivery.outcomes.append(Outcome.UNCONFIRMED)
    rig.publish("a", "b")
    rig.listen("app", session="s1")
    rig.ports.delivery.later = lambda: rig.listen("app", session="s2")
    rig.pump(PUSHED_ON)
    assert rig.received() == ["a", "a", "b"]


def test_messages_that_come_back_out_of_order_go_out_again_in_order(rig: QueueRig) -> None:
    rig.ports.delivery.takes = {"gone": 2_000, "late": 12_000}
    rig.ports.delivery.outcomes.extend([Outcome.ABSENT, Outcome.UNCONFIRMED])
    rig.publish("a", "b", "c")
    rig.listen("gone")
    rig.listen("late")
    rig.pump(PUSHED_ON)
    assert rig.received("gone") == ["a"]
    assert rig.received("late") == ["b", "a", "b", "c"]


def test_an_empty_queue_is_not_asked_all_the_time_while_a_message_is_under_way(rig: QueueRig) -> None:
    counting = CountingQueued()
    rig.ports.queued = counting
    rig.listen(SLOW)
    rig.listen(HEALTHY)
    rig.publish("a", "b")
    rig.pump(PUSHED_ON)
    assert rig.departures(SLOW)
    assert counting.asked <= rig.ports.delivery.takes[SLOW] // pumping.POLL + 10


def test_a_message_under_way_for_long_keeps_the_lease(rig: QueueRig) -> None:
    rig.listen(MUTE)
    rig.publish("a")
    held = list[int]()
    rig.ports.delivery.meanwhile = lambda: held.append(rig.queue.leased_until)
    rig.ports.delivery.mute.clear()
    began = rig.ports.clock.now()
    rig.pump(PUSHED_ON)
    assert held[0] >= began + 10_000 + 30_000


def test_the_rate_to_one_connection_is_kept_however_fast_it_acknowledges() -> None:
    rig = QueueRig()
    rig.listen("fast")
    rig.publish(*(str(number) for number in range(500)))
    rig.pump(PUSHED_ON)
    moments = rig.departures("fast")
    assert max(sum(1 for m in moments if at <= m < at + 1_000) for at in moments) <= consumer_groups.RATE


@dataclass
class TickingClock(SetClock):
    """Between two looks at it some milliseconds pass."""

    random: Random = field(default_factory=lambda: Random(1))

    def now(self) -> int:
        return self.advance(ms=self.random.randint(0, 5))


def test_time_that_passes_while_the_pump_works_makes_nobody_wait() -> None:
    rig = QueueRig()
    rig.ports.clock = rig.ports.delivery.clock = TickingClock()
    rig.listen("fast")
    rig.publish(*(str(number) for number in range(200)))
    rig.pump(PUSHED_ON)
    assert longest_gap(rig, "fast") < 100


def test_a_hundred_consumers_take_turns() -> None:
    rig = QueueRig()
    names = [f"c{number:03}" for number in range(100)]
    rig.ports.delivery.takes = dict.fromkeys(names, 50)
    for name in names:
        rig.listen(name, QUEUE)
    rig.publish(*(str(number) for number in range(300)))
    rig.pump(PUSHED_ON)
    assert min(len(rig.departures(name)) for name in names) >= 2
