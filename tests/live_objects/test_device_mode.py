"""Device mode (manual 6.5) over MQTT/TLS, checked through the REST API: what a device's owner would see."""

import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.clients import MqttClient, Rest, until
from tests.local.running import RunningStack

DEVICES = "/api/v1/deviceMgt/devices"
COMMANDS = "/api/v1/deviceMgt/commands"
_numbers = itertools.count(1)


@pytest.fixture
def rest(stack: RunningStack) -> Iterator[Rest]:
    rest = Rest(stack)
    yield rest
    rest.close()


@pytest.fixture
def urn() -> str:
    return f"urn:lo:nsid:mode:d{next(_numbers)}"


@pytest.fixture
def device(stack: RunningStack, urn: str) -> Iterator[MqttClient]:
    with MqttClient(stack, urn, "json+device", stack.api_key) as client:
        yield client


def interface(rest: Rest, urn: str) -> Any:
    (found,) = rest.get(f"{DEVICES}/{urn}/interfaces")
    return found


def listening(rest: Rest, urn: str, device: MqttClient, topic: str, capability: str) -> None:
    """Subscribe, and wait until the platform knows."""
    assert device.subscribe(topic) == [1]
    until(lambda: interface(rest, urn)["capabilities"][capability]["available"])


def order(rest: Rest, urn: str, **policy: Any) -> Any:
    value = {"req": "buzz", "arg": {"times": 2}}
    body = {"request": {"connector": "mqtt", "value": value}, "policy": policy}
    return rest.post(f"{DEVICES}/{urn}/commands", body)


def settled(rest: Rest, command: Any) -> Any:
    final = {"PROCESSED", "ERROR", "CANCELED", "EXPIRED"}
    path = f"{COMMANDS}/{command['id']}"
    return until(lambda: (c := rest.get(path))["status"] in final and c)


def reasons(rest: Rest, urn: str) -> list[str]:
    found = rest.get("/api/v0/auditlog/messages", **{"source.deviceId": urn})
    return [json.dumps(entry) for entry in found]


@pytest.mark.row("C2")
def test_connecting_registers_the_device_and_shows_it_online(rest: Rest, urn: str, device: MqttClient) -> None:
    shown = until(lambda: (i := interface(rest, urn))["status"] == "ONLINE" and i)
    assert (shown["connector"], shown["nodeId"], shown["enabled"]) == ("mqtt", urn, True)
    assert shown["activity"]["mqttUsername"] == "json+device"
    assert rest.get(f"{DEVICES}/{urn}")["group"] == {"id": "root", "path": "/"}


@pytest.mark.row("C2")
def test_disconnecting_shows_it_offline_with_the_end_of_its_session(rest: Rest, urn: str, device: MqttClient) -> None:
    until(lambda: interface(rest, urn)["status"] == "ONLINE")
    device.close()
    shown = until(lambda: (i := interface(rest, urn))["status"] == "OFFLINE" and i)
    assert shown["activity"]["lastSessionEndTime"] >= shown["activity"]["lastSessionStartTime"]


@pytest.mark.row("C3")
@pytest.mark.parametrize(
    ("body", "stream"),
    [
        ({"streamId": "long-form", "model": "m", "value": {"t": 1}, "tags": ["a"]}, "long-form"),
        ({"s": "short-form", "m": "m", "v": {"t": 1}, "t": ["a"]}, "short-form"),
    ],
)
def test_data_is_stored_in_either_form(rest: Rest, device: MqttClient, body: Any, stream: str) -> None:
    device.publish("dev/data", body)
    (message,) = until(lambda: rest.get(f"/api/v0/data/streams/{stream}"))
    assert (message["model"], message["value"], message["tags"]) == ("m", {"t": 1}, ["a"])


def test_data_at_quality_of_service_0_is_stored_too(rest: Rest, urn: str, device: MqttClient) -> None:
    device.publish("dev/data", {"value": {"n": 7}}, qos=0)
    (message,) = until(lambda: rest.get(f"/api/v0/data/streams/{urn}"))
    assert message["metadata"]["source"] == urn


@pytest.mark.parametrize(("topic", "body"), [("dev/data", b"\xff\x00"), ("dev/unknown", b"{}"), ("dev/cmd/res", b"[]")])
def test_rubbish_is_audited_and_the_device_stays_connected(
    rest: Rest, urn: str, device: MqttClient, topic: str, body: bytes
) -> None:
    device.publish(topic, body)
    device.publish("dev/data", {"value": {"n": "still here"}})
    until(lambda: rest.get(f"/api/v0/data/streams/{urn}"))
    assert not device.closed
    assert until(lambda: reasons(rest, urn))


