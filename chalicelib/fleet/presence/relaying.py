"""Reaching devices through gateways.

Whoever finds a gateway absent notes the device first and looks at the gateway once more; the gateway's return is
written first and the notes are read afterwards, both strongly consistent. Whichever way the two meet, one sees the
other, and nothing that waits is forgotten.

A gateway is known by its node. Its client may spell that in several ways: its nodes are reached by the one that is
connected.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from itertools import islice

from chalicelib.fleet.compare_and_set import change_record
from chalicelib.fleet.errors import TemporarilyUnavailable
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.claims import Claim
from chalicelib.fleet.presence.gateways import Gateway, Waiting
from chalicelib.fleet.presence.mailbox import Mailbox
from chalicelib.fleet.presence.records import Capability, Presence, Route, interface_key

_FEW = 20
"""So many devices are woken while the gateway's own event is handled."""


def connected(ports: Ports, claim: Claim, session: str, at: int) -> None:
    gateway = _change(ports, claim, lambda p: p.connected(session, at, claim.generation))
    if gateway.presence.in_doubt:
        _wake_some(ports, gateway)


def subscribed(ports: Ports, claim: Claim, session: str, capabilities: frozenset[str], at: int) -> None:
    gateway = _change(ports, claim, lambda p: p.subscribed(session, capabilities, at, claim.generation))
    if capabilities & gateway.presence.capabilities:
        _wake_some(ports, gateway)


def unsubscribed(ports: Ports, claim: Claim, session: str, capabilities: frozenset[str]) -> None:
    _change(ports, claim, lambda p: p.unsubscribed(session, capabilities))


def disconnected(ports: Ports, claim: Claim, session: str, at: int) -> Presence:
    """Its nodes are out of reach from now on; nothing is written about them."""
    return _change(ports, claim, lambda p: p.disconnected(session, at)).presence


def fenced(ports: Ports, claim: Claim, at: int) -> None:
    """The client id has been taken from the gateway."""
    _change(ports, claim, lambda p: p.ended_by_fence(claim.generation, at))


def route(ports: Ports, mailbox: Mailbox, capability: Capability, connector: str | None = None) -> Route | None:
    """As `Mailbox.route`, through a gateway only while it is connected and listens.

    The session of such a route is the gateway's: what it left unanswered is told again when it comes back.
    """
    return open_route(ports, mailbox, mailbox.routes(capability, connector), capability)


def open_route(ports: Ports, mailbox: Mailbox, routes: Iterable[Route], capability: Capability) -> Route | None:
    """The first of these routes of a mailbox that is open, as `route` says."""
    for found in routes:
        open_ = _through(ports, mailbox, found, capability) if found.relayed else found
        if open_ is not None:
            return open_
    return None


def consult(ports: Ports, tenant: str, device: str, through: Route) -> frozenset[str] | None:
    """What the broker says of a gateway that was thought to be there, written down; None that it is gone."""
    name = _gateway_of(ports.mailboxes.get(tenant, device), through)
    gateway = _ask(ports, tenant, name, through)
    if gateway.presence.online:
        return gateway.presence.capabilities
    return _noted(ports, tenant, device, name)


def note(ports: Ports, mailbox: Mailbox, through: Route) -> None:
    """Let the device be looked at when its gateway comes back, whether something waits for it by then or not."""
    name = _gateway_of(mailbox, through)
    ports.gateways.wait(Waiting(mailbox.tenant, name, mailbox.device, ports.new_id(ports.clock.now())))


def _gateway_of(mailbox: Mailbox | None, through: Route) -> str:
    """What the gateway is known by that a node was to be reached through."""
    node = mailbox.presence.get(interface_key(through.connector, through.node)) if mailbox else None
    return node.client if node is not None and node.relayed else through.client


def seen(ports: Ports, mailbox: Mailbox | None) -> Mailbox | None:
    """The mailbox as a reader is told of it: away are nodes whose gateway is, and who did not renew a registration."""
    return seen_all(ports, {mailbox.device: mailbox})[mailbox.device] if mailbox else None


def seen_all(ports: Ports, mailboxes: Mapping[str, Mailbox]) -> dict[str, Mailbox]:
    """As `seen`, of one tenant's mailboxes by device; each gateway is read once."""
    gateways: dict[str, Gateway | None] = {}
    now = ports.clock.now()
    shown = {device: mailbox.at(now) for device, mailbox in mailboxes.items()}
    for device, mailbox in mailboxes.items():
        for key, presence in mailbox.presence.items():
            if not presence.relayed or not presence.online:
                continue
            if presence.client not in gateways:
                gateways[presence.client] = ports.gateways.get(mailbox.tenant, presence.client)
            gateway = gateways[presence.client]
            behind = _behind(presence, gateway.presence if gateway else None)
            shown[device] = shown[device].with_presence(key, behind)
    return shown


