"""One connector with its node, as the broker tells of it: what the tests of connectors play with."""

import base64
import json
from typing import Any

from chalicelib.dialects.live_objects import topics
from chalicelib.fleet.presence.claims import Claim
from chalicelib.triggers import presence, uplink
from tests.dialects.live_objects.client import DEVICES, Client

GATEWAY, NODE = "connector-1", "myDevice1234"
URN = f"urn:lo:nsid:x-connector:{NODE}"
STATUS, DATA = f"connector/v1/nodes/{NODE}/status", f"connector/v1/nodes/{NODE}/data"
ABLE = {name: {"available": True} for name in ("command", "configuration", "resource")}
ONLINE = {"status": "ONLINE", "capabilities": ABLE}


class Connector:
    """One connector of a tenant, as the broker's events tell of it."""

    def __init__(self, client: Client, name: str = GATEWAY) -> None:
        self.client, self.ports, self.name = client, client.ports, name
        self._events = 0
        self._claim()

    def _claim(self) -> None:
        tenant, key = self.client.tenant.id, self.client.master.id
        claim = Claim(self.name, tenant, "live_objects", "connector", key, 1, connector="x-connector", generation=1)
        self.ports.claims.rows[self.name] = claim

    def connect(self, session: str = "s1") -> "Connector":
        self._claim()
        for topic in (topics.COMMAND_REQUEST, topics.CONFIGURATION_REQUEST, topics.RESOURCE_REQUEST):
            self._lifecycle("subscribed", session, topics=[topic])
        return self

    def disconnect(self, session: str = "s1") -> None:
        self._lifecycle("disconnected", session)

    def say(self, topic: str, body: Any, *, at: int | None = None) -> None:
        self._events += 1
        payload = base64.b64encode(body if isinstance(body, bytes) else json.dumps(body).encode()).decode()
        at = at or self.ports.clock.advance(seconds=1)
        event = {"client": self.name, "topic": topic, "payload": payload, "at": at, "id": f"{self.name}{self._events}"}
        uplink.handle(self.ports, event)
        self.ports.run_background()

    def _lifecycle(self, kind: str, session: str, **more: Any) -> None:
        at = self.ports.clock.advance(seconds=1)
        event = {"eventType": kind, "clientId": self.name, "sessionIdentifier": session, "timestamp": at, **more}
        presence.handle(self.ports, event)
        self.ports.run_background()


def interface(client: Client, node: str = NODE) -> dict[str, Any]:
    (shown,) = client.get(f"{DEVICES}/urn:lo:nsid:x-connector:{node}/interfaces").body
    assert isinstance(shown, dict)
    return shown


def reasons(client: Client) -> list[str]:
    return [entry.reason for entry in client.ports.audit.rows.values()]


def command(client: Client, **policy: Any) -> str:
    value = {"req": "on", "args": {"level": 75}}
    body = {"request": {"connector": "x-connector", "value": value}, "policy": policy}
    reply = client.call("POST", f"{DEVICES}/{URN}/commands", body)
    assert reply.status == 201
    client.ports.run_background()
    return str(reply.body["id"])
