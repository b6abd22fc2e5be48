"""Those who talk with the stack in the vendor's way: whoever sends a bare key, and devices that come over MQTT 5."""

import json
from dataclasses import dataclass
from typing import Any

import requests
from paho.mqtt.enums import MQTTProtocolVersion

from tests.clients import PATIENCE_S, MqttClient
from tests.local.running import RunningStack

ORGANIZATION = "/core/v1/organization/devices"


class Asking:
    """Somebody who sends a bare key."""

    def __init__(self, stack: RunningStack, key: str | None) -> None:
        self._stack, self._key = stack, key

    def __call__(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        headers = {} if self._key is None else {"Authorization": self._key}
        answer = requests.request(method, self._stack.url + path, json=body, headers=headers, timeout=PATIENCE_S)
        assert answer.status_code == status, answer.text
        return answer.json()


def told(stack: RunningStack) -> dict[str, str]:
    """What `credentials.json` says for clients of Xyte."""
    found: dict[str, str] = json.loads((stack.data / "credentials.json").read_text(encoding="utf-8"))["xyte"]
    return found


@dataclass(frozen=True)
class Registered:
    """A device that has registered itself over HTTP; `hub` is where it was told to come by MQTT."""

    stack: RunningStack
    id: str
    key: str
    hub: str

    @property
    def one(self) -> str:
        """Its path below the organization's devices."""
        return f"{ORGANIZATION}/{self.id}"

    def __call__(self, method: str, path: str = "", body: Any = None, status: int = 200) -> Any:
        return Asking(self.stack, self.key)(method, f"/v1/devices/{self.id}{path}", body, status)

    def topic(self, name: str) -> str:
        return f"v1/device/{self.id}/{name}"

    def over_mqtt(self) -> MqttClient:
        return MqttClient(self.stack, self.id, self.id, self.key, level=MQTTProtocolVersion.MQTTv5)


def registered(stack: RunningStack, cloud_id: str, **model: Any) -> Registered:
    """By a model of its own, of the first tenant."""
    organization = Asking(stack, told(stack)["organizationKey"])
    made = organization("POST", "/core/v1/models", {"name": "Speaker", "auth": "cloud_id", **model}, 201)
    sent = {"hardware_key": made["hardware_key"], "cloud_id": cloud_id, "firmware_version": "1.0.0", "name": "Hall"}
    device = Asking(stack, None)("POST", "/v1/devices", sent, 201)
    return Registered(stack, device["id"], device["access_key"], device["mqtt_hub_url"])
