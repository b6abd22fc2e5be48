"""A device's mailbox: what waits for it, what is in flight to it, and whether it is there.

Every change is a compare-and-set on `revision`, so the functions here are plain values in, values out. Claiming a
command raises `generation`: whoever holds an older one changes nothing any more.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from chalicelib.fleet.presence.records import Capability, Presence, Route, split_interface_key

LEASE = 55_000
"""How long (ms) a claim may stay without a result before its holder counts as crashed.

More than a function that delivers may run, and less than the minute after which a failed one is tried again: who comes
again finds the claim free.
"""


@dataclass(frozen=True, slots=True)
class Flight:
    """A claimed command: under which generation, since when (ms) and by whom."""

    generation: int
    at: int
    holder: str = ""

    def stale(self, now: int) -> bool:
        return now >= self.at + LEASE

    def slow(self, now: int) -> bool:
        return now >= self.at + LEASE // 4


@dataclass(frozen=True, slots=True)
class Mailbox:
    """`queue` holds the ids of all commands that are not final, oldest first; `flights` those of them now claimed."""

    tenant: str
    device: str
    revision: int = 0
    queue: tuple[str, ...] = ()
    flights: Mapping[str, Flight] = field(default_factory=dict)
    generation: int = 0
    presence: Mapping[str, Presence] = field(default_factory=dict)
    todo: frozenset[str] = frozenset()

    @property
    def online(self) -> bool:
        return any(p.online for p in self.presence.values())

    def enqueue(self, command: str) -> "Mailbox":
        if command in self.queue:
            return self
        return replace(self, queue=tuple(sorted((*self.queue, command))))

    def next_waiting(self) -> str | None:
        return next((c for c in self.queue if c not in self.flights), None)

    def claim(self, command: str, now: int, holder: str = "") -> "Mailbox":
        generation = self.generation + 1
        return replace(self, generation=generation, flights={**self.flights, command: Flight(generation, now, holder)})

    def wants_delivery(self, now: int) -> bool:
        """Whether something waits, or a claim may be one that its holder left behind."""
        return self.next_waiting() is not None or any(flight.stale(now) for flight in self.flights.values())

    def land(self, command: str, generation: int) -> "Mailbox":
        """The claim of that generation is over, the command itself goes on waiting."""
        flight = self.flights.get(command)
        if flight is None or flight.generation != generation:
            return self
        return replace(self, flights={c: f for c, f in self.flights.items() if c != command})

    def remove(self, command: str) -> "Mailbox":
        """The command is final or gone."""
        if command not in self.queue and command not in self.flights:
            return self
        return replace(
            self,
            queue=tuple(c for c in self.queue if c != command),
            flights={c: f for c, f in self.flights.items() if c != command},
        )

    def with_presence(self, key: str, presence: Presence) -> "Mailbox":
        if self.presence.get(key) == presence:
            return self
        return replace(self, presence={**self.presence, key: presence})

    def without_presence(self, key: str) -> "Mailbox":
        return replace(self, presence={k: p for k, p in self.presence.items() if k != key})

    def with_todo(self, *, add: str | None = None, done: str | None = None) -> "Mailbox":
        todo = (self.todo | ({add} if add else set())) - ({done} if done else set())
        return self if todo == self.todo else replace(self, todo=todo)

    def route(self, capability: Capability, connector: str | None = None) -> Route | None:
        """The newest live session that announced the capability; by `connector` alone where one is named."""
        return next(iter(self.routes(capability, connector)), None)

    def routes(self, capability: Capability, connector: str | None = None) -> list[Route]:
        """All of them, the newest first."""
        able = [
            (p.since or 0, key, p)
            for key, p in self.presence.items()
            if p.session and capability in p.capabilities and connector in (None, split_interface_key(key)[0])
        ]
        return [_route(key, presence) for _, key, presence in sorted(able, key=lambda a: a[:2], reverse=True)]

    def may_deliver(self, connector: str, window: int, now: int) -> bool:
        """Whether trying now is worth it: the device is there, or may be, and at most a stale claim blocks the way."""
        fresh = sum(not flight.stale(now) for flight in self.flights.values())
        return fresh < window and self.reachable(connector)

    def reachable(self, connector: str) -> bool:
        """Whether a session takes commands, or may."""
        return self.route(Capability.COMMAND, connector) is not None or bool(self.doubtful())

    def doubtful(self) -> list[tuple[str, Route]]:
        """Live sessions that may have kept subscriptions we were not told of."""
        return [(key, _route(key, p)) for key, p in self.presence.items() if p.in_doubt]


def _route(key: str, presence: Presence) -> Route:
    connector, node = split_interface_key(key)
    return Route(presence.dialect, presence.client, connector, node, presence.session or "", presence.relayed)
