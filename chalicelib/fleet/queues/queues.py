"""Message queues of a tenant: kept until acknowledged, shared among consumers, bounded in bytes and in time."""

from chalicelib.fleet.access.callers import Caller
from chalicelib.fleet.errors import Forbidden, QueueNotFound
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.queues.records import Depth, Queue


def ensure_within(caller: Caller, name: str) -> None:
    """Errors: Forbidden (its key names queues, and not this one)."""
    if caller.queues and name not in caller.queues:
        raise Forbidden(f"this API key is not for queue {name}")


def get(ports: Ports, tenant: str, name: str) -> Queue:
    """Errors: QueueNotFound."""
    queue = ports.queues.get(tenant, name)
    if queue is None:
        raise QueueNotFound(f"queue {name} not found")
    return queue


def depth(ports: Ports, queue: Queue) -> Depth:
    """Two reads, however much waits."""
    oldest = ports.queued.oldest(queue, ports.clock.now(), limit=1)
    newest = ports.queued.newest(queue)
    if not oldest or newest is None:
        return Depth(0, 0)
    return Depth(max(1, newest.number - oldest[0].number + 1), max(len(newest.payload), newest.total - oldest[0].start))
