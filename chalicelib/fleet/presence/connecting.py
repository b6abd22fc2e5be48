"""Broker events of a claimed client, written to its device's mailbox."""

from collections.abc import Callable
from dataclasses import replace

from chalicelib.fleet.errors import TemporarilyUnavailable
from chalicelib.fleet.events import routing
from chalicelib.fleet.events.events import DeviceStatus
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence import hearing, relaying, silences
from chalicelib.fleet.presence.changing import change_heard, change_mailbox
from chalicelib.fleet.presence.claims import Claim
from chalicelib.fleet.presence.mailbox import Mailbox
from chalicelib.fleet.presence.records import MINUTE, Peer, Presence, Route, interface_key


def connected(ports: Ports, claim: Claim, session: str, at: int, told: Peer | None = None) -> None:
    """`told` is what the broker tells of the client itself."""
    peer = _peer(claim) if told is None else _peer(claim).known_as(told)
    mailbox = _began(
        ports, claim, session, lambda p: p.connected(session, at, claim.generation).with_peer(session, peer)
    )
    _tell(ports, claim, mailbox, session, at, online=True)
    if mailbox is not None and mailbox.doubtful():
        _wake(ports, mailbox)


def subscribed(ports: Ports, claim: Claim, session: str, capabilities: frozenset[str], at: int) -> None:
    """The client listens on the topics that announce these capabilities: what waits for them may go."""
    peer = _peer(claim)
    mailbox = _began(
        ports,
        claim,
        session,
        lambda p: p.subscribed(session, capabilities, at, claim.generation).with_peer(session, peer),
    )
    if mailbox is not None and capabilities:
        _wake(ports, mailbox)


def unsubscribed(ports: Ports, claim: Claim, session: str, capabilities: frozenset[str]) -> None:
    _change(ports, claim, lambda p: p.unsubscribed(session, capabilities))


def disconnected(ports: Ports, claim: Claim, session: str, at: int) -> None:
    mailbox = _change(ports, claim, lambda p: p.disconnected(session, at))
    _tell(ports, claim, mailbox, session, at, online=False)


def fenced(ports: Ports, claim: Claim, at: int) -> None:
    """The client id has been taken from the device: it is away, and late events of its connections change nothing."""
    before: list[Presence] = []

    def over(presence: Presence) -> Presence:
        before[:] = [presence]
        return presence if presence.relayed else presence.ended_by_fence(claim.generation, at)

    mailbox = _change(ports, claim, over)
    if mailbox is not None and before[0].session is not None and not before[0].relayed:
        status = DeviceStatus(mailbox.device, claim.connector, claim.own_node, online=False)
        routing.status(ports, claim.tenant, status, before[0].session, at)


def contact(ports: Ports, claim: Claim, at: int, seen: Mailbox | None = None) -> Mailbox | None:
    """The device was heard at `at`: written if that is to be known, as `hearing` says, and its messages with it.

    `seen` is what an earlier contact returned: while nobody else writes the mailbox, it saves the read.
    """
    if claim.device is None:
        return None
    key = claim.interface

    def heard(mailbox: Mailbox) -> Mailbox:
        presence = mailbox.presence.get(key) or Presence(claim.dialect, claim.client)
        rest = hearing.interval(ports, mailbox) if presence.online else MINUTE
        return mailbox.with_presence(key, presence.heard(at, rest))

    return silences.returned(ports, change_heard(ports, claim.tenant, claim.device, heard, seen=seen))


def ask(ports: Ports, mailbox: Mailbox, connector: str | None = None) -> bool:
    """A resumed session announces nothing: let the broker say what it is subscribed to. True if that was something."""
    answers = [consult(ports, mailbox.tenant, mailbox.device, route) for _, route in mailbox.doubtful(connector)]
    return any(answers)


def consult(ports: Ports, tenant: str, device: str, route: Route) -> frozenset[str] | None:
    """What the broker says of one session, written down: what it listens to, or None that it is gone."""
    if route.relayed:
        return relaying.consult(ports, tenant, device, route)
    key = interface_key(route.connector, route.node)
    capabilities = ports.delivery.capabilities(route)
    now = ports.clock.now()

    def learned(mailbox: Mailbox) -> Mailbox:
        presence = mailbox.presence.get(key)
        if presence is None or presence.session != route.session:
            return mailbox
        if capabilities is None:
            return mailbox.with_presence(key, presence.disconnected(route.session, now, heard=False))
        return mailbox.with_presence(key, presence.resumed(route.session, capabilities))

    change_mailbox(ports, tenant, device, learned)
    return capabilities


def _tell(ports: Ports, claim: Claim, mailbox: Mailbox | None, session: str, at: int, *, online: bool) -> None:
    """Tell a change of status, if this event made the present one: a late or repeated event tells nothing new."""
    key = claim.interface
    presence = mailbox.presence.get(key) if mailbox is not None else None
    if presence is None or mailbox is None:
        return
    ours = presence.session == session if online else presence.session is None and presence.ended == at
    if ours:
        status = DeviceStatus(mailbox.device, claim.connector, claim.own_node, online)
        routing.status(ports, claim.tenant, status, session, at)


def _change(
    ports: Ports, claim: Claim, change: Callable[[Presence], Presence], seen: Mailbox | None = None
) -> Mailbox | None:
    if claim.device is None:
        return None
    key = claim.interface

    def apply(mailbox: Mailbox) -> Mailbox:
        presence = mailbox.presence.get(key) or Presence(claim.dialect, claim.client)
        return mailbox.with_presence(key, change(presence))

    return change_mailbox(ports, claim.tenant, claim.device, apply, seen=seen)


def _began(ports: Ports, claim: Claim, session: str, change: Callable[[Presence], Presence]) -> Mailbox | None:
    """A session of the device itself. Where its client spells the node in another way than before, that one is over."""
    over: set[str] = set()

    def began(presence: Presence) -> Presence:
        over.clear()
        itself = _itself(presence, claim)
        after = change(itself)
        if after.session != session or after.client == claim.client:
            return after
        if itself.session is not None:
            over.add(itself.client)
        return replace(after, client=claim.client)

    mailbox = silences.returned(ports, _change(ports, claim, began))
    for client in over:
        ports.background.disconnect(client, claim.tenant)
    return mailbox


def _itself(presence: Presence, claim: Claim) -> Presence:
    """What a gateway said of a node is over when the node connects by itself."""
    return Presence(claim.dialect, claim.client, fenced=presence.fenced) if presence.relayed else presence


def _peer(claim: Claim) -> Peer:
    return Peer(
        key=claim.key,
        username=claim.username,
        server_name=claim.server_name,
        certificate=claim.certificate,
        secured=claim.secured,
        keep_alive=claim.keep_alive,
    )


def _wake(ports: Ports, mailbox: Mailbox) -> None:
    """Where something waits; a claim, too, as who delivers looks whether its holder has crashed.

    TemporarilyUnavailable if that cannot be started: nothing else may come that wakes the device.
    """
    if (mailbox.queue or mailbox.todo) and not ports.background.deliver(mailbox.tenant, mailbox.device):
        raise TemporarilyUnavailable("a device could not be woken; it will be tried again")
