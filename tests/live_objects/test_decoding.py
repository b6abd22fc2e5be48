"""Decoders over HTTP, encoded data over MQTT/TLS and HTTP (manual 6.5.5.2), seen through the REST API."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from tests.clients import MqttClient, Rest, until
from tests.local.running import RunningStack

pytestmark = pytest.mark.row("C3", "E2")
STREAMS = "/api/v0/data/streams"
_numbers = itertools.count(1)


@pytest.fixture
def rest(stack: RunningStack) -> Iterator[Rest]:
    rest = Rest(stack)
    yield rest
    rest.close()


@pytest.fixture
def urn() -> str:
    return f"urn:lo:nsid:decoding:d{next(_numbers)}"


@pytest.fixture
def device(stack: RunningStack, urn: str) -> Iterator[MqttClient]:
    with MqttClient(stack, urn, "json+device", stack.api_key) as client:
        yield client


@pytest.fixture
def encoding(rest: Rest) -> Iterator[str]:
    name = f"floats_{next(_numbers)}"
    body = {"encoding": name, "format": "float sent_value;", "enabled": True, "model": "my_model_v0"}
    made = rest.post("/api/v0/decoders/binary", body)
    yield name
    rest.ok("DELETE", f"/api/v0/decoders/binary/{made['id']}")


def stored(rest: Rest, stream: str) -> Any:
    (message,) = until(lambda: rest.get(f"{STREAMS}/{stream}"))
    return message


def test_bytes_on_a_topic_that_names_the_decoder_are_decoded(
    rest: Rest, urn: str, device: MqttClient, encoding: str
) -> None:
    device.publish(f"dev/v1/data/binary/{encoding}", bytes.fromhex("41200000"))
    message = stored(rest, urn)
    assert message["value"] == {"payload": "41200000", "sent_value": 10.0}
    assert message["model"] == "my_model_v0"


def test_bytes_of_an_interface_that_names_the_decoder_are_decoded(
    rest: Rest, stack: RunningStack, urn: str, encoding: str
) -> None:
    interface = {"connector": "mqtt", "definition": {"clientId": urn, "encoding": encoding}}
    rest.post("/api/v1/deviceMgt/devices", {"id": urn, "interfaces": [interface]})
    with MqttClient(stack, urn, "json+device", stack.api_key) as device:
        device.publish("dev/v1/data/binary", bytes.fromhex("41200000"))
        assert stored(rest, urn)["value"]["sent_value"] == 10.0


def test_json_data_that_names_the_decoder_is_decoded(rest: Rest, urn: str, device: MqttClient, encoding: str) -> None:
    device.publish("dev/data", {"value": {"payload": "C1200000"}, "metadata": {"encoding": encoding}})
    assert stored(rest, urn)["value"] == {"payload": "C1200000", "sent_value": -10.0}


def test_data_posted_over_http_is_decoded(rest: Rest, urn: str, encoding: str) -> None:
    rest.post(f"{STREAMS}/{urn}", {"value": {"payload": "41200000"}, "metadata": {"encoding": encoding}})
    assert stored(rest, urn)["value"]["sent_value"] == 10.0


def test_bytes_that_cannot_be_decoded_are_kept_and_explained(
    rest: Rest, urn: str, device: MqttClient, encoding: str
) -> None:
    device.publish(f"dev/v1/data/binary/{encoding}", b"\x41")
    assert stored(rest, urn)["value"] == {"payload": "41"}
    (entry,) = until(lambda: rest.get("/api/v0/auditlog/messages", **{"source.deviceId": urn}))
    assert "sent_value" in str(entry)
