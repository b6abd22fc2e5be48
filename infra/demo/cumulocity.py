"""Simulated agents of Cumulocity: SmartREST over MQTT, each with a child that it speaks for."""

import time
from typing import Any

import requests
from paho.mqtt import client as paho

from infra.demo.devices import LiveObjectsDevice
from infra.demo.furnishing import dress
from infra.demo.platform import Platform
from infra.demo.tally import Tally

_IDENTITIES = "/identity/externalIds/c8y_Serial"
_STATUS = {"SUCCESSFUL": "PROCESSED", "FAILED": "ERROR"}
"""Where an operation's status is called otherwise."""
_APPEARS_WITHIN_S = 60
_OPERATIONS = "c8y_Command,c8y_Configuration"


class CumulocityAgent(LiveObjectsDevice):
    """A device that comes in with the tenant's key. Every other operation is for its child."""

    def __init__(self, platform: Platform, tally: Tally, number: int, run: str) -> None:
        super().__init__(platform, tally, number, run)
        self._client_id, self._username = f"demo-{run}-{number:04}", f"{platform.tenant}/demo"
        self._child = f"{self._client_id}-sensor"
        self._ordered = 0
        self._numbers: dict[str, str] = {}

    def dress(self, number: int) -> None:
        self.id = f"urn:lo:nsid:c8y:{self._number(self._client_id)}"
        dress(self._platform, self.id, number)

    def command(self) -> str:
        self._ordered += 1
        serial = self._child if self._ordered % 2 and self._client is not None else self._client_id
        return self._order(serial, {"c8y_Command": {"text": "identify"}})

    def command_status(self, command: str) -> str:
        found = str(self._platform.call_basic("GET", f"/devicecontrol/operations/{command}")["status"])
        return _STATUS.get(found, found)

    def configure(self, number: int) -> None:
        self._order(self._client_id, {"c8y_Configuration": {"config": f"interval={number}"}})

    def _order(self, serial: str, operation: dict[str, Any]) -> str:
        body = {"deviceId": self._number(serial), **operation}
        return str(self._platform.call_basic("POST", "/devicecontrol/operations", body)["id"])

    def _number(self, serial: str) -> str:
        """It is there once the device has connected, and its child once it has said so."""
        ends = time.monotonic() + _APPEARS_WITHIN_S
        while serial not in self._numbers:
            try:
                found = self._platform.call_basic("GET", f"{_IDENTITIES}/{serial}")
            except requests.HTTPError:
                if time.monotonic() > ends:
                    raise
                time.sleep(0.2)
                continue
            self._numbers[serial] = str(found["managedObject"]["id"])
        return self._numbers[serial]

    def lost(self) -> int:
        stored: set[int] = set()
        query: dict[str, Any] = {"limit": 1000}
        while page := self._platform.call("GET", f"/api/v0/data/streams/{self.id}", **query):
            stored |= {int(message["value"]["c8y_Demo"]["n"]) for message in page if "c8y_Demo" in message["value"]}
            query["bookmarkId"] = page[-1]["id"]
        return len(self._acknowledged - stored)

    def _message(self) -> tuple[str, str]:
        return "s/us", f"201,c8y_Demo,,c8y_Demo,n,{self._sent},,c8y_Demo,temperature,{self._temperature()},C"

    def _on_connect(self, client: paho.Client, *_: Any) -> None:
        self._tally.add("online")
        rows = (f"100,{self._client_id},c8y_Demo", f"101,{self._child},Sensor,c8y_Sensor", f"114,{_OPERATIONS}")
        client.publish("s/us", "\n".join(rows), 1)
        client.subscribe([("s/ds", 1), ("s/e", 1)])

    def _on_message(self, client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        for row in message.payload.decode().split("\n"):
            template, serial, *_ = [*row.split(","), ""]
            fragment = {"511": "c8y_Command", "513": "c8y_Configuration"}.get(template)
            if message.topic != "s/ds" or fragment is None:
                continue
            topic = "s/us" if serial == self._client_id else f"s/us/{serial}"
            client.publish(topic, f"501,{fragment}\n503,{fragment}", 1)
            if template == "513":
                self._tally.add("configured")
