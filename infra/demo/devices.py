"""Simulated devices, a class a dialect: each connects, publishes, answers what it is sent, and can drop and return."""

import json
import math
import threading
from typing import Any, Protocol

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from infra.demo.furnishing import dress
from infra.demo.platform import Platform
from infra.demo.tally import Tally


class SimulatedDevice(Protocol):
    id: str

    @property
    def commandable(self) -> bool:
        """Whether an operator may order something of it just now."""

    def connect(self) -> None: ...
    def drop(self) -> None:
        """Without a goodbye."""

    def dress(self, number: int) -> None:
        """Give it a name and a place, by its number in the fleet."""

    def publish(self) -> None: ...
    def close(self) -> None: ...
    def command(self) -> str:
        """Order a command through the platform's API; its id."""

    def configure(self, number: int) -> None: ...
    def command_status(self, command: str) -> str: ...
    def lost(self) -> int:
        """How many of the acknowledged messages the platform does not have."""


class LiveObjectsDevice:
    """Device mode of Live Objects."""

    def __init__(self, platform: Platform, tally: Tally, number: int, run: str) -> None:
        self.id = f"urn:lo:nsid:demo:{run}-{number:04}"
        self._client_id, self._username = self.id, "json+device"
        self._platform = platform
        self._tally = tally
        self._warmer = number % 7
        self._sent = 0
        self._acknowledged: set[int] = set()
        self._pending: dict[int, int] = {}
        self._lock = threading.Lock()
        self._client: paho.Client | None = None

    @property
    def commandable(self) -> bool:
        return True

    def connect(self) -> None:
        client = paho.Client(CallbackAPIVersion.VERSION2, self._client_id, protocol=MQTTProtocolVersion.MQTTv311)
        client.username_pw_set(self._username, self._platform.api_key)
        client.tls_set(str(self._platform.ca))
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        with self._lock:
            # A new client knows nothing of what the old one had still in flight: that was never acknowledged.
            self._pending.clear()
        client.connect("localhost", self._platform.mqtts, 30)
        client.loop_start()
        self._client = client

    def drop(self) -> None:
        client, self._client = self._client, None
        if client is None:
            return
        client.on_disconnect = None
        if client.is_connected():
            self._tally.add("online", -1)
        client.loop_stop()
        socket = client.socket()
        if socket is not None:
            socket.close()
        self._tally.add("dropped")

    def close(self) -> None:
        if self._client is not None:
            self._client.disconnect()
            self._client.loop_stop()

    def dress(self, number: int) -> None:
        dress(self._platform, self.id, number)

    def publish(self) -> None:
        client = self._client
        if client is None or not client.is_connected():
            return
        with self._lock:
            self._sent += 1
            message = client.publish(*self._message(), 1)
            self._pending[message.mid] = self._sent
        self._tally.add("sent")

    def _message(self) -> tuple[str, str]:
        """Topic and payload of what is said next."""
        body = {"m": "demo_v1", "v": {"n": self._sent, "temperature": self._temperature()}}
        return "dev/data", json.dumps(body)

    def _temperature(self) -> float:
        """A day in two minutes: a device speaks about once a second."""
        return round(20 + self._warmer + 5 * math.sin(self._sent / 120 * 2 * math.pi), 2)

    def command(self) -> str:
        value = {"req": "identify", "arg": {"blink": 3}}
        body = {"request": {"connector": "mqtt", "value": value}, "policy": {"attempts": 5, "ackTimeoutInSeconds": 10}}
        made = self._platform.call("POST", f"/api/v1/deviceMgt/devices/{self.id}/commands", body)
        return str(made["id"])

    def command_status(self, command: str) -> str:
        return str(self._platform.call("GET", f"/api/v1/deviceMgt/commands/{command}")["status"])

    def configure(self, number: int) -> None:
        parameters = {"interval": {"type": "UINT32", "value": number}}
        self._platform.call("POST", f"/api/v1/deviceMgt/devices/{self.id}/config", {"parameters": parameters})

    def lost(self) -> int:
        stored: set[int] = set()
        query: dict[str, Any] = {"limit": 1000}
        while page := self._platform.call("GET", f"/api/v0/data/streams/{self.id}", **query):
            stored |= {message["value"]["n"] for message in page}
            query["bookmarkId"] = page[-1]["id"]
        return len(self._acknowledged - stored)

    def _on_connect(self, client: paho.Client, *_: Any) -> None:
        self._tally.add("online")
        client.subscribe([("dev/cmd", 1), ("dev/cfg/upd", 1)])

    def _on_disconnect(self, *_: Any) -> None:
        self._tally.add("online", -1)

    def _on_publish(self, _client: paho.Client, _data: Any, mid: int, *_: Any) -> None:
        with self._lock:
            number = self._pending.pop(mid, None)
            if number is None:
                return
            self._acknowledged.add(number)
        self._tally.add("acknowledged")

    def _on_message(self, client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        body = json.loads(message.payload)
        if message.topic == "dev/cmd":
            client.publish("dev/cmd/res", json.dumps({"res": {"done": True}, "cid": body["cid"]}), 1)
        elif message.topic == "dev/cfg/upd":
            self._tally.add("configured")
            client.publish("dev/cfg", json.dumps(body), 1)
