"""Subscriptions: what somebody who asks now and then is told, kept for as long as they come back.

Long polls, live views and sessions of a broker's own are one organ: a session has channels, and one bounded buffer for
all that is told on them. Nothing is kept for nobody: without a session that has the channel, telling it costs what it
takes to look (a dialect asks only where a policy of its own says that somebody listens).

What was handed over is removed when the session asks again and does not say that it never came.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from chalicelib.fleet.compare_and_set import change_record, new_draw
from chalicelib.fleet.documents import Record
from chalicelib.fleet.errors import LimitReached, SubscriptionNotFound
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.queues import rings
from chalicelib.fleet.queues.rings import Buffer, Ring
from chalicelib.fleet.shapes import Extensible, Kind
from chalicelib.fleet.tenancy import audit

MOST = 500
"""Sessions of one dialect that a tenant may have."""
BUFFER = 1_000
"""Messages of a session that wait at the same time."""
MOST_CHANNELS = 200
_SHARE_OF_LIFE = 8
"""A session that asks is written down as alive once in so many parts of how long it lasts."""
_BEFORE = "!"
"""Sorts before every id: first pages alone are kept in a cache."""
_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Subscription(Extensible):
    """A session of a dialect: `owner` is whose it is, `channels` are opaque, it `ends` (ms) `lasting` after it asked.

    `handed` are positions of what was given last, `lost` how much went because nobody came for it.
    """

    tenant: str
    dialect: str
    id: str
    owner: str
    lasting: int
    ends: int
    channels: frozenset[str] = frozenset()
    ring: Ring = Ring()
    handed: tuple[str, ...] = ()
    lost: int = 0
    revision: int = 0


SUBSCRIPTION = Kind(Subscription, frozenset({"tenant", "dialect", "id", "revision"}))


def open_(ports: Ports, tenant: str, dialect: str, identifier: str, owner: str, lasting: int) -> Subscription:
    """A new session, which ends `lasting` ms after it was heard last. Errors: LimitReached."""
    now = ports.clock.now()
    present = every(ports, tenant, dialect, fresh=True)
    if sum(one.ends > now for one in present) >= MOST:
        raise LimitReached(f"there are {MOST} sessions already")
    for one in present:
        if one.ends <= now:
            _forget(ports, one)
    made = Subscription(tenant, dialect, identifier, owner, lasting, now + lasting)
    ports.records.create(_record(made))
    return made


def get(ports: Ports, tenant: str, dialect: str, identifier: str) -> Subscription:
    """Errors: SubscriptionNotFound, also of one that has ended."""
    found = _read(ports, tenant, dialect, identifier)
    if found is None or found.ends <= ports.clock.now():
        raise SubscriptionNotFound("there is no such session, or it has ended")
    return found


def every(ports: Ports, tenant: str, dialect: str, *, fresh: bool = False) -> list[Subscription]:
    """Also those that have ended; as known a moment ago, unless they have to be `fresh`."""
    after = _BEFORE if fresh else None
    page = ports.records.page(tenant, _kind(dialect), after=after, limit=MOST)
    return [_load(record, dialect) for record in page.items]


def listen(ports: Ports, session: Subscription, channels: frozenset[str]) -> Subscription:
    """With those channels as well. Errors: SubscriptionNotFound, LimitReached."""

    def listening(present: Subscription) -> Subscription:
        wanted = present.channels | channels
        if len(wanted) > MOST_CHANNELS:
            raise LimitReached(f"a session has at most {MOST_CHANNELS} channels")
        return replace(present, channels=wanted)

    return _change(ports, session, listening)


def ignore(ports: Ports, session: Subscription, channels: frozenset[str]) -> Subscription:
    """Without those channels; what was told on them stays. Errors: SubscriptionNotFound."""
    return _change(ports, session, lambda present: replace(present, channels=present.channels - channels))


def close(ports: Ports, session: Subscription) -> None:
    """With all that waits for it; again changes nothing."""
    _forget(ports, session)


def tell(
    ports: Ports, tenant: str, dialect: str, channels: Callable[[str], bool], body: Callable[[str], Any]
) -> list[str]:
    """Put a message into the buffer of each session that has one of the channels; which sessions that were.

    `body` makes the message as it is told on the first of a session's channels, in order, that fits.
    """
    now, told = ports.clock.now(), []
    for session in every(ports, tenant, dialect):
        fitting = sorted(channel for channel in session.channels if channels(channel)) if session.ends > now else []
        told += [session.id for channel in fitting if _put(ports, session, body(channel))]
    return told


def take(
    ports: Ports,
    tenant: str,
    dialect: str,
    identifier: str,
    limit: int,
    *,
    confirmed: bool = True,
    most: int = 1_000_000,
) -> list[Any]:
    """What waits for a session, oldest first. What it was given the last time it has, unless that is not `confirmed`.

    No more than `limit` messages, and `most` characters of JSON where there are several. Errors: SubscriptionNotFound.
    """
    session = get(ports, tenant, dialect, identifier)
    buffer = _buffer(session)
    had = session.handed if confirmed else ()
    for place in had:
        rings.drop(ports, buffer, place)
    found = list(_fitting(islice(rings.waiting(ports, buffer), limit), most))
    given = tuple(place for place, _ in found)
    now = ports.clock.now()
    soon = session.ends < now + session.lasting - session.lasting // _SHARE_OF_LIFE
    if given != session.handed or soon:

        def handed(present: Subscription) -> Subscription:
            ring = present.ring
            for place in had:
                ring = ring.past(int(place))
            return replace(present, ring=ring, handed=given, ends=now + present.lasting)

        _change(ports, session, handed)
    return [body for _, body in found]


def waits(ports: Ports, session: Subscription) -> bool:
    """Whether there is anything that it was not given yet."""
    return any(place not in session.handed for place, _ in rings.waiting(ports, _buffer(session)))


def _fitting(found: Iterable[tuple[str, Any]], most: int) -> Iterator[tuple[str, Any]]:
    size = 0
    for place, body in found:
        length = len(json.dumps(body))
        if size and size + length > most:
            return
        size += length
        yield place, body


def _put(ports: Ports, session: Subscription, body: Any) -> bool:
    before, draw = Ring(), new_draw(ports)
    lost = False

    def drawn(present: Subscription) -> Subscription:
        nonlocal before, lost
        before, after = present.ring, present.ring.drawn(BUFFER, draw)
        dropped = after.first - before.first
        lost = bool(dropped) and not present.lost
        return replace(present, ring=after, lost=present.lost + dropped)

    try:
        present = _change(ports, session, drawn)
    except SubscriptionNotFound:
        return False
    rings.put(ports, _buffer(present), before, present.ring, body)
    if lost:
        _complain(ports, present)
    return True


def _complain(ports: Ports, session: Subscription) -> None:
    now = ports.clock.now()
    audit.refuse(
        ports,
        session.tenant,
        at=now,
        event=ports.new_id(now),
        reason=f"a session did not come for what waits for it: of {BUFFER} messages the oldest ones go",
        source={"client": session.id},
        content={"owner": session.owner},
    )


def _change(ports: Ports, session: Subscription, change: Callable[[Subscription], Subscription]) -> Subscription:
    def write(old: Subscription, new: Subscription) -> bool:
        # Whoever tells, asks and subscribes at the same time has read the same: one of them writes.
        return ports.records.replace(_record(old), _record(replace(new, revision=old.revision)))

    def read() -> Subscription | None:
        return _read(ports, session.tenant, session.dialect, session.id)

    after, _ = change_record(ports, f"session {session.id}", read, write, change)
    if after is None:
        raise SubscriptionNotFound("there is no such session, or it has ended")
    return after


def _forget(ports: Ports, session: Subscription) -> None:
    ports.records.delete(session.tenant, _kind(session.dialect), session.id)
    rings.clear(ports, _buffer(session))


def _read(ports: Ports, tenant: str, dialect: str, identifier: str) -> Subscription | None:
    record = ports.records.get(tenant, _kind(dialect), identifier)
    return _load(record, dialect) if record is not None else None


def _buffer(session: Subscription) -> Buffer:
    """What is left of a session that nobody closed is forgotten with it."""
    return Buffer(session.tenant, f"{session.dialect}.told {session.id}", session.ends // 1000 + _DAY)


def _kind(dialect: str) -> str:
    return f"{dialect}.sessions"


def _record(session: Subscription) -> Record:
    expires = session.ends // 1000 + _DAY
    body = SUBSCRIPTION.body(session)
    return Record(session.tenant, _kind(session.dialect), session.id, body, session.revision, expires)


def _load(record: Record, dialect: str) -> Subscription:
    return SUBSCRIPTION.read(record.body, tenant=record.tenant, dialect=dialect, id=record.id, revision=record.revision)


def owned(sessions: Sequence[Subscription], owner: str) -> Iterator[Subscription]:
    """Those of one owner, the one that asked longest ago first."""
    return iter(sorted((one for one in sessions if one.owner == owner), key=lambda one: one.ends))
