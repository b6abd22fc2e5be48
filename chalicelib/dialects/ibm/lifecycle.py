"""Connections of devices and applications, as IoT Core tells them: who subscribed to what, and who is to be told."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

from chalicelib.dialects.ibm import (
    applications,
    behind,
    connections,
    forwarding,
    inventory,
    listening,
    monitoring,
    topics,
)
from chalicelib.dialects.ibm.applications import Application
from chalicelib.dialects.ibm.monitoring import Connection
from chalicelib.dialects.ibm.topics import APPLICATION, GATEWAY
from chalicelib.dialects.topics import Downlink, matches
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.inventory.records import Device
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence import fencing
from chalicelib.fleet.presence.claims import Claim
from chalicelib.fleet.presence.records import Peer, Presence, interface_key
from chalicelib.fleet.queues.rings import Ring

MOST_RETAINED = 500
"""Of how many devices a new subscription gets the last status."""


def observe(ports: Ports, claim: Claim, event: Mapping[str, Any]) -> None:
    """A lifecycle event of a client of this dialect, after the fleet has written down what it means."""
    session, at = str(event.get("sessionIdentifier", "")), int(event["timestamp"])
    if claim.mode != APPLICATION:
        if claim.mode != GATEWAY and event.get("eventType") == "connected":
            behind.alone(ports, claim)
        _device(ports, claim, event, session, at)
        return
    match event.get("eventType"):
        case "connected":
            _came(ports, claim, session, at, str(event.get("ipAddress", "")))
        case "subscribed":
            _subscribed(ports, claim, session, [str(f) for f in event.get("topics", ())])
        case "unsubscribed":
            _unsubscribed(ports, claim, session, {str(f) for f in event.get("topics", ())})
        case "disconnected":
            _left(ports, claim, session, at, str(event.get("disconnectReason", "")))


def fenced(ports: Ports, claim: Claim, at: int) -> None:  # noqa: ARG001 - others say when
    """The client id has been taken from who held that claim: an application is forgotten."""
    if claim.mode == APPLICATION:
        applications.change(ports, claim.tenant, claim.client, lambda _: None)
        listening.settle(ports, claim.tenant)


def _device(ports: Ports, claim: Claim, event: Mapping[str, Any], session: str, at: int) -> None:
    kind = event.get("eventType")
    connections.note(ports, claim.tenant, claim.client, event)
    mailbox = ports.mailboxes.get(claim.tenant, claim.device or "")
    presence = mailbox.presence.get(interface_key(claim.connector, claim.client)) if mailbox else None
    if presence is None:
        return
    status = None
    if kind == "connected" and presence.session == session:
        status = monitoring.connected(_connection(claim.client, claim.username, presence), at)
    elif kind == "disconnected" and presence.session is None and presence.ended == at:
        reason = str(event.get("disconnectReason", ""))
        status = monitoring.disconnected(_connection(claim.client, claim.username, presence), at, reason)
    _tell(ports, claim.tenant, status)


def _came(ports: Ports, claim: Claim, session: str, at: int, address: str) -> None:
    """A resumed session announces no subscriptions, a clean one has lost its own: the broker knows."""
    kept = set(ports.delivery.filters(claim.client) or ())
    roles = _roles(ports, claim)

    def here(known: Application) -> Application:
        if known.ended == session or (known.session not in (None, session) and at < known.since):
            return known
        mine = known.session == session
        rings = {name: known.rings.get(name, Ring()) for name in (kept | (known.rings.keys() if mine else set()))}
        rings = {name: ring for name, ring in rings.items() if topics.is_audible(name, roles)}
        behind = any(not ring.empty for ring in rings.values())
        return replace(
            known, session=session, since=at, address=address, user=claim.username, rings=rings, behind=behind
        )

    application = applications.change(ports, claim.tenant, claim.client, here)
    listening.settle(ports, claim.tenant)
    if application is None or application.session != session:
        return
    if application.behind:
        forwarding.catch_up(ports, claim.tenant, claim.client)
    _tell(ports, claim.tenant, monitoring.connected(_of(application), at))


def _roles(ports: Ports, claim: Claim) -> frozenset[Role]:
    """What the key may hear that the application came in with; a policy of the broker knows patterns, not meanings."""
    key = ports.keys.get(claim.tenant, claim.key) if claim.key is not None else None
    return key.roles if key is not None else frozenset()


def _subscribed(ports: Ports, claim: Claim, session: str, subscribed_to: list[str]) -> None:
    roles = _roles(ports, claim)
    filters = [name for name in subscribed_to if topics.is_audible(name, roles)]

    def subscribed(known: Application) -> Application:
        if known.ended == session:
            return known
        added = {name: known.rings.get(name, Ring()) for name in filters}
        return replace(known, session=session, user=claim.username, rings={**known.rings, **added})

    application = applications.change(ports, claim.tenant, claim.client, subscribed)
    if application is not None and application.session == session:
        _retained(ports, application, filters)
    listening.settle(ports, claim.tenant)


def _unsubscribed(ports: Ports, claim: Claim, session: str, filters: set[str]) -> None:
    def without(known: Application) -> Application:
        if known.session != session:
            return known
        return replace(known, rings={name: ring for name, ring in known.rings.items() if name not in filters})

    applications.change(ports, claim.tenant, claim.client, without)
    listening.settle(ports, claim.tenant)


def _left(ports: Ports, claim: Claim, session: str, at: int, reason: str) -> None:
    # A scalable application has no durable subscriptions.
    durable = not claim.client.startswith("A:") and ports.delivery.filters(claim.client) is not None
    before: list[Application] = []

    def gone(known: Application) -> Application | None:
        before[:] = [known] if known.session == session else []
        if known.session not in (None, session):
            return known
        return replace(known, session=None, ended=session) if durable else None

    application = applications.change(ports, claim.tenant, claim.client, gone)
    listening.settle(ports, claim.tenant)
    if application is None or application.session is None:
        fencing.left(ports, claim)
    for known in before:
        _tell(ports, claim.tenant, monitoring.disconnected(_of(known), at, reason))


def _retained(ports: Ports, application: Application, filters: list[str]) -> None:
    """A new subscription to the status of devices begins with what it is now."""
    if not any(name.endswith("/mon") for name in filters):
        return
    for owned in islice(inventory.every(ports, application.tenant), MOST_RETAINED):
        mailbox = ports.mailboxes.get(application.tenant, owned.device.id)
        for interface in owned.device.interfaces:
            presence = mailbox.presence.get(interface.key) if mailbox else None
            if presence is not None and presence.since is not None:
                last = _last(owned.device, presence)
                if last is not None and any(matches(name, last.topic) for name in filters):
                    forwarding.send(ports, application, last)


def _last(device: Device, presence: Presence) -> Downlink | None:
    connection = monitoring.connection(device, presence)
    if presence.online or presence.ended is None:
        return monitoring.connected(connection, connection.since)
    return monitoring.disconnected(connection, presence.ended, monitoring.NORMAL)


def _connection(client: str, user: str, presence: Presence) -> Connection:
    peer = presence.peer or Peer("")
    return Connection(client, user, peer.address or "", presence.since or 0, secured=peer.secured, level=peer.level)


def _of(application: Application) -> Connection:
    return Connection(application.client, application.user, application.address, application.since)


def _tell(ports: Ports, tenant: str, status: Downlink | None) -> None:
    if status is not None:
        forwarding.forward(ports, tenant, status)
