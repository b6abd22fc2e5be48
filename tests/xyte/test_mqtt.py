"""The second door against a running stack: a device that comes over MQTT 5, is claimed, and does as it is told."""

import json
from typing import Any

import pytest

from tests.clients import MqttClient, Rest, until
from tests.local.running import RunningStack
from tests.xyte.clients import ORGANIZATION, Asking, Registered, registered, told

pytestmark = pytest.mark.row("I2", "I3", "I4", "I5")
HEARD = ("command", "config", "license", "incidents")


def listen(device: Registered, client: MqttClient) -> None:
    assert client.subscribe(*map(device.topic, HEARD)) == [1] * len(HEARD)


def bodies(client: MqttClient, device: Registered, names: set[str]) -> dict[str, Any]:
    """What has come by the last part of its topic, once something has on each of these."""
    came: dict[str, Any] = {}

    def all_of_them() -> bool:
        while not client.messages.empty():
            topic, payload = client.messages.get()
            came[topic.removeprefix(device.topic(""))] = json.loads(payload)
        return names <= came.keys()

    until(all_of_them)
    return came


def test_a_device_is_told_all_that_waits_and_answers_it(stack: RunningStack) -> None:
    organization = Asking(stack, told(stack)["organizationKey"])
    device = registered(stack, "second-door-1")
    assert device.hub == f"mqtts://127.0.0.1:{stack.mqtts}"
    with device.over_mqtt() as nobodys:
        listen(device, nobodys)
        nobodys.publish(device.topic("telemetry"), {"status": "online", "telemetries": {"volume": 1}})
        organization("POST", f"{ORGANIZATION}/claim", {"cloud_id": "second-door-1"})
        # It comes in again as its owner's.
        until(lambda: nobodys.closed)
    order = organization("POST", f"{device.one}/commands", {"name": "reboot", "extra_params": {"in": 5}}, 201)
    organization("PATCH", device.one, {"configuration": {"volume": 7}})
    licence = organization("POST", f"{device.one}/licenses", {"data": "a licence"}, 201)
    incident = device("POST", "/incidents", {"title": "Too hot"}, 201)

    with device.over_mqtt() as client:
        listen(device, client)
        came = bodies(client, device, set(HEARD))
        assert (came["command"]["id"], came["command"]["parameters"]) == (order["id"], {"in": 5})
        assert came["config"]["config"] == {"volume": 7}
        assert [one["id"] for one in came["license"]] == [licence["id"]]
        assert [one["id"] for one in came["incidents"]] == [incident["id"]]
        client.publish(device.topic("telemetry"), {"status": "online", "telemetries": {"volume": 4}})
        for status in ("in_progress", "done"):
            client.publish(device.topic("command/update"), {"id": order["id"], "status": status})
        client.publish(device.topic("config/update"), came["config"])
        client.publish(device.topic("license/update"), {"id": licence["id"], "state": "inuse"})
        until(lambda: organization("GET", f"{device.one}/commands")["items"][0]["status"] == "done")
        until(lambda: device("GET", "/license") == {})
        second = organization("POST", f"{device.one}/commands", {"name": "mute"}, 201)
        assert bodies(client, device, {"command"})["command"]["id"] == second["id"]
        rest = Rest(stack)
        try:
            (message,) = until(lambda: rest.get(f"/api/v0/data/streams/urn:lo:nsid:xyte:{device.id}"))
        finally:
            rest.close()
        assert message["value"] == {"volume": 4}
        organization("DELETE", device.one)
        until(lambda: client.closed)
    assert device("GET")["id"] == device.id
