"""Putting messages into queues, and keeping queues within their bounds."""

from collections.abc import Sequence

from chalicelib.fleet.errors import QueueNotFound, TooLarge
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.queues import queues
from chalicelib.fleet.queues import records as queue_records
from chalicelib.fleet.queues.records import MAX_PAYLOAD, Queue, QueuedMessage

_TRIM = 25


@dataclass(frozen=True, slots=True)
class Arrival:
    """What is to be queued. `at` (ms) is when it arrived, which is its place in the queue; `event` names it.

    What is about one `device` is delivered to a consumer one after the other, as is all that is about none.
    """

    payload: bytes
    at: int
    event: str
    device: str | None = None


def publish(
    ports: Ports, tenant: str, name: str, payload: bytes, *, at: int, event: str, retain: bool = True
) -> Queue | None:
    """As `publish_all`, for one message."""
    return publish_all(ports, tenant, name, [Arrival(payload, at, event)], retain=retain)


def publish_all(
    ports: Ports, tenant: str, name: str, arrivals: Sequence[Arrival], *, retain: bool = True, fresh: bool = False
) -> Queue | None:
    """Keep messages until a consumer has acknowledged them; None where nobody listens and nothing is to be kept.

    The same event again adds nothing as long as its first copy is there; where all are `fresh` nobody looks for one.
    Errors: QueueNotFound, TooLarge (then none is kept).
    """
    largest = max((len(arrival.payload) for arrival in arrivals), default=0)
    if largest > MAX_PAYLOAD:
        raise TooLarge(f"a message of {largest} bytes is too big for a queue, which takes {MAX_PAYLOAD}")
    queue = queues.get(ports, tenant, name)
    if not queue.attended and not (retain and queue.stores):
        return None
    new = [a for a in arrivals if fresh or not ports.queued.known(queue, a.at, a.event)]
    if new:
        drawn = ports.queues.draw(queue, sum(len(a.payload) for a in new), len(new))
        if drawn is None:
            raise QueueNotFound(f"queue {name} not found")
        _keep(ports, drawn, new)
    # Only now: a pump or a subscriber that we did not see before our message was kept has seen the message.
    after = ports.queues.get(tenant, name)
    if after is not None:
        wake(ports, after)
    return after


def wake(ports: Ports, queue: Queue) -> None:
    """Have a queue delivered, unless somebody does or nobody listens."""
    if queue.attended and not queue.leased(ports.clock.now()):
        ports.background.pump(queue.tenant, queue.name)


def sweep(ports: Ports, *, everything: bool = False) -> int:
    """Wake every queue that has consumers and messages but no pump: a wake-up was lost, or a consumer was stuck.

    `everything` is for a restart after which no pump is left: what they held is free.
    """
    woken = 0
    for tenant, name in ports.queues.attended():
        queue = ports.queues.get(tenant, name)
        if everything and queue is not None and queue.holder is not None:
            ports.queues.release(queue, queue.holder)
            queue = ports.queues.get(tenant, name)
        if queue is not None and ports.queued.oldest(queue, ports.clock.now(), limit=1):
            wake(ports, queue)
            woken += 1
    return woken


def purge(ports: Ports, tenant: str, name: str, queue_id: str, until: int) -> None:
    """Remove the messages of a queue that is no more; what is left when the clock shows `until` goes on later."""
    gone = Queue(tenant, name, queue_id, 0)
    while messages := ports.queued.oldest(gone, 0, limit=_TRIM * 4):
        for message in messages:
            ports.queued.delete(message)
        if ports.clock.now() >= until:
            ports.background.purge(tenant, name, queue_id)
            return


def _keep(ports: Ports, queue: Queue, arrivals: Sequence[Arrival]) -> None:
    """Messages under the numbers that were drawn for them, which are the queue's last."""
    number = queue.number - len(arrivals)
    total = queue.total - sum(len(a.payload) for a in arrivals)
    made = []
    for arrival in arrivals:
        number, total = number + 1, total + len(arrival.payload)
        made.append(
            QueuedMessage(
                tenant=queue.tenant,
                queue=queue.name,
                queue_id=queue.id,
                position=queue_records.position(arrival.at, number),
                event=arrival.event,
                payload=arrival.payload,
                number=number,
                total=total,
                expires=None if queue.ttl is None else arrival.at + queue.ttl * 1000,
                ordering=queue_records.ordering_key(arrival.device),
            )
        )
    ports.queued.put(*made)
    if queue.max_bytes and queue.total - queue.tail > queue.max_bytes:
        _trim(ports, queue, queue.total - queue.max_bytes)


def _trim(ports: Ports, queue: Queue, floor: int) -> None:
    """Drop the oldest messages, all that begin before `floor` (bytes ever taken in)."""
    while messages := ports.queued.oldest(queue, ports.clock.now(), limit=_TRIM):
        for message in messages:
            if message.start >= floor:
                ports.queues.move_tail(queue, message.start)
                return
            ports.queued.delete(message)
