"""How many messages of a queue are read at once, and what becomes of those that nobody is there for."""

from dataclasses import dataclass, field

import pytest

from chalicelib.fleet.queues import lifecycle, publishing, queues
from chalicelib.fleet.queues.lifecycle import MIN_BYTES
from chalicelib.fleet.queues.records import MAX_PAYLOAD, Depth, Queue, QueuedMessage
from tests.fakes.queues import MemoryQueued
from tests.fleet.queue_rig import QUEUE, TENANT, QueueRig


@dataclass
class Watched(MemoryQueued):
    limits: list[int] = field(default_factory=list)

    def oldest(self, queue: Queue, now: int, *, limit: int, after: str = "") -> list[QueuedMessage]:
        self.limits.append(limit)
        return super().oldest(queue, now, limit=limit, after=after)


def test_no_more_is_read_at_once_than_a_function_holds() -> None:
    rig = QueueRig()
    rig.ports.queued = watched = Watched(rig.ports.queued.rows)
    lifecycle.delete(rig.ports, TENANT, QUEUE)
    lifecycle.create(rig.ports, TENANT, QUEUE, max_bytes=MIN_BYTES)
    rig.publish(*("x" * (MIN_BYTES // 64) for _ in range(64)))
    rig.publish("y" * MAX_PAYLOAD, "z" * MAX_PAYLOAD, "z" * MAX_PAYLOAD)
    assert set(watched.limits) == {25}
    assert queues.depth(rig.ports, rig.queue) == Depth(19, MIN_BYTES)
    watched.limits.clear()
    gone = rig.queue
    lifecycle.delete(rig.ports, TENANT, QUEUE)
    publishing.purge(rig.ports, TENANT, QUEUE, gone.id, rig.ports.clock.now() + 1_000)
    assert set(watched.limits) == {100}


@pytest.mark.parametrize("stores", [True, False])
def test_what_nobody_is_left_to_hear_stays_only_where_it_is_stored(stores: bool) -> None:  # noqa: FBT001 - a parameter
    rig = QueueRig()
    lifecycle.delete(rig.ports, TENANT, QUEUE)
    lifecycle.create(rig.ports, TENANT, QUEUE, max_bytes=MIN_BYTES if stores else 0)
    rig.listen()
    told = [str(number) for number in range(103)]
    rig.publish(*told)
    rig.leave()
    rig.pump()
    assert rig.received() == []
    assert rig.waiting() == (told if stores else [])