def test_what_is_no_number_costs_that_value(rest: Rest, urn: str, device: MqttClient) -> None:
    device.publish("dev/data", b'{"v":{"t":nan,"h":50.0}}')
    (message,) = until(lambda: rest.get(f"/api/v0/data/streams/{urn}"))
    assert message["value"] == {"t": None, "h": 50.0}
    assert until(lambda: reasons(rest, urn))


@pytest.mark.row("C2")
def test_a_device_may_listen_to_its_own_topics_and_to_no_others(device: MqttClient) -> None:
    granted = device.subscribe("dev/cmd", "dev/cfg/upd", "dev/rsc/upd", "dev/data", "dev/#", "#", "$aws/events/#")
    assert granted == [1, 1, 1, 0x80, 0x80, 0x80, 0x80]


def test_a_device_that_publishes_where_others_listen_is_cut_off(device: MqttClient) -> None:
    device._paho.publish("dev/cmd", b"{}", 0)
    until(lambda: device.closed)


@pytest.mark.row("C5")
@pytest.mark.parametrize(
    ("policy", "delivery"),
    [({"ackMode": "NONE"}, "SENT"), ({"ackMode": "NETWORK"}, "DELIVERED"), ({"ackMode": "APPLICATIVE"}, "REPLIED")],
)
def test_a_command_is_processed_at_its_level_of_acknowledgement(
    rest: Rest, urn: str, device: MqttClient, policy: dict[str, Any], delivery: str
) -> None:
    if delivery == "REPLIED":
        device.answer = answer_with({"done": True})
    listening(rest, urn, device, "dev/cmd", "command")
    command = order(rest, urn, **policy)
    assert command["status"] == "PENDING"
    body = device.next("dev/cmd")
    assert (body["req"], body["arg"]) == ("buzz", {"times": 2})
    done = settled(rest, command)
    assert (done["status"], done["deliveryStatus"]) == ("PROCESSED", delivery)
    statuses = [entry["status"] for entry in done["history"]]
    assert statuses[0] == "PENDING"
    assert statuses[-1] == "PROCESSED"


def answer_with(response: Any) -> Callable[[str, bytes], tuple[str, Any] | None]:
    def answer(topic: str, payload: bytes) -> tuple[str, Any] | None:
        if topic != "dev/cmd":
            return None
        return "dev/cmd/res", {"res": response, "cid": json.loads(payload)["cid"]}

    return answer


@pytest.mark.row("C5")
def test_the_answer_is_in_the_command(rest: Rest, urn: str, device: MqttClient) -> None:
    device.answer = answer_with({"error": "unknown method 'buzz'"})
    listening(rest, urn, device, "dev/cmd", "command")
    done = settled(rest, order(rest, urn))
    assert done["response"]["value"] == {"error": "unknown method 'buzz'"}


@pytest.mark.row("D2")
def test_commands_wait_for_the_device_and_come_one_at_a_time_in_order(
    rest: Rest, urn: str, stack: RunningStack
) -> None:
    rest.post(DEVICES, {"id": urn})
    commands = [order(rest, urn) for _ in range(5)]
    with MqttClient(stack, urn, "json+device", stack.api_key) as device:
        device.answer = answer_with({})
        device.subscribe("dev/cmd")
        for command in commands:
            settled(rest, command)
        came = [device.next("dev/cmd")["cid"] for _ in commands]
    assert len(set(came)) == 5
    ends = [rest.get(f"{COMMANDS}/{c['id']}")["updated"] for c in commands]
    assert ends == sorted(ends)


def test_the_eleventh_waiting_command_is_refused(rest: Rest, urn: str) -> None:
    rest.post(DEVICES, {"id": urn})
    for _ in range(10):
        order(rest, urn)
    body = {"request": {"connector": "mqtt", "value": {"req": "buzz", "arg": {}}}}
    answer = rest.call("POST", f"{DEVICES}/{urn}/commands", body)
    assert (answer.status_code, answer.json()["code"]) == (403, "DM_COMMAND_LIMIT_REACHED")


@pytest.mark.row("D2")
def test_a_command_for_a_device_that_never_comes_expires(rest: Rest, urn: str) -> None:
    rest.post(DEVICES, {"id": urn})
    done = settled(rest, order(rest, urn, expirationInSeconds=5))
    assert (done["status"], done.get("deliveryStatus")) == ("EXPIRED", None)


