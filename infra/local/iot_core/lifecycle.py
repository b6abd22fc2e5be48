"""Lifecycle events: what AWS IoT Core publishes about its clients ("Lifecycle events", Developer Guide).

They are JSON messages on `$aws/events/presence/…` and `$aws/events/subscriptions/…`; rules and subscribers get them.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

PRESENCE: Final = "$aws/events/presence/"
SUBSCRIPTIONS: Final = "$aws/events/subscriptions/"
_VERSION_KEPT: Final = 3600.0  # versionNumber starts anew for a client that was away for an hour
_DEPARTURE_KEPT: Final = 1800.0  # GetConnection tells of a disconnect for 30 minutes


class Reason(StrEnum):
    """disconnectReason."""

    AUTH_ERROR = "AUTH_ERROR"
    CLIENT_INITIATED_DISCONNECT = "CLIENT_INITIATED_DISCONNECT"
    CLIENT_ERROR = "CLIENT_ERROR"
    CONNECTION_LOST = "CONNECTION_LOST"
    DUPLICATE_CLIENTID = "DUPLICATE_CLIENTID"
    FORBIDDEN_ACCESS = "FORBIDDEN_ACCESS"
    MQTT_KEEP_ALIVE_TIMEOUT = "MQTT_KEEP_ALIVE_TIMEOUT"
    SERVER_ERROR = "SERVER_ERROR"
    SERVER_INITIATED_DISCONNECT = "SERVER_INITIATED_DISCONNECT"
    API_INITIATED_DISCONNECT = "API_INITIATED_DISCONNECT"
    THROTTLED = "THROTTLED"
    WEBSOCKET_TTL_EXPIRATION = "WEBSOCKET_TTL_EXPIRATION"
    CUSTOMAUTH_TTL_EXPIRATION = "CUSTOMAUTH_TTL_EXPIRATION"


@dataclass(frozen=True, slots=True)
class Subject:
    """The connection an event is about."""

    client_id: str
    principal: str
    session_identifier: str
    ip_address: str
    version: int = 0
    tenant: str | None = None  # whose the client is, where the authorizer tells

    @property
    def announced(self) -> bool:
        """A client id with a wildcard in it would make the event's topic illegal: such clients have no events."""
        return "+" not in self.client_id and "#" not in self.client_id


Event = tuple[str, dict[str, Any]]  # topic and JSON


def _event(subject: Subject, kind: str, at: int) -> dict[str, Any]:
    return {
        "clientId": subject.client_id,
        "timestamp": at,
        "eventType": kind,
        "sessionIdentifier": subject.session_identifier,
        "principalIdentifier": subject.principal,
    }


def connected(subject: Subject, at: int, told: Mapping[str, Any]) -> Event:
    """`told` is what only this broker tells, and IoT Core does not."""
    event = _event(subject, "connected", at) | {"ipAddress": subject.ip_address, "versionNumber": subject.version}
    return f"{PRESENCE}connected/{subject.client_id}", {**event, **told}


def disconnected(subject: Subject, at: int, reason: Reason) -> Event:
    event = _event(subject, "disconnected", at) | {
        "ipAddress": subject.ip_address,
        "clientInitiatedDisconnect": reason is Reason.CLIENT_INITIATED_DISCONNECT,
        "disconnectReason": str(reason),
        "versionNumber": subject.version,
    }
    return f"{PRESENCE}disconnected/{subject.client_id}", event


def connect_failed(subject: Subject, at: int) -> Event:
    event = _event(subject, "connect_failed", at) | {
        "ipAddress": subject.ip_address,
        "connectFailureReason": "AUTHORIZATION_FAILED",
    }
    return f"{PRESENCE}connect_failed/{subject.client_id}", event


def subscribed(subject: Subject, at: int, topics: Sequence[str]) -> Event:
    event = _event(subject, "subscribed", at) | {"topics": list(topics)}
    return f"{SUBSCRIPTIONS}subscribed/{subject.client_id}", event


def unsubscribed(subject: Subject, at: int, topics: Sequence[str]) -> Event:
    event = _event(subject, "unsubscribed", at) | {"topics": list(topics)}
    return f"{SUBSCRIPTIONS}unsubscribed/{subject.client_id}", event


def subscribe_refused(subject: Subject, at: int, topics: Sequence[str]) -> Event:
    """Of our own, for lenient mode: IoT Core tells nobody but the client, and MQTT 3.1.1 has no word for why."""
    event = _event(subject, "subscribe_refused", at) | {"topics": list(topics)}
    return f"{SUBSCRIPTIONS}subscribe_refused/{subject.client_id}", event


@dataclass(frozen=True, slots=True)
class Departure:
    """A client that has gone; `at` is in milliseconds since the epoch, `monotonic` in seconds."""

    version: int
    at: int
    reason: Reason
    clean_session: bool
    keep_alive: int
    monotonic: float


class Departures:
    """Remembers, oldest first, who left and when: for versionNumber and for GetConnection."""

    def __init__(self, most: int | None = None) -> None:
        """`most` is how many at a time, of whom the oldest are forgotten first."""
        self._left: OrderedDict[str, Departure] = OrderedDict()
        self._most = most

    def add(self, client_id: str, departure: Departure) -> None:
        self._left[client_id] = departure
        self._left.move_to_end(client_id)
        if self._most is not None and len(self._left) > self._most:
            self._left.popitem(last=False)

    def next_version(self, client_id: str, now: float) -> int:
        """The versionNumber of a connection that begins now."""
        left = self._left.get(client_id)
        return left.version + 1 if left is not None and now - left.monotonic < _VERSION_KEPT else 0

    def recent(self, client_id: str, now: float) -> Departure | None:
        left = self._left.get(client_id)
        return left if left is not None and now - left.monotonic < _DEPARTURE_KEPT else None

    def forget(self, now: float) -> None:
        while self._left:
            client_id, oldest = next(iter(self._left.items()))
            if now - oldest.monotonic < _VERSION_KEPT:
                return
            del self._left[client_id]

    def __len__(self) -> int:
        return len(self._left)