def _behind(node: Presence, gateway: Presence | None) -> Presence:
    if gateway is None or not gateway.online:
        return replace(node, session=None, ended=gateway.ended if gateway else node.since, capabilities=frozenset())
    listening = gateway.remembered if gateway.in_doubt else gateway.capabilities
    return replace(node, capabilities=node.capabilities & listening)


def _through(ports: Ports, mailbox: Mailbox, node: Route, capability: Capability) -> Route | None:
    through = _session(ports, mailbox.tenant, node, capability)
    if through is None and _noted(ports, mailbox.tenant, mailbox.device, node.client) is not None:
        through = _session(ports, mailbox.tenant, node, capability)
    if through is None or through.session is None:
        return None
    return replace(node, client=through.client, session=through.session, heard=through.listening)


def _session(ports: Ports, tenant: str, node: Route, capability: Capability) -> Presence | None:
    """The gateway's presence, if it listens to what that capability is about."""
    gateway = ports.gateways.get(tenant, node.client)
    if gateway is not None and gateway.presence.in_doubt:
        asked = replace(node, client=gateway.presence.client, session=gateway.presence.session or "")
        gateway = _ask(ports, tenant, node.client, asked)
    able = gateway is not None and capability in gateway.presence.capabilities
    if gateway is not None and gateway.presence.lapsed(ports.clock.now()):
        return None
    return gateway.presence if gateway is not None and able else None


def _noted(ports: Ports, tenant: str, device: str, client: str) -> frozenset[str] | None:
    """Note the device, and look whether the gateway came back meanwhile: then what it listens to."""
    ports.gateways.wait(Waiting(tenant, client, device, ports.new_id(ports.clock.now())))
    gateway = ports.gateways.get(tenant, client)
    return gateway.presence.capabilities if gateway is not None and gateway.presence.online else None


def _ask(ports: Ports, tenant: str, name: str, through: Route) -> Gateway:
    capabilities = ports.delivery.capabilities(through)
    now = ports.clock.now()

    def learned(presence: Presence) -> Presence:
        if presence.session != through.session:
            return presence
        if capabilities is None:
            return presence.disconnected(through.session, now)
        return presence.resumed(through.session, capabilities)

    return _update(ports, tenant, name, through.dialect, learned)


def wake(ports: Ports, tenant: str, client: str, until: int) -> None:
    """Deliver to the devices that wait behind a gateway, until the clock shows `until` (ms).

    What is left then goes on in the background. It ends when the gateway is gone: its next return begins again.
    TemporarilyUnavailable where a device could not be woken: its note is kept.
    """
    gateway = ports.gateways.get(tenant, client)
    if gateway is None or not gateway.presence.online:
        return
    for waiting in ports.gateways.waiting(tenant, client):
        _wake(ports, waiting)
        if ports.clock.now() >= until:
            _go_on(ports, gateway)
            return


def _wake_some(ports: Ports, gateway: Gateway) -> None:
    """A few at once; where many wait, all of those in the background, for as long as it takes."""
    waiting = list(islice(ports.gateways.waiting(gateway.tenant, gateway.client), _FEW + 1))
    if len(waiting) > _FEW:
        _go_on(ports, gateway)
        return
    for each in waiting:
        _wake(ports, each)


def _go_on(ports: Ports, gateway: Gateway) -> None:
    if not ports.background.wake(gateway.tenant, gateway.client):
        raise TemporarilyUnavailable("devices behind a gateway could not be woken; it will be tried again")


def _wake(ports: Ports, waiting: Waiting) -> None:
    if not ports.background.deliver(waiting.tenant, waiting.device):
        raise TemporarilyUnavailable("a device could not be woken; it will be tried again")
    # Only this note: whoever delivers may have found the gateway gone again, and written a new one.
    ports.gateways.woken(waiting)


def _change(ports: Ports, claim: Claim, change: Callable[[Presence], Presence]) -> Gateway:
    def changed(presence: Presence) -> Presence:
        after = change(presence)
        return replace(after, client=claim.client) if after.session != presence.session and after.online else after

    return _update(ports, claim.tenant, claim.own_node, claim.dialect, changed)


def _update(ports: Ports, tenant: str, name: str, dialect: str, change: Callable[[Presence], Presence]) -> Gateway:
    def read() -> Gateway:
        return ports.gateways.get(tenant, name) or Gateway(tenant, name, Presence(dialect, name))

    def changed(present: Gateway) -> Gateway:
        return replace(present, presence=change(present.presence))

    # A connection that begins and one that ends are told at the same time: each change builds on the other.
    return change_record(ports, f"gateway {name}", read, ports.gateways.replace, changed)[0]
