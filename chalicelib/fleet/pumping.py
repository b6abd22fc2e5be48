"""Delivering a queue to its consumers: one pump a queue, held by a lease; one message a consumer at a time.

A consumer gets its next message after it acknowledged the last one, so with one consumer the order is kept. A pump that
lets go looks once more afterwards: whoever published or subscribed meanwhile saw the lease and left it to the pump.
"""

from collections import deque
from dataclasses import dataclass, field
from enum import Enum, auto

from chalicelib.fleet import audit, consuming
from chalicelib.fleet.consumers import Consumer
from chalicelib.fleet.ports import Outcome, Ports
from chalicelib.fleet.queues import LEASE, Queue, QueuedMessage

BATCH = 100
REFRESH = 5_000
"""How old (ms) a pump's knowledge of the consumers may become."""
RENEWAL = 5_000
"""How often (ms) a pump renews its lease, between two rounds."""
STRIKES = {Outcome.UNCONFIRMED: 2, Outcome.BUSY: 5, Outcome.REFUSED: 1, Outcome.ABSENT: 1}
"""After how many failures in a row a consumer gets nothing more from this run."""
RATE = 80
"""Messages a second to one connection, over all its queues; a broker that allows 100 is never run into."""


class End(Enum):
    EMPTY = auto()
    DESERTED = auto()
    STUCK = auto()
    OUT_OF_TIME = auto()
    LOST = auto()


@dataclass
class _Crew:
    """The consumers of a queue as one run knows them."""

    at: int = -REFRESH
    members: list[Consumer] = field(default_factory=list)
    strikes: dict[tuple[str, str | None], tuple[Outcome, int]] = field(default_factory=dict)

    def able(self) -> list[Consumer]:
        """Those who acknowledge first."""
        return sorted((c for c in self.members if not self._out(c)), key=lambda c: self._failures(c)[1])

    def score(self, consumer: Consumer, outcome: Outcome) -> None:
        key = (consumer.client, consumer.presence.session)
        if outcome is Outcome.CONFIRMED:
            self.strikes.pop(key, None)
            return
        last, count = self.strikes.get(key, (outcome, 0))
        self.strikes[key] = (outcome, count + 1 if last is outcome else 1)

    def _out(self, consumer: Consumer) -> bool:
        outcome, count = self._failures(consumer)
        return count >= STRIKES.get(outcome, 1)

    def _failures(self, consumer: Consumer) -> tuple[Outcome, int]:
        return self.strikes.get((consumer.client, consumer.presence.session), (Outcome.CONFIRMED, 0))


def pump(ports: Ports, tenant: str, name: str, until: int) -> None:
    """Deliver what is in the queue until it is empty, nobody listens, or the clock shows `until` (ms)."""
    holder = ports.new_id(ports.clock.now())
    while True:
        queue = ports.queues.get(tenant, name)
        if queue is None or not _hold(ports, queue, holder):
            return
        try:
            end = _run(ports, queue, holder, until)
        finally:
            ports.queues.release(queue, holder)
        if end is End.OUT_OF_TIME:
            ports.background.pump(tenant, name)
        if not _more(ports, queue, end):
            return


def _more(ports: Ports, queue: Queue, end: End) -> bool:
    """Whether something came while we held the lease and others therefore did not act."""
    match end:
        case End.EMPTY:
            return bool(ports.queued.oldest(queue, ports.clock.now(), limit=1))
        case End.DESERTED:
            return not consuming.deserted(ports, queue.tenant, queue.name)
        case _:
            return False


def _hold(ports: Ports, queue: Queue, holder: str) -> bool:
    now = ports.clock.now()
    return ports.queues.lease(queue, holder, now, now + LEASE)


def _run(ports: Ports, queue: Queue, holder: str, until: int) -> End:
    crew = _Crew()
    held = ports.clock.now()
    waiting: deque[QueuedMessage] = deque()
    while True:
        now = ports.clock.now()
        if now >= until:
            return End.OUT_OF_TIME
        if now >= held + RENEWAL:
            if not _hold(ports, queue, holder):
                return End.LOST
            held = now
        if not waiting:
            waiting.extend(ports.queued.oldest(queue, now, limit=BATCH))
        if not waiting:
            return End.EMPTY
        if now >= crew.at + REFRESH or not crew.able():
            crew.at, crew.members = now, consuming.live(ports, queue.tenant, queue.name)
        if not crew.members:
            _discard(ports, queue)
            return End.DESERTED
        if not crew.able():
            return End.STUCK
        _round(ports, crew, waiting)


def _round(ports: Ports, crew: _Crew, waiting: deque[QueuedMessage]) -> None:
    """One message to each consumer; what was not acknowledged goes back to where it came from."""
    pairs = [(consumer, waiting.popleft()) for consumer, _ in zip(crew.able(), tuple(waiting), strict=False)]
    interval = max(1000 * len(consumer.queues) // RATE for consumer, _ in pairs)
    outcomes = ports.delivery.messages([(consumer.route, message) for consumer, message in pairs], interval)
    for (consumer, message), outcome in reversed(list(zip(pairs, outcomes, strict=True))):
        crew.score(consumer, outcome)
        if outcome is Outcome.CONFIRMED:
            ports.queued.delete(message)
            continue
        waiting.appendleft(message)
        crew.at = -REFRESH
        if outcome is Outcome.ABSENT:
            consuming.ask(ports, consumer)
        elif outcome is Outcome.REFUSED:
            _complain(ports, consumer, message)


def _discard(ports: Ports, queue: Queue) -> None:
    """A queue without storage keeps nothing for nobody."""
    while not queue.stores and (messages := ports.queued.oldest(queue, ports.clock.now(), limit=BATCH)):
        for message in messages:
            ports.queued.delete(message)


def _complain(ports: Ports, consumer: Consumer, message: QueuedMessage) -> None:
    audit.refuse(
        ports,
        message.tenant,
        at=ports.clock.now(),
        event=message.event,
        reason=f"the broker refused a message of queue {message.queue}; it is kept",
        source={"nodeId": consumer.client, "connector": "mqtt"},
        content={"queue": message.queue},
        category="notification",
        subcategory="fifo",
    )
