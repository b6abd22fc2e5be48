"""Queues: what is published stays until it was acknowledged, whoever listens and whatever gets lost."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import pytest

from chalicelib.fleet.access import callers, keys
from chalicelib.fleet.access.records import KeyRequest
from chalicelib.fleet.errors import Forbidden, Invalid, LimitReached, QueueDuplicate, QueueNotFound, TooLarge
from chalicelib.fleet.ports import Outcome
from chalicelib.fleet.queues import consumer_groups, consuming, lifecycle, publishing, pumping, queues
from chalicelib.fleet.queues import records as queue_records
from chalicelib.fleet.queues.lifecycle import MIN_BYTES
from chalicelib.fleet.queues.records import MAX_PAYLOAD, Depth, Queue
from tests.fakes.queues import MemoryQueues
from tests.fleet.queue_rig import QUEUE, TENANT, QueueRig


@pytest.fixture
def rig() -> QueueRig:
    return QueueRig()


@dataclass
class ComingAtCreation(MemoryQueues):
    """Somebody subscribes at the moment at which a new queue is found to be deserted."""

    come: Callable[[], object] = lambda: None

    def attend(self, tenant: str, queue: str, *, attended: bool) -> Queue | None:
        come, self.come = self.come, lambda: None
        come()
        return super().attend(tenant, queue, attended=attended)


class TestKeeping:
    def test_a_message_waits_until_somebody_listens(self, rig: QueueRig) -> None:
        rig.publish("a")
        rig.pump()
        assert rig.received() == []
        rig.listen()
        rig.pump()
        assert rig.received() == ["a"]
        assert rig.waiting() == []

    def test_a_message_that_is_not_acknowledged_stays_and_is_sent_again(self, rig: QueueRig) -> None:
        rig.ports.delivery.outcomes.append(Outcome.UNCONFIRMED)
        rig.listen()
        rig.publish("a")
        rig.pump()
        assert rig.received() == ["a", "a"]
        assert rig.waiting() == []

    def test_one_consumer_gets_messages_in_the_order_of_their_arrival(self, rig: QueueRig) -> None:
        many = [str(number) for number in range(250)]
        rig.publish(*many)
        rig.listen()
        rig.pump()
        assert rig.received() == many

    def test_the_order_holds_over_an_acknowledgement_that_did_not_come(self, rig: QueueRig) -> None:
        rig.ports.delivery.outcomes.extend([Outcome.CONFIRMED, Outcome.UNCONFIRMED])
        rig.publish("a", "b", "c")
        rig.listen()
        rig.pump()
        assert rig.received() == ["a", "b", "b", "c"]

    def test_a_repeated_event_is_queued_once(self, rig: QueueRig) -> None:
        for _ in range(2):
            publishing.publish(rig.ports, TENANT, QUEUE, b"a", at=5_000, event="same")
        assert rig.waiting() == ["a"]

    def test_two_events_of_one_moment_are_both_queued(self, rig: QueueRig) -> None:
        for event in ("one", "other"):
            publishing.publish(rig.ports, TENANT, QUEUE, event.encode(), at=5_000, event=event)
        assert rig.waiting() == ["one", "other"]

    def test_messages_that_come_together_keep_their_order(self, rig: QueueRig) -> None:
        arrivals = [publishing.Arrival(str(number).encode(), 5_000, f"e{number}") for number in range(30)]
        publishing.publish_all(rig.ports, TENANT, QUEUE, arrivals)
        publishing.publish_all(rig.ports, TENANT, QUEUE, arrivals[:5])
        assert rig.waiting() == [str(number) for number in range(30)]
        assert queues.depth(rig.ports, rig.queue) == Depth(30, 50)

    def test_what_no_broker_carries_is_refused(self, rig: QueueRig) -> None:
        with pytest.raises(TooLarge):
            rig.publish("x" * (MAX_PAYLOAD + 1))

    def test_a_queue_that_is_not_there_takes_nothing(self, rig: QueueRig) -> None:
        with pytest.raises(QueueNotFound):
            rig.publish("a", queue="other")


class TestSharing:
    def test_consumers_of_one_queue_share_its_messages(self, rig: QueueRig) -> None:
        rig.publish(*"abcdef")
        rig.listen("one")
        rig.listen("two")
        rig.pump()
        assert sorted(rig.received()) == list("abcdef")
        assert rig.received("one")
        assert rig.received("two")

    def test_what_one_consumer_does_not_acknowledge_another_gets(self, rig: QueueRig) -> None:
        rig.ports.delivery.outcomes.append(Outcome.UNCONFIRMED)
        rig.publish("a", "b")
        rig.listen("one")
        rig.listen("two")
        rig.pump()
        assert rig.waiting() == []
        assert rig.received("two") == ["b", "a"]

    def test_a_consumer_that_is_gone_leaves_its_message_to_the_other(self, rig: QueueRig) -> None:
        rig.ports.delivery.outcomes.append(Outcome.ABSENT)
        rig.publish("a")
        rig.listen("one")
        rig.listen("two")
        rig.pump()
        assert rig.received("two") == ["a"]
        assert consuming.live(rig.ports, TENANT, QUEUE)[0].client == "two"

    def test_a_consumer_of_several_queues_gets_those_of_each(self, rig: QueueRig) -> None:
        lifecycle.create(rig.ports, TENANT, "other")
        rig.publish("a")
        rig.publish("b", queue="other")
        rig.listen("app", QUEUE, "other")
        rig.pump()
        assert sorted(rig.received()) == ["a", "b"]

    def test_a_connection_is_spared_in_proportion_to_its_queues(self, rig: QueueRig) -> None:
        lifecycle.create(rig.ports, TENANT, "other")
        rig.listen("app", QUEUE, "other")
        rig.publish("a", "b", "c")
        rig.pump()
        assert [later - earlier for earlier, later in pairwise(rig.departures("app"))] == [
            2 * 1000 // consumer_groups.RATE
        ] * 2


class TestListening:
    def test_nobody_is_woken_where_nobody_listens(self, rig: QueueRig) -> None:
        rig.publish("a")
        assert not rig.ports.background.pumps

    def test_a_consumer_that_left_gets_nothing(self, rig: QueueRig) -> None:
        rig.listen()
        rig.leave()
        rig.publish("a")
        rig.pump()
        assert rig.received() == []
        assert not rig.queue.attended

    def test_a_queue_that_is_made_after_its_consumer_came_serves_it(self, rig: QueueRig) -> None:
        rig.listen("app", "later")
        lifecycle.create(rig.ports, TENANT, "later")
        rig.publish("a", queue="later")
        rig.pump()
        assert rig.received() == ["a"]

    def test_a_queue_that_is_made_anew_serves_the_consumer_that_stayed(self, rig: QueueRig) -> None:
        rig.listen()
        rig.pump()
        lifecycle.delete(rig.ports, TENANT, QUEUE, force=True)
        lifecycle.ensure(rig.ports, TENANT, QUEUE)
        rig.publish("a")
        rig.pump()
        assert rig.received() == ["a"]

    def test_a_consumer_that_comes_while_its_queue_is_made_is_served(self, rig: QueueRig) -> None:
        rig.ports.queues = ComingAtCreation(come=lambda: rig.listen("app", "later"))
        lifecycle.create(rig.ports, TENANT, "later")
        rig.publish("a", queue="later")
        rig.pump()
        assert rig.received() == ["a"]

    def test_a_queue_that_is_made_while_nobody_listens_is_not_attended(self, rig: QueueRig) -> None:
        assert not rig.queue.attended

    def test_the_late_end_of_an_earlier_session_does_not_end_the_present_one(self, rig: QueueRig) -> None:
        rig.listen(session="s1")
        rig.listen(session="s2")
        rig.leave(session="s1")
        rig.publish("a")
        rig.pump()
        assert rig.received() == ["a"]

    def test_a_late_subscription_of_a_session_that_ended_counts_for_nothing(self, rig: QueueRig) -> None:
        rig.leave(session="s1")
        rig.listen(session="s1")
        rig.publish("a")
        rig.pump()
        assert rig.received() == []

    def test_unsubscribing_ends_it(self, rig: QueueRig) -> None:
        rig.listen()
        consuming.unsubscribed(rig.ports, rig.claim(), "s1", frozenset({QUEUE}))
        assert consuming.live(rig.ports, TENANT, QUEUE) == []

    def test_a_resumed_session_is_asked_about_at_the_broker(self, rig: QueueRig) -> None:
        rig.listen(session="s1")
        rig.leave(session="s1")
        rig.pump()
        rig.publish("a")
        rig.ports.delivery.subscriptions["app"] = frozenset({QUEUE})
        consuming.connected(rig.ports, rig.claim(), "s2", rig.ports.clock.advance(seconds=1))
        rig.pump()
        assert rig.received() == ["a"]

    def test_a_key_that_was_disabled_receives_nothing_more(self, rig: QueueRig) -> None:
        rig.listen()
        keys.update(rig.ports, callers.of_key(rig.key), rig.key.id, KeyRequest(active=False))
        rig.publish("a")
        rig.pump()
        assert rig.received() == []

    def test_a_key_that_names_other_queues_receives_nothing(self, rig: QueueRig) -> None:
        rig.listen()
        keys.update(rig.ports, callers.of_key(rig.key), rig.key.id, KeyRequest(queues=frozenset({"other"})))
        rig.publish("a")
        rig.pump()
        assert rig.received() == []

    def test_a_hint_given_anew_is_not_dropped_for_an_old_one(self, rig: QueueRig) -> None:
        rig.listen()
        (old,) = rig.ports.consumers.links(TENANT, QUEUE)
        rig.listen(session="s2")
        rig.ports.consumers.unlink(old)
        assert rig.ports.consumers.links(TENANT, QUEUE)


class TestThePump:
    def test_two_pumps_do_not_serve_one_queue(self, rig: QueueRig) -> None:
        rig.listen()
        rig.publish("a")
        rig.ports.delivery.meanwhile = lambda: pumping.pump(rig.ports, TENANT, QUEUE, rig.ports.clock.now() + 1000)
        rig.pump()
        assert rig.received() == ["a"]

    def test_what_comes_while_the_last_message_is_under_way_is_sent_too(self, rig: QueueRig) -> None:
        rig.listen()
        rig.publish("a")
        rig.ports.delivery.meanwhile = lambda: rig.publish("b")
        rig.pump()
        assert rig.received() == ["a", "b"]
        assert rig.queue.holder is None

    def test_a_pump_out_of_time_lets_another_go_on(self, rig: QueueRig) -> None:
        rig.publish("a", "b")
        rig.listen()
        rig.ports.delivery.meanwhile = lambda: rig.ports.clock.advance(seconds=31)
        rig.pump(seconds=30)
        assert rig.received() == ["a", "b"]

    def test_a_consumer_that_never_acknowledges_does_not_keep_it_running(self, rig: QueueRig) -> None:
        rig.listen()
        rig.pump()
        rig.ports.delivery.outcomes.extend([Outcome.UNCONFIRMED] * 2)
        rig.publish("a")
        rig.pump()
        assert rig.received() == ["a", "a"]
        assert rig.waiting() == ["a"]
        assert rig.queue.holder is None

    def test_the_sweep_tries_again_what_was_left_behind(self, rig: QueueRig) -> None:
        rig.listen()
        rig.pump()
        rig.ports.delivery.outcomes.extend([Outcome.UNCONFIRMED] * 2)
        rig.publish("a")
        rig.pump()
        assert publishing.sweep(rig.ports) == 1
        rig.pump()
        assert rig.waiting() == []

    def test_the_sweep_leaves_quiet_queues_alone(self, rig: QueueRig) -> None:
        rig.listen()
        rig.pump()
        assert publishing.sweep(rig.ports) == 0

    def test_after_a_restart_nobody_holds_a_queue(self, rig: QueueRig) -> None:
        rig.listen()
        rig.pump()
        rig.ports.queues.lease(rig.queue, "killed", rig.ports.clock.now(), rig.ports.clock.now() + queue_records.LEASE)
        rig.publish("a")
        publishing.sweep(rig.ports, everything=True)
        rig.pump()
        assert rig.received() == ["a"]

    def test_a_lease_whose_holder_crashed_ends(self, rig: QueueRig) -> None:
        rig.listen()
        rig.pump()
        rig.ports.queues.lease(rig.queue, "crashed", rig.ports.clock.now(), rig.ports.clock.now() + queue_records.LEASE)
        rig.publish("a")
        assert not rig.ports.background.pumps
        rig.ports.clock.advance(ms=queue_records.LEASE)
        publishing.sweep(rig.ports)
        rig.pump()
        assert rig.received() == ["a"]

    def test_a_message_that_the_broker_refuses_is_kept_and_told(self, rig: QueueRig) -> None:
        rig.listen()
        rig.pump()
        rig.ports.delivery.outcomes.append(Outcome.REFUSED)
        rig.publish("a")
        rig.pump()
        assert rig.waiting() == ["a"]
        assert "refused a message" in next(iter(rig.ports.audit.rows.values())).reason


class TestBounds:
    def test_beyond_its_bytes_a_queue_drops_the_oldest(self) -> None:
        rig = QueueRig()
        lifecycle.delete(rig.ports, TENANT, QUEUE)
        lifecycle.create(rig.ports, TENANT, QUEUE, max_bytes=MIN_BYTES)
        block = MIN_BYTES // 8
        rig.publish(*(str(number) * block for number in range(10)))
        assert [text[0] for text in rig.waiting()] == list("23456789")
        assert queues.depth(rig.ports, rig.queue) == Depth(8, MIN_BYTES)

    def test_what_was_consumed_makes_room(self) -> None:
        rig = QueueRig()
        lifecycle.delete(rig.ports, TENANT, QUEUE)
        lifecycle.create(rig.ports, TENANT, QUEUE, max_bytes=MIN_BYTES)
        block = MIN_BYTES // 8
        rig.publish(*(str(number) * block for number in range(8)))
        rig.listen()
        rig.pump()
        rig.leave()
        rig.publish(*(str(number) * block for number in range(8)))
        assert len(rig.waiting()) == 8

    def test_messages_that_are_too_old_are_not_delivered(self) -> None:
        rig = QueueRig()
        lifecycle.delete(rig.ports, TENANT, QUEUE)
        lifecycle.create(rig.ports, TENANT, QUEUE, ttl=60)
        rig.publish("old")
        rig.ports.clock.advance(seconds=61)
        rig.publish("new")
        rig.listen()
        rig.pump()
        assert rig.received() == ["new"]

    def test_a_queue_without_storage_delivers_to_those_who_listen_and_keeps_nothing(self) -> None:
        rig = QueueRig()
        lifecycle.delete(rig.ports, TENANT, QUEUE)
        lifecycle.create(rig.ports, TENANT, QUEUE, max_bytes=0)
        rig.publish("lost")
        rig.listen()
        rig.publish("heard")
        rig.pump()
        assert rig.received() == ["heard"]

    @pytest.mark.parametrize("size", [1, MIN_BYTES - 1, -1])
    def test_a_queue_has_no_storage_or_enough(self, rig: QueueRig, size: int) -> None:
        with pytest.raises(Invalid):
            lifecycle.create(rig.ports, TENANT, "other", max_bytes=size)

    @pytest.mark.parametrize("name", ["", "a b", "a/b", "a+", "é", "x" * 252])
    def test_a_name_is_a_level_of_a_topic(self, rig: QueueRig, name: str) -> None:
        with pytest.raises(Invalid):
            lifecycle.create(rig.ports, TENANT, name)

    def test_a_name_is_taken_once(self, rig: QueueRig) -> None:
        with pytest.raises(QueueDuplicate):
            lifecycle.create(rig.ports, TENANT, QUEUE)

    def test_a_tenant_has_a_hundred_queues(self, rig: QueueRig) -> None:
        for number in range(99):
            lifecycle.create(rig.ports, TENANT, f"q{number}")
        with pytest.raises(LimitReached):
            lifecycle.create(rig.ports, TENANT, "more")


class TestDeleting:
    def test_a_queue_with_a_consumer_goes_only_by_force(self, rig: QueueRig) -> None:
        rig.listen()
        with pytest.raises(Forbidden):
            lifecycle.delete(rig.ports, TENANT, QUEUE)
        lifecycle.delete(rig.ports, TENANT, QUEUE, force=True)
        assert rig.ports.queues.all(TENANT) == []

    def test_a_new_queue_of_the_same_name_is_empty(self, rig: QueueRig) -> None:
        rig.publish("a")
        lifecycle.delete(rig.ports, TENANT, QUEUE)
        lifecycle.create(rig.ports, TENANT, QUEUE)
        assert rig.waiting() == []

    def test_the_messages_of_a_deleted_queue_are_removed(self, rig: QueueRig) -> None:
        rig.publish("a", "b")
        gone = rig.queue
        lifecycle.delete(rig.ports, TENANT, QUEUE)
        ((tenant, name, queue_id),) = rig.ports.background.purges
        publishing.purge(rig.ports, tenant, name, queue_id, rig.ports.clock.now() + 1000)
        assert rig.ports.queued.oldest(gone, 0, limit=10) == []
