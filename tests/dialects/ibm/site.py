"""An organization seen from the broker: clients come in, publish and leave through the triggers; ports in memory."""

import base64
import json
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from chalicelib.fleet.tenancy.records import AuditEntry
from chalicelib.triggers import authorizer, presence, uplink
from tests.dialects.ibm.client import Client

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:homeport-dev-authorizer"
_numbers = count()


@dataclass
class Site:
    """`client` is the organization's REST client; `sessions` who is connected, with its session's id."""

    client: Client = field(default_factory=Client)
    sessions: dict[str, str] = field(default_factory=dict)

    @property
    def org(self) -> str:
        return self.client.org

    def knock(self, client: str, username: str, password: str, *, address: str | None = None) -> dict[str, Any]:
        """`address` is what a broker of ours tells, and IoT Core does not."""
        mqtt = {"username": username, "password": base64.b64encode(password.encode()).decode(), "clientId": client}
        event: dict[str, Any] = {
            "protocols": ["tls", "mqtt"],
            "protocolData": {"tls": {"serverName": "x"}, "mqtt": mqtt},
        }
        if address is not None:
            event["clientAddress"] = address
        return authorizer.handle(self.client.ports, event, ARN)

    def device(self, type_: str = "pump", id_: str = "p1") -> str:
        """A registered and connected device."""
        token = self.client.registered(type_, id_)
        name = f"d:{self.org}:{type_}:{id_}"
        assert self.knock(name, "use-token-auth", token)["isAuthenticated"]
        self.connect(name)
        return name

    def application(self, name: str, *filters: str, durable: bool = False) -> str:
        """A connected application with these subscriptions."""
        client = f"a:{self.org}:{name}"
        assert self.knock(client, *self.client.credentials)["isAuthenticated"]
        if not durable:
            self.client.ports.delivery.sessions.pop(client, None)
        self.connect(client)
        self.subscribe(client, *filters)
        return client

    def connect(self, client: str) -> None:
        self.sessions[client] = f"session-{next(_numbers)}"
        self.client.ports.delivery.sessions.setdefault(client, [])
        self._tell("connected", client, ipAddress="192.0.2.7")

    def subscribe(self, client: str, *filters: str) -> None:
        self.client.ports.delivery.sessions[client] += filters
        self._tell("subscribed", client, topics=list(filters))

    def disconnect(self, client: str, *, durable: bool = False, reason: str = "CLIENT_INITIATED_DISCONNECT") -> None:
        if not durable:
            self.client.ports.delivery.sessions.pop(client, None)
        self._tell("disconnected", client, disconnectReason=reason)

    def publish(self, client: str, topic: str, body: Any, *, event: str | None = None) -> None:
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        at = self.client.ports.clock.advance(ms=1)
        message = {
            "payload": base64.b64encode(payload).decode(),
            "client": client,
            "topic": topic,
            "at": at,
            "id": event or f"event-{next(_numbers)}",
        }
        uplink.handle(self.client.ports, message)

    def received(self, client: str) -> list[tuple[str, Any]]:
        """What came to a client since the last look."""
        sent = self.client.ports.delivery.sent
        mine = [(topic, json.loads(payload)) for name, topic, payload in sent if name == client]
        sent[:] = [message for message in sent if message[0] != client]
        return mine

    def refusals(self) -> list[AuditEntry]:
        """The entries of the audit log."""
        ports = self.client.ports
        return list(ports.audit.page(self.org, start=0, end=ports.clock.now() + 1, descending=False))

    def complaints(self) -> list[str]:
        """What the audit log holds."""
        return [entry.reason for entry in self.refusals()]

    def _tell(self, kind: str, client: str, **more: Any) -> None:
        at = self.client.ports.clock.advance(ms=1)
        session = self.sessions[client]
        event = {"clientId": client, "timestamp": at, "eventType": kind, "sessionIdentifier": session, **more}
        presence.handle(self.client.ports, event)
