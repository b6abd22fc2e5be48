"""A device of Xyte seen from the broker: it comes in, subscribes and publishes through the triggers."""

import base64
import json
from dataclasses import dataclass
from itertools import count
from typing import Any

from chalicelib.dialects.xyte import codec
from chalicelib.triggers import authorizer, presence, uplink
from infra.local.iot_core.policy import Policy, read_documents
from tests.dialects.xyte.client import Device
from tests.fakes import MemoryPorts

ACCOUNT = "eu-north-1:210987654321"
ARN = f"arn:aws:lambda:{ACCOUNT}:function:homeport-dev-authorizer"
_numbers = count()


@dataclass
class Wire:
    """`principal` is what the broker vouches for since it came in."""

    device: Device
    principal: str = ""
    session: str = ""

    @property
    def ports(self) -> MemoryPorts:
        return self.device.ports

    def knock(self, key: str | None = None, *, username: str | None = None) -> dict[str, Any]:
        password = base64.b64encode((key or self.device.key).encode()).decode()
        mqtt = {"username": username or self.device.id, "password": password, "clientId": self.device.id}
        event = {"protocols": ["tls", "mqtt"], "protocolData": {"tls": {"serverName": "x"}, "mqtt": mqtt}}
        return authorizer.handle(self.ports, event, ARN)

    def connect(self, *names: str) -> None:
        """It comes in, and subscribes to these topics of its own."""
        answer = self.knock()
        assert answer["isAuthenticated"], answer
        self.principal, self.session = answer["principalId"], f"session-{next(_numbers)}"
        self.ports.delivery.subscriptions[self.device.id] = frozenset()
        self._tell("connected", ipAddress="192.0.2.7")
        if names:
            self.subscribe(*names)

    def subscribe(self, *names: str) -> None:
        filters = self.ports.delivery.sessions.setdefault(self.device.id, [])
        filters += [self.topic(name) for name in names]
        self._tell("subscribed", topics=[self.topic(name) for name in names])
        self.ports.run_background()

    def disconnect(self) -> None:
        self.ports.delivery.subscriptions.pop(self.device.id, None)
        self.ports.delivery.sessions.pop(self.device.id, None)
        self._tell("disconnected", disconnectReason="CLIENT_INITIATED_DISCONNECT")

    def publish(self, name: str, body: Any, *, topic: str | None = None, times: int = 1) -> None:
        """Its event comes so many times."""
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        message = {
            "payload": base64.b64encode(payload).decode(),
            "client": self.device.id,
            "topic": topic or self.topic(name),
            "at": self.ports.clock.advance(ms=1),
            "id": f"event-{next(_numbers)}",
            "principal": self.principal,
        }
        for _ in range(times):
            uplink.handle(self.ports, message)
            self.ports.clock.advance(seconds=2)
        self.ports.run_background()

    def topic(self, name: str) -> str:
        return f"v1/device/{self.device.id}/{name}"

    def commands(self) -> list[Any]:
        """What it was told to do since the last look, with the topics on which it was told."""
        sent, self.ports.delivery.commands[:] = list(self.ports.delivery.commands), []
        told = [codec.command(command, route) for route, command in sent if route.client == self.device.id]
        return [
            ([one.topic for one in (down, *down.beside)], json.loads(down.payload), down.response)
            for down in told
            if down is not None
        ]

    def configurations(self) -> list[Any]:
        sent, self.ports.delivery.updates[:] = list(self.ports.delivery.updates), []
        return [json.loads(codec.configuration(update, route).payload) for route, update in sent]

    def messages(self) -> list[tuple[str, Any]]:
        """What else came since the last look, by the last part of its topic."""
        sent, self.ports.delivery.sent[:] = list(self.ports.delivery.sent), []
        return [
            (topic.removeprefix(self.topic("")), json.loads(body))
            for name, topic, body in sent
            if name == self.device.id
        ]

    def complaints(self, tenant: str) -> list[str]:
        page = self.ports.audit.page(tenant, start=0, end=self.ports.clock.now() + 1, descending=False)
        return [entry.reason for entry in page]

    def policy(self) -> Policy:
        documents = self.knock()["policyDocuments"]
        assert all(len(document) <= authorizer.LONGEST_DOCUMENT for document in documents)
        return Policy(read_documents(documents), {"iot:ClientId": self.device.id}, f"arn:aws:iot:{ACCOUNT}:")

    def _tell(self, kind: str, **more: Any) -> None:
        at = self.ports.clock.advance(ms=1)
        event = {"clientId": self.device.id, "timestamp": at, "eventType": kind, "sessionIdentifier": self.session}
        presence.handle(self.ports, {**event, "principalIdentifier": self.principal, **more})
