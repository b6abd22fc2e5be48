"""Queues, their messages and their consumers: what the fleet counts on, in memory and in DynamoDB."""

from dataclasses import replace

import pytest

from chalicelib.fleet.events.events import EventKind
from chalicelib.fleet.events.records import ActionPolicy, ActionState, Filter, GroupPath, HttpPush, QueuePublish
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.records import Presence
from chalicelib.fleet.queues.consumers import Consumer, Link
from chalicelib.fleet.queues.records import Queue, QueuedMessage, position


@pytest.fixture
def queue(ports: Ports, tenant: str) -> Queue:
    made = Queue(tenant, "q", "id1", 5, max_bytes=600_000, ttl=60)
    assert ports.queues.create(made)
    return made


def message(queue: Queue, at: int, number: int, payload: bytes = b"\x00x") -> QueuedMessage:
    expires = at + 60_000 - at % 1000
    return QueuedMessage(
        queue.tenant, queue.name, queue.id, position(at, number), f"e{number}", payload, number, number * 2, expires
    )


class TestQueues:
    def test_what_was_created_is_read(self, ports: Ports, queue: Queue) -> None:
        assert ports.queues.get(queue.tenant, "q") == queue
        assert ports.queues.all(queue.tenant) == [queue]

    def test_a_name_is_taken_once(self, ports: Ports, queue: Queue) -> None:
        assert not ports.queues.create(replace(queue, id="id2"))

    def test_another_tenants_queue_is_not_there(self, ports: Ports, queue: Queue) -> None:
        assert ports.queues.get(f"{queue.tenant}x", "q") is None

    def test_each_draw_counts_on(self, ports: Ports, queue: Queue) -> None:
        ports.queues.draw(queue, 10)
        drawn = ports.queues.draw(queue, 5)
        assert drawn is not None
        assert (drawn.number, drawn.total, drawn.max_bytes, drawn.ttl) == (2, 15, 600_000, 60)

    def test_several_are_drawn_at_once(self, ports: Ports, queue: Queue) -> None:
        drawn = ports.queues.draw(queue, 10, 7)
        assert drawn is not None
        assert (drawn.number, drawn.total) == (7, 10)

    def test_a_queue_that_is_gone_is_not_drawn_from(self, ports: Ports, queue: Queue) -> None:
        ports.queues.delete(queue)
        assert ports.queues.draw(queue, 1) is None
        assert ports.queues.get(queue.tenant, "q") is None

    def test_a_new_queue_of_the_same_name_is_another_one(self, ports: Ports, queue: Queue) -> None:
        ports.queues.delete(queue)
        ports.queues.create(replace(queue, id="id2"))
        ports.queues.delete(queue)
        assert ports.queues.draw(queue, 1) is None
        assert not ports.queues.lease(queue, "me", 1, 2)
        found = ports.queues.get(queue.tenant, "q")
        assert found is not None
        assert found.id == "id2"

    def test_attended_queues_are_found(self, ports: Ports, queue: Queue) -> None:
        attended = ports.queues.attend(queue.tenant, "q", attended=True)
        assert attended is not None
        assert attended.attended
        assert (queue.tenant, "q") in list(ports.queues.attended())
        ports.queues.attend(queue.tenant, "q", attended=False)
        assert (queue.tenant, "q") not in list(ports.queues.attended())

    def test_a_queue_that_is_attended_from_its_beginning_is_found(self, ports: Ports, tenant: str) -> None:
        ports.queues.create(Queue(tenant, "new", "id9", 1, attended=True))
        assert (tenant, "new") in list(ports.queues.attended())
        found = ports.queues.get(tenant, "new")
        assert found is not None
        assert found.attended

    def test_a_queue_that_is_not_there_cannot_be_attended(self, ports: Ports, tenant: str) -> None:
        assert ports.queues.attend(tenant, "none", attended=True) is None
        assert ports.queues.get(tenant, "none") is None

    def test_one_holds_the_lease_until_it_ends(self, ports: Ports, queue: Queue) -> None:
        assert ports.queues.lease(queue, "one", 100, 200)
        assert not ports.queues.lease(queue, "two", 199, 300)
        assert ports.queues.lease(queue, "one", 150, 250)
        assert ports.queues.lease(queue, "two", 250, 350)

    def test_only_its_holder_releases_the_lease(self, ports: Ports, queue: Queue) -> None:
        ports.queues.lease(queue, "one", 100, 200)
        ports.queues.release(queue, "two")
        assert not ports.queues.lease(queue, "two", 150, 250)
        ports.queues.release(queue, "one")
        assert ports.queues.get(queue.tenant, "q") == queue

    def test_the_tail_moves_only_forward(self, ports: Ports, queue: Queue) -> None:
        ports.queues.move_tail(queue, 20)
        ports.queues.move_tail(queue, 10)
        found = ports.queues.get(queue.tenant, "q")
        assert found is not None
        assert found.tail == 20


