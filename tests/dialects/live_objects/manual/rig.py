"""A tenant as the manual's samples presuppose it: groups, a device, a node behind a connector, decoders."""

import base64
import itertools
import json
from collections.abc import Mapping
from typing import Any

from chalicelib.dialects.live_objects import codec, topics
from chalicelib.fleet.presence.claims import Claim
from chalicelib.triggers import presence, uplink
from tests.dialects.live_objects.client import DEVICES, Client, Reply
from tests.fakes import START

DEVICE = "urn:lo:nsid:sensor:temp001"
KEY = "6c2c569d91b5f174f60bd73d"
CONNECTOR = "connector-1"
_LISTENED = (topics.COMMAND, topics.CONFIGURATION_UPDATE, topics.RESOURCE_UPDATE)
_RELAYED = (topics.COMMAND_REQUEST, topics.CONFIGURATION_REQUEST, topics.RESOURCE_REQUEST)


class Manual:
    """`call` is REST, `say` what a device or a connector publishes, `told` what was sent to it."""

    def __init__(self) -> None:
        self.client = Client()
        self.ports = self.client.ports
        self._numbers = itertools.count(1)
        uplink._heard.clear()
        self.groups = {"/": "root"}
        for path in ("/france", "/france/lyon"):
            above, _, name = path.rpartition("/")
            body = {"pathNode": name, "parentId": self.groups[above or "/"]}
            self.groups[path] = self.call("POST", "/api/v1/deviceMgt/groups", body).body["id"]

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> Reply:
        return self.client.call(method, path, body, **query)

    def device(self, urn: str = DEVICE, node: str | None = None, **more: Any) -> None:
        """Registered with an MQTT interface, connected and listening."""
        node = node or urn
        interface = {"connector": "mqtt", "definition": {"clientId": node, **more.pop("definition", {})}}
        reply = self.call("POST", DEVICES, {"id": urn, "interfaces": [interface], **more})
        assert reply.status == 200, reply.raw
        claim = Claim(
            node,
            self.client.tenant.id,
            "live_objects",
            "device",
            self.client.master.id,
            START,
            urn,
            "mqtt",
            username="json+device",
            server_name="mqtt.liveobjects.orange-business.com",
            certificate=True,
        )
        self.ports.claims.rows[claim.client] = claim
        self.happen("connected", node, **TOLD)
        self.happen("subscribed", node, topics=list(_LISTENED))

    def connector(self) -> None:
        claim = Claim(
            CONNECTOR,
            self.client.tenant.id,
            "live_objects",
            "connector",
            self.client.master.id,
            START,
            connector="x-connector",
        )
        self.ports.claims.rows[claim.client] = claim
        self.happen("connected", CONNECTOR)
        self.happen("subscribed", CONNECTOR, topics=list(_RELAYED))

    def node(self, node: str) -> str:
        """A node of the connector that can do everything; its device."""
        if self.ports.claims.get(CONNECTOR) is None:
            self.connector()
        able = {name: {"available": True} for name in ("command", "configuration", "resource")}
        self.say(f"connector/v1/nodes/{node}/status", {"status": "ONLINE", "capabilities": able}, CONNECTOR)
        return f"urn:lo:nsid:x-connector:{node}"

    def happen(self, kind: str, client: str, **more: Any) -> None:
        at = self.ports.clock.advance(ms=10)
        event = {"clientId": client, "eventType": kind, "timestamp": at, "sessionIdentifier": f"s-{client}", **more}
        presence.handle(self.ports, event)
        self.ports.run_background()

    def say(self, topic: str, body: Any, client: str = DEVICE) -> None:
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        event = {
            "payload": base64.b64encode(payload).decode(),
            "client": client,
            "topic": topic,
            "at": self.ports.clock.advance(seconds=1),
            "id": f"event-{next(self._numbers)}",
        }
        uplink.handle(self.ports, event)
        self.ports.run_background()

    def told(self) -> list[tuple[str, Any]]:
        """What went to devices and connectors: topics and JSON."""
        self.ports.run_background()
        sent = self.ports.delivery
        downlinks = [
            *(codec.command(command, route) for route, command in sent.commands),
            *(codec.configuration(update, route) for route, update in sent.updates),
            *(codec.resource(offer, route) for route, offer in sent.offers),
        ]
        return [(downlink.topic, json.loads(downlink.payload)) for downlink in downlinks]

    def complaints(self) -> list[str]:
        return [entry.reason for entry in self.ports.audit.rows.values()]

    def messages(self, stream: str) -> list[Any]:
        found: list[Any] = self.call("GET", f"/api/v0/data/streams/{stream}").body
        return found


TOLD = {
    "ipAddress": "217.167.1.65",
    "sourcePort": 61214,
    "keepAliveDuration": 60,
    "mqttLevel": 4,
    "tlsVersion": "TLSv1.2",
    "tlsCipher": "ECDHE-RSA-AES128-GCM-SHA256",
}


def shaped(sample: Any, shown: Any, where: str = "") -> None:
    """Every field of the sample is there, with a value of its type; in lists each sample has its like."""
    if isinstance(sample, Mapping):
        assert isinstance(shown, Mapping), where
        for name, value in sample.items():
            assert name in shown, f"{where}.{name} is missing"
            shaped(value, shown[name], f"{where}.{name}")
    elif isinstance(sample, list):
        assert isinstance(shown, list), where
        for number, value in enumerate(sample):
            if isinstance(value, Mapping | list):
                shaped(value, shown[number], f"{where}[{number}]")
    elif isinstance(sample, bool) or sample is None or isinstance(sample, str):
        assert type(shown) is type(sample), f"{where} is {shown!r}"
    else:
        assert isinstance(shown, int | float), f"{where} is {shown!r}"


def includes(sample: Any, shown: Any, where: str = "") -> None:
    """As `shaped`, and the values are the sample's."""
    if isinstance(sample, Mapping):
        assert isinstance(shown, Mapping), where
        for name, value in sample.items():
            assert name in shown, f"{where}.{name} is missing"
            includes(value, shown[name], f"{where}.{name}")
    elif isinstance(sample, list) and all(isinstance(part, str) for part in sample):
        assert sorted(sample) == sorted(shown), where
    elif isinstance(sample, list):
        assert len(sample) == len(shown), where
        for number, value in enumerate(sample):
            includes(value, shown[number], f"{where}[{number}]")
    else:
        assert shown == sample, where


PLACE = {"lat": 48.86667, "lon": 2.33333, "alt": 35.2, "accuracy": 12.3, "provider": "GPS"}


def parameters(manual: Manual, urn: str = DEVICE) -> Any:
    """What is known of its configuration."""
    return manual.call("GET", f"{DEVICES}/{urn}/config/parameters").body


def offered(manual: Manual, urn: str = DEVICE, resource: str = "X11_firmware", version: str = "1.2") -> Any:
    """What was told of an update to that version."""
    manual.call("POST", "/api/v0/rm", {"resourceId": resource})
    content = base64.b64encode(b"test").decode()
    body = {"resourceVersionId": version, "checksum": "CY9rzUYh03PK3k6DJie09g==", "file": content}
    assert manual.call("POST", f"/api/v0/rm/{resource}/version", body).status == 200
    assert manual.call("POST", f"{DEVICES}/{urn}/resources/{resource}", {"version": version}).status == 200
    ((_, told),) = manual.told()
    return told
