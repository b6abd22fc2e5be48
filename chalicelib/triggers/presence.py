"""Lifecycle events of IoT Core: `$aws/events/presence/…` and `$aws/events/subscriptions/…`, as AWS writes them."""

from typing import Any, Protocol

from chalicelib.dialects import registry
from chalicelib.dialects.topics import announced
from chalicelib.fleet import connecting, consuming, relaying
from chalicelib.fleet.claims import Claim
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence import Peer


class Keeper(Protocol):
    """Who keeps what is known of the sessions of one kind of client."""

    def connected(self, ports: Ports, claim: Claim, session: str, at: int, /) -> object: ...
    def disconnected(self, ports: Ports, claim: Claim, session: str, at: int, /) -> object: ...
    def subscribed(self, ports: Ports, claim: Claim, session: str, announced: frozenset[str], at: int, /) -> object: ...
    def unsubscribed(self, ports: Ports, claim: Claim, session: str, announced: frozenset[str], /) -> object: ...


def handle(ports: Ports, event: dict[str, Any]) -> None:
    claim = ports.claims.get(str(event["clientId"]))
    if claim is None:
        return
    session, at = str(event.get("sessionIdentifier", "")), int(event["timestamp"])
    keeper = _keeper(claim)
    match event.get("eventType"):
        case "connected" if keeper is connecting:
            connecting.connected(ports, claim, session, at, _told(event))
        case "connected":
            keeper.connected(ports, claim, session, at)
        case "disconnected":
            keeper.disconnected(ports, claim, session, at)
        case "subscribed":
            keeper.subscribed(ports, claim, session, _announced(claim, event), at)
        case "unsubscribed":
            keeper.unsubscribed(ports, claim, session, _announced(claim, event))
    observer = registry.observer(claim.dialect)
    if observer is not None:
        observer.observe(ports, claim, event)


def _told(event: dict[str, Any]) -> Peer:
    """IoT Core tells the address; our own broker also what the client said in its CONNECT and TLS agreed on."""
    return Peer(
        "",
        keep_alive=event.get("keepAliveDuration"),
        address=event.get("ipAddress"),
        port=event.get("sourcePort"),
        level=event.get("mqttLevel"),
        protocol=event.get("tlsVersion"),
        cipher=event.get("tlsCipher"),
    )


def _keeper(claim: Claim) -> Keeper:
    if any(t.queues and t.mode == claim.mode for t in registry.topics(claim.dialect).TOPICS):
        return consuming
    if claim.device is None and claim.connector:
        return relaying
    return connecting


def _announced(claim: Claim, event: dict[str, Any]) -> frozenset[str]:
    return announced(registry.topics(claim.dialect).TOPICS, event.get("topics", ()), claim.mode)
