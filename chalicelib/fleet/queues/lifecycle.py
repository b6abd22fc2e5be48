"""How queues come and go."""

from dataclasses import replace

from chalicelib.fleet.errors import Forbidden, Invalid, LimitReached, QueueDuplicate
from chalicelib.fleet.fields import Field
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.queues import consuming
from chalicelib.fleet.queues.queues import get
from chalicelib.fleet.queues.records import Queue, checked_name
from chalicelib.fleet.tenancy import quotas, retention
from chalicelib.fleet.tenancy.records import Stored

MIN_BYTES = 524_288
MAX_TTL = 365 * 86_400
MAX_QUEUES = 100


def create(ports: Ports, tenant: str, name: str, *, max_bytes: int | None = None, ttl: int | None = None) -> Queue:
    """A queue that keeps messages `ttl` seconds, at most as long as the tenant's may; who waits for it is served.

    Errors: Invalid, LimitReached, QuotaReached, QueueDuplicate.
    """
    checked_name(name)
    if max_bytes is not None and max_bytes != 0 and max_bytes < MIN_BYTES:
        raise Invalid(f"a queue keeps nothing, or at least {MIN_BYTES} bytes", Field.STORAGE)
    if ttl is not None and not 1 <= ttl <= MAX_TTL:
        raise Invalid(f"a queue keeps its messages 1 to {MAX_TTL} seconds", Field.LIFETIME)
    if len(ports.queues.all(tenant)) >= MAX_QUEUES:
        raise LimitReached(f"a tenant has at most {MAX_QUEUES} queues")
    now = ports.clock.now()
    # Attended until it is known better: whoever subscribed before there was a queue is not found by the sweep.
    keeping = retention.capped(ports, tenant, ttl)
    queue = Queue(tenant, name, ports.new_id(now), now, max_bytes, keeping, attended=True)
    if not quotas.within(ports, tenant, Stored.QUEUES, lambda share: ports.queues.create(queue, share)):
        found = ports.queues.get(tenant, name)
        # A write whose answer was lost on the way is repeated, and then it fails: it was ours all the same.
        if found is None or found.id != queue.id:
            raise QueueDuplicate(f"queue {name} exists already")
    attended = bool(consuming.live(ports, tenant, name)) or not consuming.deserted(ports, tenant, name)
    return replace(queue, attended=attended)


def ensure(ports: Ports, tenant: str, name: str) -> Queue:
    """The queue of that name, made without limits if there is none. Errors: Invalid, LimitReached, QuotaReached."""
    found = ports.queues.get(tenant, checked_name(name))
    if found is not None:
        return found
    try:
        return create(ports, tenant, name)
    except QueueDuplicate:
        # Somebody else made it at the same time.
        return get(ports, tenant, name)


def delete(ports: Ports, tenant: str, name: str, *, force: bool = False) -> None:
    """Remove a queue and its messages. Errors: QueueNotFound, Forbidden (somebody listens and it is not forced)."""
    queue = get(ports, tenant, name)
    if not force and queue.attended and consuming.live(ports, tenant, name):
        raise Forbidden(f"queue {name} has consumers")
    ports.queues.delete(queue, quotas.share(ports, tenant, Stored.QUEUES))
    ports.background.purge(tenant, queue.name, queue.id)