def test_a_device_that_takes_a_command_and_never_answers_makes_it_an_error_after_its_retries(
    rest: Rest, urn: str, device: MqttClient
) -> None:
    listening(rest, urn, device, "dev/cmd", "command")
    done = settled(rest, order(rest, urn, ackTimeoutInSeconds=10, attempts=2))
    assert (done["status"], done["errorCode"], done["deliveryStatus"]) == ("ERROR", "ACK_TIMEOUT", "DELIVERED")
    first, second = device.next("dev/cmd"), device.next("dev/cmd")
    assert first == second
    assert "RETRYING" in [entry["status"] for entry in done["history"]]


def test_a_second_answer_changes_nothing(rest: Rest, urn: str, device: MqttClient) -> None:
    device.answer = answer_with({"n": 1})
    listening(rest, urn, device, "dev/cmd", "command")
    command = order(rest, urn)
    done = settled(rest, command)
    cid = device.next("dev/cmd")["cid"]
    device.publish("dev/cmd/res", {"res": {"n": 2}, "cid": cid})
    again = until(lambda: (c := rest.get(f"{COMMANDS}/{command['id']}"))["history"] != done["history"] and c)
    assert (again["status"], again["response"]) == (done["status"], done["response"])


def test_a_canceled_command_is_not_delivered_and_cannot_be_canceled_again(
    rest: Rest, urn: str, stack: RunningStack
) -> None:
    rest.post(DEVICES, {"id": urn})
    canceled, kept = order(rest, urn, ackMode="NETWORK"), order(rest, urn, ackMode="NETWORK")
    assert rest.call("PUT", f"{COMMANDS}/{canceled['id']}/status", "CANCELED").status_code == 200
    assert rest.call("PUT", f"{COMMANDS}/{canceled['id']}/status", "CANCELED").status_code == 409
    with MqttClient(stack, urn, "json+device", stack.api_key) as device:
        device.subscribe("dev/cmd")
        settled(rest, kept)
        device.next("dev/cmd")
        assert device.messages.empty()


@pytest.mark.row("C4")
def test_configuration_goes_to_the_device_and_its_answer_settles_each_parameter(
    rest: Rest, urn: str, device: MqttClient
) -> None:
    listening(rest, urn, device, "dev/cfg/upd", "configuration")
    parameters = {"rate": {"type": "UINT32", "value": 60}, "level": {"type": "STRING", "value": "DEBUG"}}
    rest.post(f"{DEVICES}/{urn}/config", {"parameters": parameters})
    update = device.next("dev/cfg/upd")
    assert update["cfg"] == {"rate": {"t": "u32", "v": 60}, "level": {"t": "str", "v": "DEBUG"}}
    update["cfg"]["level"]["v"] = "INFO"
    device.publish("dev/cfg", update)
    shown = until(lambda: (p := rest.get(f"{DEVICES}/{urn}/config/parameters"))["rate"]["syncStatus"] == "OK" and p)
    assert (shown["level"]["syncStatus"], shown["level"]["reported"]["value"]) == ("FAILED", "INFO")


@pytest.mark.row("D1")
def test_configuration_requested_before_the_device_exists_waits_for_it(
    rest: Rest, urn: str, stack: RunningStack
) -> None:
    rest.post(f"{DEVICES}/{urn}/config", {"parameters": {"rate": {"type": "INT32", "value": 5}}})
    with MqttClient(stack, urn, "json+device", stack.api_key) as device:
        device.subscribe("dev/cfg/upd")
        assert device.next("dev/cfg/upd")["cfg"] == {"rate": {"t": "i32", "v": 5}}


@pytest.mark.row("A3")
def test_a_wrong_password_is_refused_and_does_not_touch_the_live_connection(
    rest: Rest, urn: str, device: MqttClient, stack: RunningStack
) -> None:
    intruder = MqttClient(stack, urn, "json+device", "wrong")
    assert intruder.connect() != 0
    intruder.close()
    device.publish("dev/data", {"value": {"n": 1}})
    until(lambda: rest.get(f"/api/v0/data/streams/{urn}"))
    assert not device.closed


def test_disabling_the_interface_closes_the_connection_and_keeps_the_device_out(
    rest: Rest, urn: str, device: MqttClient, stack: RunningStack
) -> None:
    until(lambda: interface(rest, urn)["status"] == "ONLINE")
    rest.ok("PATCH", f"{DEVICES}/{urn}/interfaces/mqtt:{urn}", {"enabled": False})
    until(lambda: device.closed)
    again = MqttClient(stack, urn, "json+device", stack.api_key)
    assert again.connect() != 0
    again.close()
    assert interface(rest, urn)["status"] == "DEACTIVATED"
