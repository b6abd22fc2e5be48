"""Encoded data of devices (manual 6.5.5.2): which decoder reads it."""

from typing import Any

import pytest

from chalicelib.dialects.live_objects import mqtt
from chalicelib.dialects.topics import Uplink
from chalicelib.fleet.data import decoders, messages
from chalicelib.fleet.data.records import DataMessage, DecoderKind, DecoderRecord
from chalicelib.fleet.inventory import devices
from chalicelib.fleet.inventory.records import Device, Interface
from chalicelib.fleet.presence.claims import Claim
from chalicelib.fleet.tenancy.records import Cause
from tests.fakes import START, MemoryPorts

TENANT, URN = "t00001", "urn:lo:nsid:sensor:1"
CLAIM = Claim(URN, TENANT, "live_objects", "device", "k", START, URN, "mqtt")


def described(name: str, source: str) -> DecoderRecord:
    return DecoderRecord(TENANT, name, name, DecoderKind.BINARY, START, START, enabled=True, source=source, model=name)


def platform(definition: dict[str, Any]) -> MemoryPorts:
    ports = MemoryPorts()
    interface = Interface("mqtt", URN, "live_objects", START, START, definition={"clientId": URN, **definition})
    devices.register(ports, Device(TENANT, URN, START, START, tags=("x",), interfaces=(interface,)))
    decoders.create(ports, described("floats", "float sent_value;"))
    decoders.create(ports, described("shorts", "short a; short b;"))
    return ports


def received(ports: MemoryPorts, topic: str, payload: bytes) -> DataMessage:
    mqtt.receive(ports, CLAIM, Uplink(topic, payload, START, "e1"))
    return messages.read(ports, TENANT, URN)[0]


BYTES = bytes.fromhex("41200000")


def test_the_topic_names_the_decoder() -> None:
    message = received(platform({}), "dev/v1/data/binary/floats", BYTES)
    assert message.value == {"payload": "41200000", "sent_value": 10.0}
    assert (message.model, message.timestamp, message.tags) == ("floats", START, ("x",))
    assert message.metadata["encoding"] == "floats"


def test_the_interface_names_the_decoder() -> None:
    assert received(platform({"encoding": "shorts"}), "dev/v1/data/binary", BYTES).value == {
        "payload": "41200000",
        "a": 0x4120,
        "b": 0,
    }


def test_the_topic_goes_before_the_interface() -> None:
    assert received(platform({"encoding": "shorts"}), "dev/v1/data/binary/floats", BYTES).model == "floats"


def test_the_interface_goes_before_the_message() -> None:
    body = b'{"value":{"payload":"41200000"},"metadata":{"encoding":"floats"}}'
    assert received(platform({"encoding": "shorts"}), "dev/data", body).model == "shorts"


def test_the_message_names_the_decoder() -> None:
    body = b'{"v":{"payload":"41200000"},"m":"own","metadata":{"encoding":"floats"}}'
    message = received(platform({}), "dev/data", body)
    assert message.value == {"payload": "41200000", "sent_value": 10.0}


def test_bytes_without_a_decoder_are_kept_in_hexadecimal() -> None:
    ports = platform({})
    message = received(ports, "dev/v1/data/binary", b"\x00\xab\xff")
    assert (message.value, message.model) == ({"payload": "00ABFF"}, None)
    assert not ports.audit.rows


@pytest.mark.parametrize("payload", [b"\x01", b""])
def test_bytes_that_cannot_be_decoded_are_kept_and_audited(payload: bytes) -> None:
    ports = platform({})
    assert received(ports, "dev/v1/data/binary/floats", payload).value == {"payload": payload.hex()}
    (entry,) = ports.audit.rows.values()
    assert (entry.cause, entry.source["encoding"]) == (Cause.DECODING, "floats")


def test_the_same_event_is_one_message_however_often_it_arrives() -> None:
    ports = platform({})
    for _ in range(2):
        received(ports, "dev/v1/data/binary/floats", BYTES)
    assert len(messages.read(ports, TENANT, URN)) == 1
