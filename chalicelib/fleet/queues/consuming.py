"""Broker events of application clients: who listens to which queue.

The client's record is written first, the queue's hint at it second, `attended` third and the wake-up last; a pump that
finds nobody looks in the opposite order. Whichever way the two meet, one of them sees the other.
"""

from collections.abc import Callable, Iterable

from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.compare_and_set import change_record
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.claims import Claim
from chalicelib.fleet.presence.records import Presence
from chalicelib.fleet.queues import publishing
from chalicelib.fleet.queues.consumers import Consumer, Link


def connected(ports: Ports, claim: Claim, session: str, at: int) -> None:
    """A bare connection listens to nothing, unless it resumed a session that did: the pump will ask."""
    consumer = _change(ports, claim, lambda p: p.connected(session, at, claim.generation))
    if consumer.presence.session == session and consumer.presence.in_doubt:
        _announce(ports, claim, consumer.presence.remembered)


def subscribed(ports: Ports, claim: Claim, session: str, queues: frozenset[str], at: int) -> None:
    consumer = _change(ports, claim, lambda p: p.subscribed(session, queues, at, claim.generation))
    _announce(ports, claim, queues & consumer.queues)


def unsubscribed(ports: Ports, claim: Claim, session: str, queues: frozenset[str]) -> None:
    _change(ports, claim, lambda p: p.unsubscribed(session, queues))


def disconnected(ports: Ports, claim: Claim, session: str, at: int) -> Presence:
    return _change(ports, claim, lambda p: p.disconnected(session, at)).presence


def fenced(ports: Ports, claim: Claim, at: int) -> None:
    """The client id has been taken from the application."""
    _change(ports, claim, lambda p: p.ended_by_fence(claim.generation, at))


def live(ports: Ports, tenant: str, queue: str) -> list[Consumer]:
    """Who listens to the queue now and may; hints that lead nowhere are dropped."""
    found = []
    for link in ports.consumers.links(tenant, queue):
        consumer = ports.consumers.get(tenant, link.client)
        if consumer is None or not consumer.knows(queue):
            ports.consumers.unlink(link)
            continue
        if consumer.presence.in_doubt:
            consumer = ask(ports, consumer)
        if queue in consumer.queues and _may(ports, consumer, queue):
            found.append(consumer)
    return found


def deserted(ports: Ports, tenant: str, queue: str) -> bool:
    """Note that nobody listens to the queue; False if somebody does after all, who is noted then."""
    ports.queues.attend(tenant, queue, attended=False)
    # Whoever subscribed between the look before and our note has been overwritten by it.
    if not live(ports, tenant, queue):
        return True
    return ports.queues.attend(tenant, queue, attended=True) is None


def ask(ports: Ports, consumer: Consumer) -> Consumer:
    """What the broker itself says of a session: gone, or listening to these queues."""
    route = consumer.route
    queues = ports.delivery.capabilities(route)
    now = ports.clock.now()

    def learned(presence: Presence) -> Presence:
        if presence.session != route.session:
            return presence
        if queues is None:
            return presence.disconnected(route.session, now)
        return presence.resumed(route.session, queues)

    return _update(ports, consumer.tenant, consumer.client, consumer.presence.dialect, learned)


def note(ports: Ports, consumer: Consumer, *, acknowledged: bool) -> Consumer:
    """Keep in mind whether the client acknowledged a message, for the runs that come; writes only what is news."""
    if acknowledged and not consumer.unanswered:
        return consumer
    now = ports.clock.now()

    def noted(known: Consumer) -> Consumer:
        # What was under way to an earlier session says nothing of the present one.
        if known.presence.session != consumer.presence.session:
            return known
        return known.answering(now) if acknowledged else known.missing(now)

    return _write(ports, consumer.tenant, consumer.client, consumer.presence.dialect, noted)


def _announce(ports: Ports, claim: Claim, queues: Iterable[str]) -> None:

    now = ports.clock.now()
    for name in sorted(queues):
        ports.consumers.link(Link(claim.tenant, name, claim.client, ports.new_id(now), now))
        queue = ports.queues.attend(claim.tenant, name, attended=True)
        if queue is not None:
            publishing.wake(ports, queue)


def _change(ports: Ports, claim: Claim, change: Callable[[Presence], Presence]) -> Consumer:
    return _update(ports, claim.tenant, claim.client, claim.dialect, change)


def _update(ports: Ports, tenant: str, client: str, dialect: str, change: Callable[[Presence], Presence]) -> Consumer:
    def changed(known: Consumer) -> Consumer:
        presence = change(known.presence)
        return known if presence == known.presence and known.revision else known.now(presence, ports.clock.now())

    return _write(ports, tenant, client, dialect, changed)


def _write(ports: Ports, tenant: str, client: str, dialect: str, change: Callable[[Consumer], Consumer]) -> Consumer:
    def read() -> Consumer:
        return ports.consumers.get(tenant, client) or Consumer(tenant, client, Presence(dialect, client))

    # A connection that begins and one that ends are told at the same time: each change builds on the other.
    return change_record(ports, f"the consumer {client}", read, ports.consumers.replace, change)[0]


def _may(ports: Ports, consumer: Consumer, queue: str) -> bool:
    """Its key is still good and still reaches that queue, whatever it was when the connection was made."""
    claim = ports.claims.get(consumer.client)
    if claim is None or claim.key is None or claim.tenant != consumer.tenant:
        return False
    key = ports.keys.get(consumer.tenant, claim.key)
    if key is None or not key.usable(ports.clock.now()) or Role.BUS_R not in key.roles:
        return False
    return not key.queues or queue in key.queues
