"""A device's mailbox: what waits for it, what is in flight to it, and whether it is there.

Every change is a compare-and-set on `revision`, so the functions here are plain values in, values out. Claiming a
command raises `generation`: whoever holds an older one changes nothing any more.
"""

from collections.abc import Mapping
from dataclasses import field, replace

from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.presence.records import MQTT, Capability, Presence, Route, split_interface_key
from chalicelib.fleet.shapes import Extensible

LEASE = 35_000
"""How long (ms) a claim may stay without a result before its holder counts as crashed.

More than a function that delivers may run, and less than the minute after which a failed one is tried again: who comes
again finds the claim free.
"""


_SWEPT = 180_000
"""Milliseconds after which the sweep has looked at a command whose attempt had no end."""
_COUNTED = 96
"""Bytes of the names of streams that are counted in the mailbox, which is to stay small."""
USUAL = MQTT
"""The line of a command that none is noted of."""
_REMEMBERED = 4
RECALLED = "*"
"""The session of a flight whose command is to be sent again to whichever is there."""
ANY = "*"
"""The line of those that name no connector."""


def line_named(connector: str | None) -> str:
    return ANY if connector is None else connector


@dataclass(frozen=True, slots=True)
class Flight(Extensible):
    """A claimed command: under which generation, since when (ms) and by whom.

    `via` is the connector that it went by, where its command names none. `session` is told where whoever comes with
    another one is to get the command again; it is RECALLED where the device has asked for that.
    """

    generation: int
    at: int
    holder: str = ""
    via: str = ""
    session: str = ""

    def stale(self, now: int) -> bool:
        return now >= self.at + LEASE

    def abandoned(self, now: int) -> bool:
        """Whether its holder may have died, and nobody has looked after that yet, as the sweep does in the end."""
        return self.stale(now) and now < self.at + LEASE + _SWEPT

    def slow(self, now: int) -> bool:
        return now >= self.at + LEASE // 4


@dataclass(frozen=True, slots=True)
class Watch(Extensible):
    """Somebody has to know when the device is silent for `span` (s), since `since` (ms).

    It is `silent` where it was found to be so, and was not heard since.
    """

    span: int
    since: int
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Counted(Extensible):
    """So many messages of a device in a stream, and when (ms) the last one came."""

    messages: int
    last: int

    def plus(self, other: "Counted") -> "Counted":
        return replace(self, messages=self.messages + other.messages, last=max(self.last, other.last))