class TestMessages:
    def test_messages_come_by_arrival_then_by_number(self, ports: Ports, queue: Queue) -> None:
        made = [message(queue, at, number) for at, number in ((70_000, 2), (70_000, 10), (71_000, 1))]
        for one in reversed(made):
            ports.queued.put(one)
        assert ports.queued.oldest(queue, 71_000, limit=10) == made
        assert ports.queued.oldest(queue, 71_000, limit=2) == made[:2]
        assert ports.queued.newest(queue) == made[2]

    def test_many_are_put_at_once(self, ports: Ports, queue: Queue) -> None:
        made = [message(queue, 70_000, number) for number in range(1, 61)]
        ports.queued.put(*made)
        assert ports.queued.oldest(queue, 70_000, limit=100) == made

    def test_what_is_too_old_does_not_come(self, ports: Ports, queue: Queue) -> None:
        for at in (10_000, 100_000):
            ports.queued.put(message(queue, at, at))
        assert [m.number for m in ports.queued.oldest(queue, 120_000, limit=10)] == [100_000]

    def test_an_event_is_known_in_the_moment_it_arrived(self, ports: Ports, queue: Queue) -> None:
        ports.queued.put(message(queue, 70_000, 3))
        assert ports.queued.known(queue, 70_000, "e3")
        assert not ports.queued.known(queue, 70_000, "e4")
        assert not ports.queued.known(queue, 70_001, "e3")

    def test_deleting_twice_is_deleting_once(self, ports: Ports, queue: Queue) -> None:
        one = message(queue, 70_000, 1)
        ports.queued.put(one)
        ports.queued.delete(one)
        ports.queued.delete(one)
        assert ports.queued.oldest(queue, 70_000, limit=1) == []
        assert ports.queued.newest(queue) is None

    def test_a_queue_of_another_id_is_empty(self, ports: Ports, queue: Queue) -> None:
        ports.queued.put(message(queue, 70_000, 1))
        assert ports.queued.oldest(replace(queue, id="id2"), 70_000, limit=1) == []


class TestConsumers:
    def test_a_consumer_is_made_and_changed_by_comparing(self, ports: Ports, tenant: str) -> None:
        none = Consumer(tenant, "app", Presence("d", "app"))
        first = none.now(none.presence.subscribed("s1", frozenset({"q"}), 5), 6)
        assert ports.consumers.replace(none, first)
        assert not ports.consumers.replace(none, first)
        stored = ports.consumers.get(tenant, "app")
        assert stored == replace(first, revision=1)
        assert ports.consumers.get(f"{tenant}x", "app") is None

    def test_a_hint_given_anew_survives_the_removal_of_the_old_one(self, ports: Ports, tenant: str) -> None:
        old, new = (Link(tenant, "q", "app", mark, 5) for mark in ("m1", "m2"))
        ports.consumers.link(old)
        ports.consumers.link(new)
        ports.consumers.unlink(old)
        assert ports.consumers.links(tenant, "q") == [new]
        ports.consumers.unlink(new)
        assert ports.consumers.links(tenant, "q") == []


class TestPolicies:
    def test_a_policy_is_kept_whole(self, ports: Ports, tenant: str) -> None:
        chosen = Filter(
            frozenset({"mqtt"}), frozenset({"d"}), (GroupPath("/a", below=True),), (frozenset({"t"}),), frozenset({"s"})
        )
        made = ActionPolicy(
            tenant,
            "p1",
            "d",
            "n",
            5,
            enabled=False,
            triggers={str(EventKind.DATA_MESSAGE): chosen},
            queues=(QueuePublish("a", "q", retain=False),),
            pushes=(HttpPush("h", "https://x/", {"A": ("1", "2")}, "$.a", "{{a}}", retry=True, secret="s"),),
        )
        ports.policies.put(made)
        assert ports.policies.all(tenant) == [made]
        assert ports.policies.known(tenant) == [made]
        ports.policies.delete(tenant, "p1")
        assert ports.policies.known(tenant) == []

    def test_a_policy_that_is_gone_does_not_come_back_by_being_changed(self, ports: Ports, tenant: str) -> None:
        made = ActionPolicy(tenant, "p1", "d", "n", 5)
        assert ports.policies.create(made)
        assert not ports.policies.create(made)
        assert ports.policies.change(replace(made, enabled=False))
        assert ports.policies.known(tenant) == [replace(made, enabled=False)]
        ports.policies.delete(tenant, "p1")
        assert not ports.policies.change(made)
        assert ports.policies.known(tenant) == []

    def test_what_this_process_changes_it_knows_at_once(self, ports: Ports, tenant: str) -> None:
        assert ports.policies.known(tenant) == []
        made = ActionPolicy(tenant, "p1", "d", "n", 5)
        ports.policies.put(made)
        assert ports.policies.known(tenant) == [made]

    def test_how_its_actions_get_on_is_set_by_whoever_saw_the_last(self, ports: Ports, tenant: str) -> None:
        made = ActionPolicy(tenant, "p1", "d", "n", 5)
        ports.policies.put(made)
        once = {"h": ActionState(failures=1, since=1), "a": ActionState(suspended=2, reason="r", updated=2)}
        assert ports.policies.mark(made, once)
        assert not ports.policies.mark(made, {})
        (marked,) = ports.policies.known(tenant)
        assert marked.states == once
        assert ports.policies.mark(marked, {})
        assert ports.policies.all(tenant) == [made]

    def test_a_policy_that_is_written_anew_begins_anew(self, ports: Ports, tenant: str) -> None:
        made = ActionPolicy(tenant, "p1", "d", "n", 5)
        ports.policies.put(made)
        assert ports.policies.mark(made, {"h": ActionState(failures=1)})
        (marked,) = ports.policies.all(tenant)
        ports.policies.put(marked)
        assert ports.policies.all(tenant) == [made]
        ports.policies.delete(tenant, "p1")
        assert not ports.policies.mark(made, {"h": ActionState(failures=1)})
        assert ports.policies.all(tenant) == []
