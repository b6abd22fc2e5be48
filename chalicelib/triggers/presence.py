"""Lifecycle events of IoT Core: `$aws/events/presence/…` and `$aws/events/subscriptions/…`, as AWS writes them."""

from typing import Any, Protocol

from chalicelib.dialects import registry
from chalicelib.dialects.topics import announced
from chalicelib.fleet import ids
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence import connecting, fencing, holding, relaying
from chalicelib.fleet.presence.claims import Claim
from chalicelib.fleet.presence.records import MQTT, Peer, Presence
from chalicelib.fleet.queues import consuming
from chalicelib.fleet.tenancy import audit


class Keeper(Protocol):
    """Who keeps what is known of the sessions of one kind of client."""

    def connected(self, ports: Ports, claim: Claim, session: str, at: int, /) -> object: ...
    def disconnected(self, ports: Ports, claim: Claim, session: str, at: int, /) -> Presence | None: ...
    def subscribed(self, ports: Ports, claim: Claim, session: str, announced: frozenset[str], at: int, /) -> object: ...
    def unsubscribed(self, ports: Ports, claim: Claim, session: str, announced: frozenset[str], /) -> object: ...


def handle(ports: Ports, event: dict[str, Any]) -> None:
    if "clientId" not in event:
        # A connection that failed before its client had a name is nobody's.
        return
    client, at = str(event["clientId"]), int(event["timestamp"])
    principal, kind = str(event.get("principalIdentifier", "")), event.get("eventType")
    held = holding.of(ports, client, at, principal)
    if held is None:
        content, identifier = {"event": kind}, ids.repeatable_id(at, f"{client} {kind} {principal}")
        holding.drop(ports, client, principal, at=at, event=identifier, content=content)
        return
    if held.present:
        _happened(ports, held.claim, event, at)
    elif kind == "disconnected":
        _moved_on(ports, held.claim, event, at)
        _happened(held.ports(ports), held.claim, event, at)


def _happened(ports: Ports, claim: Claim, event: dict[str, Any], at: int) -> None:
    """To a client under this claim; of one that was before only the end counts: else it is over, or about to be."""
    session = str(event.get("sessionIdentifier", ""))
    for keeper in _keepers(claim):
        _kept(ports, keeper, claim, event, session, at)
    match event.get("eventType"):
        case "disconnected":
            _record(ports, claim, event, session, at)
        case "connect_failed":
            _shut_out(ports, claim, event, at)
        case "subscribe_refused":
            _unheard(ports, claim, event, session, at)
    observer = registry.observer(claim.dialect)
    if observer is not None:
        observer.observe(ports, claim, event)


def _kept(ports: Ports, keeper: Keeper, claim: Claim, event: dict[str, Any], session: str, at: int) -> None:
    match event.get("eventType"):
        case "connected" if keeper is connecting:
            connecting.connected(ports, claim, session, at, _told(event))
        case "connected":
            keeper.connected(ports, claim, session, at)
        case "disconnected":
            known = keeper.disconnected(ports, claim, session, at)
            if known is not None and not known.online:
                fencing.left(ports, claim)
        case "subscribed":
            keeper.subscribed(ports, claim, session, _announced(claim, event), at)
        case "unsubscribed":
            keeper.unsubscribed(ports, claim, session, _announced(claim, event))


_CLOSED_FOR = {
    "AUTH_ERROR": "it did what it may not, or its credential was refused when the broker asked again",
    "CLIENT_ERROR": "it did something that the broker does not take: a payload, topic or packet beyond its limits",
    "FORBIDDEN_ACCESS": "it published or subscribed where it may not, or published with RETAIN",
    "THROTTLED": "it exceeded a limit of the broker",
    "SERVER_ERROR": "a message of it could not be kept",
}
"""Reasons of the broker's to close a connection that the client could do something about."""

_SHOWN = 256
"""Characters of a topic filter; those of a dialect are shorter."""


def _record(ports: Ports, claim: Claim, event: dict[str, Any], session: str, at: int) -> None:
    """What the broker refuses reaches no function of ours: the end of the connection is all that tells of it."""
    reason = str(event.get("disconnectReason", ""))
    if reason in _CLOSED_FOR:
        audit.refuse(
            ports,
            claim.tenant,
            at=at,
            event=ids.repeatable_id(at, f"{session} {reason}"),
            reason=f"the broker closed the connection: {_CLOSED_FOR[reason]} ({reason})",
            source={"connector": claim.connector or MQTT, "client": claim.client},
            content={"disconnectReason": reason},
        )


def _shut_out(ports: Ports, claim: Claim, event: dict[str, Any], at: int) -> None:
    """The authorizer let it in, as its principal says, and the broker did not: nothing else tells of that."""
    reason, principal = str(event.get("connectFailureReason", "")), event.get("principalIdentifier")
    # Who was refused by the authorizer may be anybody, and was told to whoever its credential names.
    if reason == "AUTHORIZATION_FAILED" and principal == claim.named():
        audit.refuse(
            ports,
            claim.tenant,
            at=at,
            event=ids.repeatable_id(at, f"{claim.client} {reason}"),
            reason=f"the broker refused the connection: its will is on a topic that it may not publish on ({reason})",
            source={"connector": claim.connector or MQTT, "client": claim.client},
            content={"connectFailureReason": reason},
        )


def _unheard(ports: Ports, claim: Claim, event: dict[str, Any], session: str, at: int) -> None:
    """A broker of our own tells which filters it refused; of IoT Core nobody but the client hears that."""
    filters = [str(name)[:_SHOWN] for name in event.get("topics", ())]
    audit.refuse(
        ports,
        claim.tenant,
        at=at,
        event=ids.repeatable_id(at, f"{session} {filters}"),
        reason=f"the broker refused to subscribe it to {', '.join(map(repr, filters))}: "
        "its mode, or its API key, is given other topics",
        source={"connector": claim.connector or MQTT, "client": claim.client},
        content={"topics": filters},
    )


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


def _moved_on(ports: Ports, former: Claim, event: dict[str, Any], at: int) -> None:
    """A device's interface that moved took its session along: its end is the new device's too."""
    claim = ports.claims.current(former.client)
    if claim is not None and claim.settled and claim.device is not None and claim.tenant == former.tenant:
        connecting.disconnected(ports, claim, str(event.get("sessionIdentifier", "")), at)


def _keepers(claim: Claim) -> tuple[Keeper, ...]:
    """A device that is a gateway as well is both: what it is itself first, then what others reach through it."""
    if any(t.queues and t.mode == claim.mode for t in registry.topics(claim.dialect).TOPICS):
        return (consuming,)
    if claim.device is None and claim.connector:
        return (relaying,)
    return (connecting, relaying) if claim.relays else (connecting,)


def _announced(claim: Claim, event: dict[str, Any]) -> frozenset[str]:
    return announced(registry.topics(claim.dialect).TOPICS, event.get("topics", ()), claim.mode)
