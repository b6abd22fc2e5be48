"""A tenant seen from the broker: devices come in, publish and leave through the triggers; ports in memory."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from chalicelib.dialects import registry
from chalicelib.dialects.cumulocity import bootstrap, device_users
from chalicelib.fleet import delivering
from chalicelib.fleet.inventory.managed_objects import ManagedObject
from chalicelib.fleet.presence.claims import passing
from chalicelib.triggers import authorizer, presence, uplink
from tests.dialects.cumulocity.client import Client
from tests.fakes import MemoryPorts

ARN = "arn:aws-cn:lambda:cn-north-1:210987654321:function:homeport-test-authorizer"
PASSWORD = "5" * 48
_numbers = count()


@dataclass
class Broker:
    """`client` is the tenant's REST client; `principals` and `sessions` are of who is connected."""

    client: Client = field(default_factory=Client)
    principals: dict[str, str] = field(default_factory=dict)
    sessions: dict[str, str] = field(default_factory=dict)

    @property
    def ports(self) -> MemoryPorts:
        return self.client.ports

    @property
    def tenant(self) -> str:
        return self.client.tenant.id

    def user(self, serial: str = "pump", tenant: str = "") -> str:
        """A device user with PASSWORD, as it is sent."""
        name = device_users.name_of(serial)
        device_users.issue(self.ports, tenant or self.tenant, name, PASSWORD, self.ports.clock.now())
        return f"{tenant or self.tenant}/{name}"

    def knock(self, client: str, username: str, password: str = PASSWORD, *, secured: bool = True) -> dict[str, Any]:
        sent = base64.b64encode(password.encode()).decode()
        mqtt = {"username": username, "password": sent, "clientId": client}
        tls = {"tls": {"serverName": "mqtt.example.com"}} if secured else {}
        event = {"protocols": [*tls, "mqtt"], "protocolData": {**tls, "mqtt": mqtt}}
        answer = authorizer.handle(self.ports, event, ARN)
        if answer["isAuthenticated"]:
            self.principals[client] = answer["principalId"]
        return answer

    def device(self, client: str = "pump", *filters: str, user: str = "") -> str:
        """A connected device that has subscribed to these filters."""
        serial = client.removeprefix("d:").partition(":")[0]
        assert self.knock(client, user or self.user(serial))["isAuthenticated"]
        self.connect(client)
        if filters:
            self.subscribe(client, *filters)
        return client

    def bootstrap(self, serial: str) -> str:
        bootstrap.put(self.ports, "management/devicebootstrap", "well known")
        assert self.knock(serial, "management/devicebootstrap", "well known")["isAuthenticated"]
        assert passing(serial, self.principals[serial], 0) is not None
        self.connect(serial)
        self.subscribe(serial, "s/dcr")
        return serial

    def connect(self, client: str) -> None:
        self.sessions[client] = f"session-{next(_numbers)}"
        self.ports.delivery.sessions[client] = []
        self.ports.delivery.live.add(client)
        self._tell("connected", client, ipAddress="192.0.2.7")

    def subscribe(self, client: str, *filters: str) -> None:
        self.ports.delivery.sessions[client] += filters
        self._tell("subscribed", client, topics=list(filters))

    def disconnect(self, client: str) -> None:
        self.ports.delivery.sessions.pop(client, None)
        self.ports.delivery.live.discard(client)
        self._tell("disconnected", client, disconnectReason="CLIENT_INITIATED_DISCONNECT")

    def event(self, client: str, topic: str, body: str | bytes | Mapping[str, Any]) -> dict[str, Any]:
        """What a topic rule would hand on; a millisecond later than the one before."""
        if isinstance(body, Mapping):
            body = json.dumps(body)
        payload = body if isinstance(body, bytes) else body.encode()
        return {
            "payload": base64.b64encode(payload).decode(),
            "client": client,
            "topic": topic,
            "at": self.ports.clock.advance(ms=1),
            "id": f"event-{next(_numbers)}",
            "principal": self.principals[client],
        }

    def handle(self, event: dict[str, Any]) -> None:
        uplink.handle(self.ports, event)

    def publish(self, client: str, body: str | bytes | Mapping[str, Any] = "", topic: str = "s/us") -> None:
        self.handle(self.event(client, topic, body))

    def received(self, client: str) -> list[tuple[str, str]]:
        """What came to a client since the last look, beside operations."""
        sent = self.ports.delivery.sent
        mine = [(topic, payload.decode()) for name, topic, payload in sent if name == client]
        sent[:] = [message for message in sent if message[0] != client]
        return mine

    def run(self) -> None:
        """What goes on in the background, without what has time."""
        while self.ports.background.deliveries:
            tenant, device = self.ports.background.deliveries.popleft()
            delivering.deliver(self.ports, tenant, device, self.ports.clock.now() + 1_000)

    def later(self) -> None:
        """What was put off has had its time."""
        matters, self.ports.background.matters = self.ports.background.matters, []
        self.ports.clock.advance(ms=1_000)
        for dialect, matter, _ in matters:
            registry.resumer(dialect).resume(self.ports, json.loads(json.dumps(matter)))

    def operations(self, client: str) -> list[tuple[str, str]]:
        """What was delivered to a client of operations since the last look, in the forms in which it would be."""
        commands = self.ports.delivery.commands
        found: list[tuple[str, str]] = []
        for route, command in [pair for pair in commands if pair[0].client == client]:
            writer = registry.writer(route.dialect)
            assert writer is not None
            downlink = writer.command(self.ports, command, route)
            every = (downlink, *downlink.beside) if downlink else ()
            found += [(each.topic, each.payload.decode()) for each in every]
        commands[:] = [pair for pair in commands if pair[0].client != client]
        return found

    def object(self, serial: str = "pump") -> ManagedObject:
        external = self.ports.objects.named(self.tenant, "c8y_Serial", serial)
        assert external is not None, f"nothing is called {serial}"
        found = self.ports.objects.get(self.tenant, external.object)
        assert found is not None
        return found

    def complaints(self) -> list[str]:
        ports = self.ports
        entries = ports.audit.page(self.tenant, start=0, end=ports.clock.now() + 1, descending=False)
        return [entry.reason for entry in entries]

    def order(self, serial: str, operation: Mapping[str, Any]) -> str:
        """The id of an operation that somebody has ordered."""
        body = {"deviceId": self.object(serial).id, **operation}
        return str(self.client.made("/devicecontrol/operations", body)["id"])

    def status(self, operation: str) -> str:
        return str(self.client.get(f"/devicecontrol/operations/{operation}").body["status"])

    def _tell(self, kind: str, client: str, **more: Any) -> None:
        event = {
            "clientId": client,
            "timestamp": self.ports.clock.advance(ms=1),
            "eventType": kind,
            "sessionIdentifier": self.sessions[client],
            "principalIdentifier": self.principals[client],
            **more,
        }
        presence.handle(self.ports, event)
