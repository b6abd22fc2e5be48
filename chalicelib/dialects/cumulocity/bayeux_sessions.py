"""Sessions of clients of Bayeux: whose each is, what it listens to, and what it was given.

A session belongs to who has opened it: it is found among that principal's alone, and its id begins with a digest of
theirs, so that somebody else's is told from one that has ended without a read.
"""

import hashlib
from collections.abc import Callable
from dataclasses import replace

from chalicelib.fleet.access.callers import Caller
from chalicelib.fleet.access.callers import Kind as CallerKind
from chalicelib.fleet.errors import Forbidden, SubscriptionNotFound
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.shapes import Extensible, Kind
from chalicelib.fleet.typed_records import TypedRecords

LASTING = 2 * 3_600_000
"""Milliseconds after its last request that a session ends."""
MOST = 10
"""Sessions of a principal at one endpoint; the oldest one goes for another."""
_DAY = 86_400
_MARK, _LENGTH = 8, 33
_WRITTEN_ONCE_IN = LASTING // 8


@dataclass(frozen=True, slots=True)
class Session(Extensible):
    """Times in ms: it was `opened`, something happened at `active`, it `ends`, and counts as connected until `there`.

    `channels` are as they were subscribed to, without the slash. `given` are commands that it has and that are open,
    `sent` those of them in its last answer, which nobody has confirmed yet, `last` the id of the message that asked for
    that, `again` how often it was asked for once more.
    """

    id: str
    endpoint: str
    opened: int
    active: int
    ends: int
    there: int = 0
    channels: frozenset[str] = frozenset()
    given: tuple[str, ...] = ()
    sent: tuple[str, ...] = ()
    last: str = ""
    again: int = 0


SESSION = Kind(Session)
_SESSIONS = TypedRecords("cumulocity.bayeux", SESSION, expires=lambda session: session.ends // 1000 + _DAY)


def owner(caller: Caller) -> str:
    """What sessions of the caller are kept under, the same however they prove who they are."""
    if caller.user is not None:
        return _digest(caller.tenant, f"user {caller.user}")
    if caller.name is not None:
        return _digest(caller.tenant, f"{caller.kind} {caller.name}")
    return _digest(caller.tenant, f"key {caller.key.id}" if caller.key is not None else str(caller.kind))


def owner_of_device(tenant: str, name: str) -> str:
    """The same of the device of that user name."""
    return _digest(tenant, f"{CallerKind.DEVICE} {name}")


def _digest(tenant: str, principal: str) -> str:
    return hashlib.sha256(f"{tenant} {principal}".encode()).hexdigest()[:32]


def open_(ports: Ports, caller: Caller, endpoint: str) -> tuple[Session, list[Session]]:
    """A new session, and those that went for it."""
    now, kept = ports.clock.now(), _SESSIONS.of(owner(caller))
    every = sorted(kept.every(ports, caller.tenant), key=lambda one: one.opened)
    there = [one for one in every if one.endpoint == endpoint and one.ends > now]
    gone = [*(one for one in every if one.ends <= now), *there[: max(len(there) - MOST + 1, 0)]]
    for one in gone:
        kept.delete(ports, caller.tenant, one.id)
    identifier = owner(caller)[:_MARK] + ports.chance(_LENGTH - _MARK).hex()[: _LENGTH - _MARK]
    session = Session(identifier, endpoint, now, now, now + LASTING)
    kept.create(ports, caller.tenant, identifier, session)
    return session, gone


def get(ports: Ports, caller: Caller, endpoint: str, identifier: str) -> Session:
    """Errors: SubscriptionNotFound, Forbidden (it is somebody else's)."""
    if len(identifier) == _LENGTH and not identifier.startswith(owner(caller)[:_MARK]):
        raise Forbidden("this session belongs to somebody else")
    found = _SESSIONS.of(owner(caller)).get(ports, caller.tenant, identifier) if identifier else None
    if found is None or found.endpoint != endpoint or found.ends <= ports.clock.now():
        raise SubscriptionNotFound("there is no such session, or it has ended")
    return found


def change(ports: Ports, caller: Caller, session: Session, changed: Callable[[Session], Session]) -> Session:
    """Errors: SubscriptionNotFound, Contended."""
    # Two requests of one client cross on the way: each begins with what the other has left.
    after = _SESSIONS.of(owner(caller)).change(ports, caller.tenant, session.id, changed)
    if after is None:
        raise SubscriptionNotFound("there is no such session, or it has ended")
    return after


def kept_alive(session: Session, now: int, there: int) -> Session:
    """As it is when it asks at `now`, to come again before `there`: written only where that tells much."""
    alive = session if session.ends - now > LASTING - _WRITTEN_ONCE_IN else replace(session, ends=now + LASTING)
    # Every other poll: until then it was to come again anyway.
    return alive if alive.there >= now + (there - now) // 2 else replace(alive, there=there, ends=now + LASTING)


def close(ports: Ports, caller: Caller, session: Session) -> None:
    """Again changes nothing."""
    _SESSIONS.of(owner(caller)).delete(ports, caller.tenant, session.id)


def there(ports: Ports, tenant: str, owner_: str, channel: str) -> int:
    """Until when (ms) a session of that owner counts as connected that listens there; 0 where none does."""
    every = _SESSIONS.of(owner_).every(ports, tenant)
    return max((one.there for one in every if channel in one.channels), default=0)
