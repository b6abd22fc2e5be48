"""The consumers of a queue as one run of a pump serves them, each in a lane of its own with a few messages under way.

Two direct messages that are under way to one client may overtake each other. Therefore those of one ordering key leave
one after the other, and only those of different keys side by side.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import ceil

from chalicelib.fleet.commands.records import CONFIRMATION
from chalicelib.fleet.ports import Outcome
from chalicelib.fleet.queues.consumers import Consumer
from chalicelib.fleet.queues.records import QueuedMessage

STRIKES = {Outcome.BUSY: 5, Outcome.REFUSED: 1, Outcome.ABSENT: 1}
"""After how many failures in a row a consumer gets nothing more from this run; UNCONFIRMED ones its record counts."""
RATE = 80
"""Messages a second to one connection, over all its queues; a broker that allows 100 is never run into."""
MOST = 32
"""Messages under way at once."""
WINDOW = 8
"""Messages under way at once to a consumer that has acknowledged one: `RATE` at a tenth of a second for each."""
_PATIENCE = CONFIRMATION * 1000


@dataclass(frozen=True, slots=True)
class Flight:
    """A message under way to a consumer, in the session that it was in when the message left (ms)."""

    consumer: Consumer
    message: QueuedMessage
    began: int


@dataclass
class Lane:
    """A consumer and the messages under way to it. Of what it did before it remembers how long that took.

    While messages are under way to an earlier session nothing leaves for this client: what arrives late in the old one
    must not be overtaken in the new one.
    """

    consumer: Consumer
    began: int = 0
    ready: int = 0
    took: int = 0
    flights: dict[str, Flight] = field(default_factory=dict)
    proven: bool = False
    failure: Outcome = Outcome.CONFIRMED
    failures: int = 0
    failed: int = -1

    def meet(self, consumer: Consumer) -> None:
        """The consumer as it is known by now; in another session it begins anew."""
        if consumer.presence.session != self.consumer.presence.session:
            self.failure, self.failures, self.failed, self.took, self.proven = Outcome.CONFIRMED, 0, -1, 0, False
        self.consumer = consumer

    def begin(self, message: QueuedMessage, now: int) -> None:
        self.flights[message.position] = Flight(self.consumer, message, now)
        self.began = now
        self.ready = now + ceil(1000 * len(self.consumer.queues) / RATE)

    def end(self, message: QueuedMessage, outcome: Outcome, now: int) -> Consumer | None:
        """The consumer, if that says something of it.

        Nothing is said by what was under way to an earlier session, nor by what left before the last failure was known
        and fails with it.
        """
        flight = self.flights.pop(message.position)
        if flight.consumer.presence.session != self.consumer.presence.session:
            return None
        self.took = now - flight.began
        self.proven = outcome is Outcome.CONFIRMED
        if self.proven:
            self.failures = 0
        elif outcome is self.failure and flight.began <= self.failed:
            return None
        else:
            self.failures = self.failures + 1 if outcome is self.failure else 1
            self.failed = now
        self.failure = outcome
        return self.consumer

    def takes(self, message: QueuedMessage) -> bool:
        """Whether it overtakes nothing of its ordering key on its way to this consumer."""
        return all(flight.message.ordering != message.ordering for flight in self.flights.values())

    @property
    def has_room(self) -> bool:
        """Whether one more may be under way: several only to who is known to acknowledge."""
        session = self.consumer.presence.session
        if any(flight.consumer.presence.session != session for flight in self.flights.values()):
            return False
        return len(self.flights) < (WINDOW if self.proven and not self.consumer.unanswered else 1)

    @property
    def troubles(self) -> int:
        """Failures in a row."""
        return 0 if self.failure is Outcome.CONFIRMED else self.failures

    def is_out(self) -> bool:
        if self.failure is Outcome.CONFIRMED:
            return False
        if self.failure is Outcome.UNCONFIRMED:
            return self.consumer.mute
        return self.troubles >= STRIKES.get(self.failure, 1)

    def is_free(self, now: int) -> bool:
        return self.has_room and self.ready <= now

    def lasts(self) -> int:
        """How long (ms) its next message may be under way, by what is known of it."""
        return _PATIENCE if self.consumer.unanswered else self.took


@dataclass
class Crew:
    """Lanes by client; `members` are the clients that listen now."""

    lanes: dict[str, Lane] = field(default_factory=dict)
    members: frozenset[str] = frozenset()

    def gather(self, consumers: Iterable[Consumer]) -> None:
        found = {consumer.client: consumer for consumer in consumers}
        for client, consumer in found.items():
            self.lanes.setdefault(client, Lane(consumer)).meet(consumer)
        self.members = frozenset(found)

    def flying(self) -> set[str]:
        """The positions of the messages that are under way."""
        return {position for lane in self.lanes.values() for position in lane.flights}

    def able(self, now: int) -> list[Lane]:
        """Those that may get messages in this run. Who did not acknowledge rests, unless nobody else is there."""
        left = [self.lanes[client] for client in sorted(self.members) if not self.lanes[client].is_out()]
        return [lane for lane in left if not lane.consumer.rests(now)] or left

    def free(self, now: int, until: int) -> list[Lane]:
        """Those that can take a message now, who acknowledges first, who waited longest before others.

        A run ends with the last of its messages. Whoever would hold it up beyond `until` gets none while there are
        others, who would have to wait for it.
        """
        able = self.able(now)
        sure = {id(lane) for lane in able if not lane.consumer.unanswered}
        free = [lane for lane in able if lane.is_free(now) and (now + lane.lasts() <= until or not sure - {id(lane)})]
        return sorted(free, key=lambda lane: (lane.consumer.unanswered, lane.troubles, lane.began))

    def next_ready(self, now: int) -> list[int]:
        """When (ms) the rate allows lanes that wait for nothing else to go on."""
        return [lane.ready for lane in self.able(now) if lane.has_room and lane.ready > now]

    def lane_of(self, message: QueuedMessage) -> Lane:
        return next(lane for lane in self.lanes.values() if message.position in lane.flights)
