"""Consumers: application clients, the sessions they are in and the queues they listen to."""

from dataclasses import replace

from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.presence.records import Presence, Route
from chalicelib.fleet.shapes import Extensible

MUTE = 2
"""After how many messages in a row that it did not acknowledge a client rests."""
REST = 60_000
"""How long (ms) it rests while others take its part."""
REMEMBERED = 30 * 86_400
"""Seconds that a client which does not come back is kept in mind; far above the longest connection."""


@dataclass(frozen=True, slots=True)
class Consumer(Extensible):
    """An application client. The capabilities in its `presence` are the names of the queues that it listens to.

    `unanswered` messages in a row it did not acknowledge in its session, the last at `missed` (ms).
    """

    tenant: str
    client: str
    presence: Presence
    updated: int = 0
    revision: int = 0
    unanswered: int = 0
    missed: int = 0

    @property
    def route(self) -> Route:
        return Route(self.presence.dialect, self.client, "", self.client, self.presence.session or "")

    @property
    def queues(self) -> frozenset[str]:
        return self.presence.capabilities if self.presence.online else frozenset()

    def knows(self, queue: str) -> bool:
        """Whether it listens to the queue, or may turn out to."""
        presence = self.presence
        return queue in self.queues or (presence.in_doubt and queue in presence.remembered)

    @property
    def mute(self) -> bool:
        return self.unanswered >= MUTE

    def rests(self, now: int) -> bool:
        return self.mute and now < self.missed + REST

    def now(self, presence: Presence, at: int) -> "Consumer":
        """In a new session nothing is held against it."""
        same = presence.session == self.presence.session
        return replace(self, presence=presence, updated=at, unanswered=self.unanswered if same else 0)

    def missing(self, at: int) -> "Consumer":
        return replace(self, unanswered=self.unanswered + 1, missed=at, updated=at)

    def answering(self, at: int) -> "Consumer":
        return replace(self, unanswered=0, updated=at)


@dataclass(frozen=True, slots=True)
class Link:
    """A hint from a queue to a client that may listen to it; the client's own record is the truth.

    `mark` is new each time the hint is given, so that one given meanwhile is not taken away for an older one.
    """

    tenant: str
    queue: str
    client: str
    mark: str
    at: int