@dataclass(frozen=True, slots=True)
class Mailbox(Extensible):
    """`queue` holds the ids of all commands that are not final, oldest first; `flights` those of them now claimed.

    They stand in a line for each connector, so that one which is away holds up nothing of the others. `lines` says who
    stands where, but for the usual one: a mailbox up to 1 KB costs one write unit. `ended` remembers what the last
    commands were about that were told apart by that alone, and what ended them. `versions` are numbers, by what they
    are of, that only grow: whoever asks whether something is new for the device reads nothing else.

    `counted` are messages, by stream, that its writes took along, so that they need not be counted by one of their own.
    """

    tenant: str
    device: str
    revision: int = 0
    queue: tuple[str, ...] = ()
    lines: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    flights: Mapping[str, Flight] = field(default_factory=dict)
    generation: int = 0
    presence: Mapping[str, Presence] = field(default_factory=dict)
    todo: frozenset[str] = frozenset()
    ended: Mapping[str, str] = field(default_factory=dict)
    watches: Mapping[str, Watch] = field(default_factory=dict)
    versions: Mapping[str, int] = field(default_factory=dict)
    counted: Mapping[str, Counted] = field(default_factory=dict)

    @property
    def online(self) -> bool:
        return any(p.online for p in self.presence.values())

    def line(self, command: str) -> str:
        for name, ids in self.lines.items():
            if command in ids:
                return name
        return USUAL

    def enqueue(self, command: str, connector: str | None = USUAL) -> "Mailbox":
        if command in self.queue:
            return self
        name, queue = line_named(connector), tuple(sorted((*self.queue, command)))
        if name == USUAL:
            return replace(self, queue=queue)
        return replace(self, queue=queue, lines={**self.lines, name: (*self.lines.get(name, ()), command)})

    def heads(self) -> list[tuple[str, str]]:
        """The line and the id of each command that is first in its line, but for those in flight; the oldest first."""
        first: dict[str, str] = {}
        for command in self.queue:
            if command not in self.flights:
                first.setdefault(self.line(command), command)
        return list(first.items())

    def length(self, connector: str | None) -> int:
        """How many are there that may go by it, waiting or in flight."""
        names = {line_named(connector), ANY}
        return sum(self.line(command) in names for command in self.queue)

    def flying(self, connector: str, fresh: int | None = None) -> int:
        """How many claims went by it; without those that are stale at `fresh` (ms)."""
        return sum(
            (flight.via or self.line(command)) == connector and not (fresh is not None and flight.stale(fresh))
            for command, flight in self.flights.items()
        )

    def latest(self, connector: str) -> str | None:
        """The command that was claimed last to go by it, of those in flight."""
        by_it = {c: f.generation for c, f in self.flights.items() if (f.via or self.line(c)) == connector}
        return max(by_it, key=by_it.__getitem__, default=None)

    def claim(self, command: str, now: int, holder: str = "", *, via: str = "", session: str = "") -> "Mailbox":
        """For `via` the connector of the route; it is noted only where the line does not say it."""
        generation = self.generation + 1
        flight = Flight(generation, now, holder, "" if via == self.line(command) else via, session)
        return replace(self, generation=generation, flights={**self.flights, command: flight})

    def wants_delivery(self, now: int) -> bool:
        """Whether something waits, or a claim may be one that its holder left behind."""
        waits = any(command not in self.flights for command in self.queue)
        return waits or any(flight.stale(now) for flight in self.flights.values())

    def land(self, command: str, generation: int) -> "Mailbox":
        """The claim of that generation is over, the command itself goes on waiting."""
        flight = self.flights.get(command)
        if flight is None or flight.generation != generation:
            return self
        return replace(self, flights={c: f for c, f in self.flights.items() if c != command})

    def settled(self, command: str, generation: int) -> "Mailbox":
        """The claim of that generation stays, whoever comes with another session."""
        flight = self.flights.get(command)
        if flight is None or flight.generation != generation or not flight.session:
            return self
        return replace(self, flights={**self.flights, command: replace(flight, session="")})

    def recalled(self) -> "Mailbox":
        """Whatever its device may not have begun is to be sent again, to the same session, too."""
        asked = {c: replace(f, session=RECALLED) if f.session else f for c, f in self.flights.items()}
        return self if asked == self.flights else replace(self, flights=asked)

    def resumed(self, command: str, generation: int, now: int) -> "Mailbox":
        """A command that is out under that generation has its claim back."""
        if command not in self.queue or command in self.flights:
            return self
        return replace(self, flights={**self.flights, command: Flight(generation, now)})

    def remove(self, command: str, ended: tuple[str, str] | None = None) -> "Mailbox":
        """The command is final or gone; `ended` is what it was about, and what has ended it."""
        if command not in self.queue and command not in self.flights:
            return self
        known = self if ended is None else replace(self, ended=_latest(self.ended, *ended))
        return replace(
            known,
            queue=tuple(c for c in self.queue if c != command),
            lines=_without(self.lines, command),
            flights={c: f for c, f in self.flights.items() if c != command},
        )

    def with_presence(self, key: str, presence: Presence) -> "Mailbox":
        if self.presence.get(key) == presence:
            return self
        return replace(self, presence={**self.presence, key: presence})

    def at(self, now: int) -> "Mailbox":
        """As a reader is told of it: who did not renew a registration is away, who is asleep is so."""
        mailbox = self
        for key, presence in self.presence.items():
            if presence.registration is not None:
                mailbox = mailbox.with_presence(key, presence.seen(now))
        return mailbox

    def without_presence(self, key: str) -> "Mailbox":
        return replace(self, presence={k: p for k, p in self.presence.items() if k != key})

    def with_todo(self, *, add: str | None = None, done: str | None = None) -> "Mailbox":
        todo = (self.todo | ({add} if add else set())) - ({done} if done else set())
        return self if todo == self.todo else replace(self, todo=todo)

    def version(self, of: str) -> int:
        """0 where there never was one."""
        return self.versions.get(of, 0)

    def with_version(self, of: str, number: int) -> "Mailbox":
        """With that version, unless a later one is known."""
        return self if number <= self.version(of) else replace(self, versions={**self.versions, of: number})

    def watched(self, watches: Mapping[str, Watch]) -> "Mailbox":
        return replace(self, watches=watches)

    def counting(self, counts: Mapping[str, Counted]) -> "Mailbox":
        """With what more there is of `counts`; streams whose names are too long together are left out."""
        taken = dict(self.counted)
        for stream, more in counts.items():
            if stream in taken:
                taken[stream] = taken[stream].plus(more)
            elif len("".join((*taken, stream)).encode()) <= _COUNTED:
                taken[stream] = more
        return replace(self, counted=taken)

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

    def command_routes(self, connector: str | None) -> list[Route]:
        """By which a command may go; where none is known, those of sessions that are in doubt."""
        return self.routes(Capability.COMMAND, connector) or [route for _, route in self.doubtful(connector)]

    def reachable(self, connector: str | None) -> bool:
        """Whether a session takes commands, or may."""
        return bool(self.command_routes(connector))

    def doubtful(self, connector: str | None = None) -> list[tuple[str, Route]]:
        """Live sessions that may have kept subscriptions we were not told of."""
        return [
            (key, _route(key, p))
            for key, p in self.presence.items()
            if p.in_doubt and connector in (None, split_interface_key(key)[0])
        ]


def _latest(ended: Mapping[str, str], about: str, by: str) -> Mapping[str, str]:
    others = {name: event for name, event in ended.items() if name != about}
    kept = dict(sorted(others.items(), key=lambda one: one[1])[-(_REMEMBERED - 1) :])
    return {**kept, about: max(by, ended.get(about, ""))}


def _without(lines: Mapping[str, tuple[str, ...]], command: str) -> Mapping[str, tuple[str, ...]]:
    if not lines:
        return lines
    left = {name: tuple(c for c in ids if c != command) for name, ids in lines.items()}
    return {name: ids for name, ids in left.items() if ids}


def _route(key: str, presence: Presence) -> Route:
    connector, node = split_interface_key(key)
    return Route(
        presence.dialect,
        presence.client,
        connector,
        node,
        presence.session or "",
        presence.relayed,
        # What a node listens to is what its gateway does.
        frozenset() if presence.relayed else presence.listening,
    )
