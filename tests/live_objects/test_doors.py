"""The MQTT doors as clients of all three versions meet them, and what only the original platform and our edge allow."""

import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest
from paho.mqtt.enums import MQTTProtocolVersion

from tests.clients import MqttClient, Rest, until
from tests.ibm.clients import Organization
from tests.local.running import RunningStack

pytestmark = pytest.mark.row("C9")
MQTT_3_1, MQTT_3_1_1, MQTT_5 = MQTTProtocolVersion.MQTTv31, MQTTProtocolVersion.MQTTv311, MQTTProtocolVersion.MQTTv5
DEVICES = "/api/v1/deviceMgt/devices"
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def edge() -> Iterator[RunningStack]:
    with RunningStack(HOMEPORT_LENIENT="1") as stack:
        yield stack
        print(stack.log)


@pytest.fixture(params=["strict", "lenient"])
def door(request: pytest.FixtureRequest) -> RunningStack:
    found: RunningStack = request.getfixturevalue("edge" if request.param == "lenient" else "running_stack")
    return found


@pytest.fixture
def urn() -> str:
    return f"urn:lo:nsid:doors:d{next(_numbers)}"


def _activity(stack: RunningStack, urn: str) -> dict[str, Any]:
    rest = Rest(stack)
    try:
        shown: dict[str, Any] = until(
            lambda: next((i["activity"] for i in rest.get(f"{DEVICES}/{urn}/interfaces") if i.get("activity")), None)
        )
    finally:
        rest.close()
    return shown


def test_a_device_of_mqtt_5_sends_data_and_answers_a_command(door: RunningStack, urn: str) -> None:
    rest = Rest(door)
    with MqttClient(door, urn, "json+device", door.api_key, level=MQTT_5) as device:
        device.answer = lambda _topic, payload: ("dev/cmd/res", {"cid": json.loads(payload)["cid"], "res": {"done": 5}})
        device.publish("dev/data", {"v": {"level": 5}})
        (message,) = until(lambda: rest.get(f"/api/v0/data/streams/{urn}"))
        assert message["value"] == {"level": 5}
        assert device.subscribe("dev/cmd", "dev/other") == [1, 0x87]
        body = {"request": {"connector": "mqtt", "value": {"req": "buzz", "arg": {}}}}
        command = rest.post(f"{DEVICES}/{urn}/commands", body)
        done = until(
            lambda: (
                found
                if (found := rest.get(f"/api/v1/deviceMgt/commands/{command['id']}"))["status"] == "PROCESSED"
                else None
            )
        )
        assert done["response"]["value"] == {"done": 5}
    rest.close()


def test_a_wrong_key_is_told_in_the_words_of_mqtt_5(door: RunningStack, edge: RunningStack, urn: str) -> None:
    refused = MqttClient(door, urn, "json+device", "wrong", level=MQTT_5)
    assert refused.connect() == (0x86 if door is edge else 0x87)
    refused.close()


def test_a_device_of_ibms_speaks_mqtt_5(door: RunningStack) -> None:
    organization = Organization(door)
    id_ = f"five{next(_numbers)}"
    token = organization.register("pump", id_)
    client_id = f"d:{organization.id}:pump:{id_}"
    with MqttClient(door, client_id, "use-token-auth", token, level=MQTT_5) as device:
        device.publish("iot-2/evt/status/fmt/json", {"d": {"level": 5}})
    events = until(lambda: organization.ok("GET", f"/api/v0001/historian/pump/{id_}"))
    assert [event["evt_type"] for event in events] == ["status"]


@pytest.mark.parametrize(("level", "told"), [(MQTT_3_1, 3), (MQTT_3_1_1, 4), (MQTT_5, 5)])
def test_the_activity_tells_how_a_device_came_in(
    edge: RunningStack, urn: str, level: MQTTProtocolVersion, told: int
) -> None:
    name = urn.rpartition(":")[2]  # MQTT 3.1 has 23 characters for it
    with MqttClient(edge, name, "json+device", edge.api_key, level=level):
        activity = _activity(edge, f"urn:lo:nsid:mqtt:{name}")
        assert (activity["mqttVersion"], activity["mqttTimeout"]) == (told, 60)
        assert activity["remoteAddress"].partition("/")[0] == "127.0.0.1"
        assert int(activity["remoteAddress"].partition("/")[2]) > 0
        assert activity["security"]["protocol"].startswith("TLSv1.")
        assert activity["security"]["cipher"].startswith("TLS_")


def test_the_original_resumes_no_session(edge: RunningStack, urn: str) -> None:
    for _ in range(2):
        with MqttClient(edge, urn, "json+device", edge.api_key, clean=False) as device:
            assert not device.resumed
            assert device.subscribe("dev/cmd") == [1]


@pytest.mark.parametrize("client_id", ["app", "", "a/b c"])
@pytest.mark.parametrize("level", [MQTT_3_1_1, MQTT_5])
def test_applications_of_one_name_share_a_fifo(
    edge: RunningStack, urn: str, client_id: str, level: MQTTProtocolVersion
) -> None:
    rest = Rest(edge)
    name = f"doors{next(_numbers)}"
    rest.post("/api/v0/topics/fifo", {"name": name, "maxLengthBytes": 1_000_000})
    applications = [MqttClient(edge, client_id, "application", edge.api_key, level=level) for _ in range(2)]
    for application in applications:
        application.join()
        assert application.subscribe(f"fifo/{name}") == [1]
    until(lambda: rest.get(f"/api/v0/topics/fifo/{name}")["consumers"] == 2)
    policy = {
        "name": name,
        "enabled": True,
        "triggers": {"dataMessage": {"version": 1, "filter": {"deviceIds": [urn]}}},
    }
    made = rest.post(
        "/api/v1/event2action/actionPolicies", {**policy, "actions": {"fifoPublish": [{"fifoName": name}]}}
    )
    with MqttClient(edge, urn, "json+device", edge.api_key) as device:
        for number in range(4):
            device.publish("dev/data", {"v": {"n": number}})
    until(lambda: sum(application.messages.qsize() for application in applications) == 4)
    assert not any(application.closed for application in applications)
    rest.ok("DELETE", f"/api/v1/event2action/actionPolicies/{made['id']}")
    for application in applications:
        application.close()
    until(lambda: rest.get(f"/api/v0/topics/fifo/{name}")["consumers"] == 0)
    rest.ok("DELETE", f"/api/v0/topics/fifo/{name}", force=True)
    rest.close()


def test_an_application_may_call_itself_as_a_device_does(edge: RunningStack, urn: str) -> None:
    with MqttClient(edge, urn, "json+device", edge.api_key) as device:
        application = MqttClient(edge, urn, "application", edge.api_key)
        application.join()
        assert not device.closed
        application.close()
