"""Message queues of a tenant: kept until acknowledged, shared among consumers, bounded in bytes and in time."""

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chalicelib.fleet.errors import Forbidden, Invalid, LimitReached, QueueDuplicate, QueueNotFound
from chalicelib.fleet.ids import first_id
from chalicelib.fleet.tenancy import quotas, retention
from chalicelib.fleet.tenancy.settings import Stored

if TYPE_CHECKING:
    from chalicelib.fleet.access.keys import ApiKey
    from chalicelib.fleet.ports import Ports

MAX_NAME = 251
"""Characters; with the longest prefix that a dialect sets before it, a topic still has at most 256 bytes."""
NAME = re.compile(rf"[A-Za-z\d\-_~]{{1,{MAX_NAME}}}", re.ASCII)
MIN_BYTES = 524_288
MAX_TTL = 365 * 86_400
MAX_QUEUES = 100
MAX_PAYLOAD = 128 * 1024
"""Bytes; what a broker carries in one message."""
LEASE = 30_000
"""How long (ms) a pump holds a queue unless it says so again; longer than the longest wait for an acknowledgement."""


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue and how it stands.

    `max_bytes` None is unlimited, 0 keeps nothing while nobody listens; `ttl` is in seconds, None for ever. `number`
    and `total` count the messages and bytes ever taken in, `tail` the bytes before the oldest that may still be there.
    `attended` says that somebody may listen; until `leased_until` (ms) `holder` delivers. `id` tells a queue from an
    earlier one of the same name.
    """

    tenant: str
    name: str
    id: str
    created: int
    max_bytes: int | None = None
    ttl: int | None = None
    number: int = 0
    total: int = 0
    tail: int = 0
    attended: bool = False
    holder: str | None = None
    leased_until: int = 0

    @property
    def stores(self) -> bool:
        return self.max_bytes != 0

    def leased(self, now: int) -> bool:
        return self.holder is not None and now < self.leased_until

    def first_position(self, now: int) -> str:
        """Below it are only messages that are too old by now."""
        return "" if self.ttl is None else first_id(now - self.ttl * 1000)


@dataclass(frozen=True, slots=True)
class QueuedMessage:
    """A message in a queue.

    `position` orders it: by arrival, then by `number`. `event` tells a repeated event from two. `total` is what the
    queue had taken in with it (bytes).
    """

    tenant: str
    queue: str
    queue_id: str
    position: str
    event: str
    payload: bytes
    number: int
    total: int
    expires: int | None = None

    @property
    def start(self) -> int:
        return self.total - len(self.payload)


@dataclass(frozen=True, slots=True)
class Depth:
    """How much waits in a queue. With several consumers it is an upper bound: they do not finish in order."""

    messages: int
    bytes: int


def position(at: int, number: int) -> str:
    return f"{first_id(at)[:11]}{number:013x}"


def checked_name(name: str, field: str = "name") -> str:
    """The name, if it is one of a queue. Errors: Invalid."""
    if not NAME.fullmatch(name):
        raise Invalid(f"{field} has 1 to {MAX_NAME} letters, digits, hyphens, underscores and tildes", field)
    return name


def ensure_within(key: "ApiKey", name: str) -> None:
    """Errors: Forbidden (the key names queues, and not this one)."""
    if key.queues and name not in key.queues:
        raise Forbidden(f"this API key is not for queue {name}")


def create(ports: "Ports", tenant: str, name: str, *, max_bytes: int | None = None, ttl: int | None = None) -> Queue:
    """A queue that keeps messages `ttl` seconds, at most as long as the tenant's may; who waits for it is served.

    Errors: Invalid, LimitReached, QuotaReached, QueueDuplicate.
    """
    from chalicelib.fleet.queues import consuming

    checked_name(name)
    if max_bytes is not None and max_bytes != 0 and max_bytes < MIN_BYTES:
        raise Invalid(f"maxLengthBytes is 0 for no storage, or at least {MIN_BYTES}", "maxLengthBytes")
    if ttl is not None and not 1 <= ttl <= MAX_TTL:
        raise Invalid(f"messageTtl is 1 to {MAX_TTL} seconds", "messageTtl")
    if len(ports.queues.all(tenant)) >= MAX_QUEUES:
        raise LimitReached(f"a tenant has at most {MAX_QUEUES} queues")
    now = ports.clock.now()
    # Attended until it is known better: whoever subscribed before there was a queue is not found by the sweep.
    keeping = retention.capped(ports, tenant, ttl)
    queue = Queue(tenant, name, ports.new_id(now), now, max_bytes, keeping, attended=True)
    if not quotas.within(ports, tenant, Stored.QUEUES, lambda share: ports.queues.create(queue, share)):
        raise QueueDuplicate(f"queue {name} exists already")
    attended = bool(consuming.live(ports, tenant, name)) or not consuming.deserted(ports, tenant, name)
    return replace(queue, attended=attended)


def ensure(ports: "Ports", tenant: str, name: str) -> Queue:
    """The queue of that name, made without limits if there is none. Errors: Invalid, LimitReached, QuotaReached."""
    found = ports.queues.get(tenant, checked_name(name))
    if found is not None:
        return found
    try:
        return create(ports, tenant, name)
    except QueueDuplicate:
        # Somebody else made it at the same time.
        return get(ports, tenant, name)


def get(ports: "Ports", tenant: str, name: str) -> Queue:
    """Errors: QueueNotFound."""
    queue = ports.queues.get(tenant, name)
    if queue is None:
        raise QueueNotFound(f"queue {name} not found")
    return queue


def delete(ports: "Ports", tenant: str, name: str, *, force: bool = False) -> None:
    """Remove a queue and its messages. Errors: QueueNotFound, Forbidden (somebody listens and it is not forced)."""
    from chalicelib.fleet.queues import consuming

    queue = get(ports, tenant, name)
    if not force and queue.attended and consuming.live(ports, tenant, name):
        raise Forbidden(f"queue {name} has consumers")
    ports.queues.delete(queue, quotas.share(ports, tenant, Stored.QUEUES))
    ports.background.purge(tenant, queue.name, queue.id)


def depth(ports: "Ports", queue: Queue) -> Depth:
    """Two reads, however much waits."""
    oldest = ports.queued.oldest(queue, ports.clock.now(), limit=1)
    newest = ports.queued.newest(queue)
    if not oldest or newest is None:
        return Depth(0, 0)
    return Depth(max(1, newest.number - oldest[0].number + 1), max(len(newest.payload), newest.total - oldest[0].start))
