"""Lifecycle events of IoT Core: `$aws/events/presence/…` and `$aws/events/subscriptions/…`, as AWS writes them."""

from typing import Any

from chalicelib.dialects import registry
from chalicelib.dialects.topics import announced
from chalicelib.fleet import connecting, consuming, relaying
from chalicelib.fleet.claims import Claim
from chalicelib.fleet.ports import Ports


def handle(ports: Ports, event: dict[str, Any]) -> None:
    claim = ports.claims.get(str(event["clientId"]))
    if claim is None:
        return
    session, at = str(event.get("sessionIdentifier", "")), int(event["timestamp"])
    if any(t.queues and t.mode == claim.mode for t in registry.topics(claim.dialect).TOPICS):
        _consumer(ports, claim, event, session, at)
    elif claim.device is None and claim.connector:
        _gateway(ports, claim, event, session, at)
    else:
        _device(ports, claim, event, session, at)
    observer = registry.observer(claim.dialect)
    if observer is not None:
        observer.observe(ports, claim, event)


def _device(ports: Ports, claim: Claim, event: dict[str, Any], session: str, at: int) -> None:
    match event.get("eventType"):
        case "connected":
            connecting.connected(ports, claim, session, at, event.get("ipAddress"))
        case "disconnected":
            connecting.disconnected(ports, claim, session, at)
        case "subscribed":
            connecting.subscribed(ports, claim, session, _announced(claim, event), at)
        case "unsubscribed":
            connecting.unsubscribed(ports, claim, session, _announced(claim, event))


def _gateway(ports: Ports, claim: Claim, event: dict[str, Any], session: str, at: int) -> None:
    match event.get("eventType"):
        case "connected":
            relaying.connected(ports, claim, session, at)
        case "disconnected":
            relaying.disconnected(ports, claim, session, at)
        case "subscribed":
            relaying.subscribed(ports, claim, session, _announced(claim, event), at)
        case "unsubscribed":
            relaying.unsubscribed(ports, claim, session, _announced(claim, event))


def _consumer(ports: Ports, claim: Claim, event: dict[str, Any], session: str, at: int) -> None:
    match event.get("eventType"):
        case "connected":
            consuming.connected(ports, claim, session, at)
        case "disconnected":
            consuming.disconnected(ports, claim, session, at)
        case "subscribed":
            consuming.subscribed(ports, claim, session, _announced(claim, event), at)
        case "unsubscribed":
            consuming.unsubscribed(ports, claim, session, _announced(claim, event))


def _announced(claim: Claim, event: dict[str, Any]) -> frozenset[str]:
    return announced(registry.topics(claim.dialect).TOPICS, event.get("topics", ()), claim.mode)
