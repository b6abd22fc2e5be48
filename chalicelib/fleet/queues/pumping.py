"""Delivering a queue to its consumers: one pump a queue, held by a lease; a few messages under way to each consumer.

A consumer gets the next message of a device after it acknowledged the last one, so with one consumer the order of each
device is kept; messages of several devices go on side by side, as do several consumers, and none waits for another. A
pump that lets go looks once more afterwards: whoever published or subscribed meanwhile saw the lease and left it to the
pump.
"""

from bisect import insort
from dataclasses import dataclass, field
from enum import Enum, auto

from chalicelib.fleet.ports import Dispatch, Outcome, Ports
from chalicelib.fleet.presence.records import MQTT
from chalicelib.fleet.queues import consuming
from chalicelib.fleet.queues.consumer_groups import MOST, Crew, Lane
from chalicelib.fleet.queues.consumers import Consumer
from chalicelib.fleet.queues.records import LEASE, Queue, QueuedMessage
from chalicelib.fleet.tenancy import audit
from chalicelib.fleet.tenancy.records import Cause

BATCH = 100
AHEAD = 300
"""How many waiting messages a pump knows at most while it looks for one that needs not wait for another."""
REFRESH = 5_000
"""How old (ms) a pump's knowledge of the consumers may become."""
RENEWAL = 5_000
"""How often (ms) a pump renews its lease."""
POLL = 100
"""How often (ms) it looks for more while messages are under way and others could take some."""
POLL_AHEAD = 1_000
"""The same while messages wait, but all behind one of their device."""


class End(Enum):
    EMPTY = auto()
    DESERTED = auto()
    STUCK = auto()
    OUT_OF_TIME = auto()
    LOST = auto()


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
        if not _anything_came(ports, queue, end):
            return


def _anything_came(ports: Ports, queue: Queue, end: End) -> bool:
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
    with ports.delivery.dispatch() as dispatch:
        return _Run(ports, queue, holder, until, dispatch).go()


@dataclass
class _Run:
    """One hold of the lease. `waiting` are the oldest messages in their order, without those under way."""

    ports: Ports
    queue: Queue
    holder: str
    until: int
    dispatch: Dispatch
    crew: Crew = field(default_factory=Crew)
    waiting: list[QueuedMessage] = field(default_factory=list)
    held: int = 0
    lost: bool = False
    gathered: int = 0
    polled: int = 0

    def go(self) -> End:
        self.held = self.ports.clock.now()
        while True:
            # One look at the clock for both: who becomes ready between two would be seen by neither.
            now = self.ports.clock.now()
            end = self._step(now)
            if end is not None and not self.crew.flying():
                if end is End.DESERTED:
                    _discard(self.ports, self.queue)
                return end
            for message, outcome in self.dispatch.ended(self._pause(now)):
                self._land(message, outcome)

    def _step(self, now: int) -> End | None:
        """Why nothing more leaves, or None once all have left that could."""
        if now >= self.held + RENEWAL:
            self.lost = self.lost or not _hold(self.ports, self.queue, self.holder)
            self.held = now
        if self.lost:
            return End.LOST
        if now >= self.until:
            return End.OUT_OF_TIME
        if now >= self.gathered + REFRESH:
            self.crew.gather(consuming.live(self.ports, self.queue.tenant, self.queue.name))
            self.gathered = now
        if not self.crew.members:
            return End.DESERTED
        if not self.crew.able(now):
            return End.STUCK
        return self._hand_out(now)

    def _hand_out(self, now: int) -> End | None:
        lanes = self.crew.free(now, self.until)
        for lane in lanes[: MOST - len(self.crew.flying())]:
            message = self._next(lane, now)
            if message is not None:
                lane.begin(message, now)
                self.dispatch.send(lane.consumer.route, message)
            elif not self.waiting:
                break
        if self.crew.flying() or self.crew.next_ready(now):
            return None
        # Nobody is left who could be done in time, or nothing to be done.
        return End.EMPTY if lanes else End.OUT_OF_TIME

    def _next(self, lane: Lane, now: int) -> QueuedMessage | None:
        while True:
            for index, message in enumerate(self.waiting):
                if lane.takes(message):
                    return self.waiting.pop(index)
            if not self._look(now):
                return None

    def _look(self, now: int) -> bool:
        """Whether more was found; while messages are under way the table is asked only so often."""
        flying = self.crew.flying()
        again = self._again()
        if flying and (again is None or now < again):
            return False
        known = flying | {message.position for message in self.waiting}
        # What was published late may stand before what we know: unless it is only about more, we begin at the front.
        after = max(known) if self.waiting else ""
        found = self.ports.queued.oldest(self.queue, now, limit=BATCH + (0 if after else len(known)), after=after)
        new = [message for message in found if message.position not in known]
        self.waiting += new
        self.polled = 0 if new else now
        return bool(new)

    def _again(self) -> int | None:
        """When (ms) to look for more while messages are under way; None if enough are known."""
        if len(self.waiting) >= AHEAD:
            return None
        return self.polled and self.polled + (POLL_AHEAD if self.waiting else POLL)

    def _pause(self, now: int) -> int:
        """Until something is to be done even if no acknowledgement comes (ms)."""
        moments = [self.held + RENEWAL, *self.crew.next_ready(now)]
        again = self._again()
        if again and len(self.crew.flying()) < MOST and self.crew.free(now, self.until):
            moments.append(again)
        if now < self.until:
            moments.append(self.until)
        return max(1, min(moments) - now)

    def _land(self, message: QueuedMessage, outcome: Outcome) -> None:
        """What was not acknowledged goes back to its place."""
        lane, now = self.crew.lane_of(message), self.ports.clock.now()
        consumer = lane.end(message, outcome, now)
        if outcome is Outcome.CONFIRMED:
            self.ports.queued.delete(message)
        else:
            insort(self.waiting, message, key=lambda m: m.position)
            self.gathered = -REFRESH
        if consumer is None:
            return
        match outcome:
            case Outcome.CONFIRMED | Outcome.UNCONFIRMED:
                known = consuming.note(self.ports, consumer, acknowledged=outcome is Outcome.CONFIRMED)
                lane.meet(known)
            case Outcome.ABSENT:
                consuming.ask(self.ports, consumer)
            case Outcome.REFUSED:
                _complain(self.ports, consumer, message)


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
        source={"client": consumer.client, "connector": MQTT},
        content={"queue": message.queue},
        cause=Cause.QUEUE,
        way=None,
    )
