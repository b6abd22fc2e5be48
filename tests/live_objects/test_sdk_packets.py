"""What firmware built on Live Objects' own SDKs sends, byte by byte, where the SDK itself is in no registry.

C: LiveObjects-iotSoftbox-mqtt-core, which publishes and subscribes at QoS 0 and is the strictest reader. Arduino:
LiveObjects_SDK_for_Arduino on an ESP32, which answers a command without a result and sends booleans for numbers. Java:
LiveObjectsMqttDeviceSample, on Paho.
"""

import base64
import hashlib
import json
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.clients import Rest, until
from tests.local.running import RunningStack
from tests.replay import Replayed

DEVICES = "/api/v1/deviceMgt/devices"
C_DEVICE = "urn:lo:nsid:LomSK:0123456789"
JAVA_DEVICE = "urn:lo:nsid:samples:device1"
ARDUINO_CLIENT = "LO_SDK_Arduino:mac:A1B2C3D4E5F6"
FIRMWARE = b"\x7fELF" * 64

C_CONNECT = (
    b"\x10W\x00\x04MQTT\x04\xc2\x00\x1e\x00\x1curn:lo:nsid:LomSK:0123456789\x00\x0bjson+device\x00 KKKK"
    b"KKKKKKKKKKKKKKKKKKKKKKKKKKKK"
)
C_CONFIGURATION_UPDATES = b"\x82\x10\x00\x02\x00\x0bdev/cfg/upd\x00"
C_COMMANDS = b"\x82\x0c\x00\x03\x00\x07dev/cmd\x00"
C_RESOURCE_UPDATES = b"\x82\x10\x00\x04\x00\x0bdev/rsc/upd\x00"
C_INFO = b'0E\x00\x08dev/info{"info":{"sample_version":"02.02 MBED","sample_counter":3}}'
C_RESOURCES = b'0W\x00\x07dev/rsc{"rsc":{"X11_A_SOFTWARE": {"v":"01","m": {}},"X11_IMAGE": {"v":"02","m": {}}}}'
C_CONFIGURATION = (
    b'0\x8b\x01\x00\x07dev/cfg{"cfg":{"timeout":{"t":"u32","v":10},"name":{"t":"str","v":"TICTAC"},"gai'
    b'n":{"t":"f64","v":1.050000},"offset":{"t":"i32","v":-3}}}'
)
C_DATA = (
    b'0\xed\x01\x00\x08dev/data{"s":"urn:lo:nsid:LomSK:0123456789!measures","ts":"2026-11-30T05:00:00Z"'
    b',"m":"mV1","loc":[45.759723,4.842223],"v": {"uptime":12,"volts":[-5,3],"temperature":20.250000,"o'
    b'pen":true,"levels":[1 ,2 ],"name":"x"},"t":["Test","SDK"]}'
)
C_NOT_SUPPORTED = b'0U\x00\x0bdev/cmd/res{"res":{"lom_err_code":-3,"lom_error":"Not supported"},"cid":1000000001}'
C_CONFIGURED = b'0@\x00\x07dev/cfg{"cfg":{"timeout":{"t":"u32","v":20}},"cid":1000000001}'
C_ACCEPTED = b'0.\x00\x0fdev/rsc/upd/res{"res":"OK","cid":1000000001}'
ARDUINO_CONNECT = (
    b"\x10Z\x00\x04MQTT\x04\xc2\x00\x0f\x00\x1fLO_SDK_Arduino:mac:A1B2C3D4E5F6\x00\x0bjson+device\x00 K"
    b"KKKKKKKKKKKKKKKKKKKKKKKKKKKKKKK"
)
ARDUINO_CONFIGURATION_UPDATES = b"\x82\x10\x00\x02\x00\x0bdev/cfg/upd\x00"
ARDUINO_COMMANDS = b"\x82\x0c\x00\x03\x00\x07dev/cmd\x00"
ARDUINO_CONFIGURATION = (
    b'0\x87\x01\x00\x07dev/cfg{"cfg":{"message rate":{"t":"i32","v":5000},"led":{"t":"u32","v":true},"g'
    b'ain":{"t":"f64","v":0.1},"name":{"t":"str","v":"x"}}}'
)
ARDUINO_DATA = (
    b'0\x9a\x02\x00\x08dev/data{"value":{"uptime":12000,"networkInfo":{"mac":"A1:B2:C3:D4:E5:F6","ssid"'
    b':"home","ip":"192.168.1.7","rssi":"-61 dbm"},"external_power":true},"timestamp":"2026-11-30T05:00'
    b':00Z","location":{"lat":45.4535,"lon":4.5032,"alt":125.7},"tags":["basement"],"model":"LO_SDK_Ard'
    b'uino"}'
)
ARDUINO_BINARY = b"0\x18\x00\x12dev/v1/data/binary\x00/\x00\xff"
ARDUINO_ANSWER = b'0\x1f\x00\x0bdev/cmd/res{"cid":1000000001}'
ARDUINO_UNKNOWN_PARAMETER = b'0C\x00\x07dev/cfg{"cfg":{"unknown":{"t":"str","v":"Nan"}},"cid":1000000001}'
JAVA_CONNECT = (
    b"\x10V\x00\x04MQTT\x04\xc2\x00\x1e\x00\x1burn:lo:nsid:samples:device1\x00\x0bjson+device\x00 KKKKK"
    b"KKKKKKKKKKKKKKKKKKKKKKKKKKK"
)
JAVA_CONFIGURATION = (
    b'2|\x00\x07dev/cfg\x00\x01{"cfg":{"trigger":{"t":"f64","v":20.251},"connDelaySec":{"t":"u32","v":1'
    b'0002},"logLevel":{"t":"str","v":"INFO"}}}'
)
JAVA_CONFIGURATION_UPDATES = b"\x82\x10\x00\x02\x00\x0bdev/cfg/upd\x01"
JAVA_COMMANDS = b"\x82\x0c\x00\x03\x00\x07dev/cmd\x01"
JAVA_RESOURCES = b'2U\x00\x07dev/rsc\x00\x04{"rsc":{"fw1":{"v":"18.04LTS","m":{"name":"Kubuntu"}},"fw2":{"v":"v1.1"}}}'
JAVA_RESOURCE_UPDATES = b"\x82\x10\x00\x05\x00\x0bdev/rsc/upd\x01"
JAVA_DATA = (
    b'2\xcc\x02\x00\x08dev/data\x00\x06{"streamId":"device1stream","timestamp":"2026-11-30T05:00:00Z","'
    b'model":"devtype1","location":{"lat":48.598,"lon":2.658,"alt":147.3,"accuracy":474.0,"provider":"r'
    b'andom"},"value":{"log":"Message from deviceMode on dev/data on Mon Nov 30 05:00:00 UTC 2026","tem'
    b'perature":22,"hygrometry":47},"tags":["MQTTdata","SampleTag"]}'
)
JAVA_ANSWER = (
    b'2[\x00\x0bdev/cmd/res\x00\x07{"res":{"my-ack":"this is my command acknowledge to buzz"},"cid":1000000001}'
)
JAVA_ERROR = b'2U\x00\x0fdev/rsc/upd/err\x00\t{"errorCode":"Generic Error","errorDetails":"downloaded size : 3"}'


@pytest.fixture
def rest(stack: RunningStack) -> Iterator[Rest]:
    rest = Rest(stack)
    yield rest
    rest.close()


@pytest.fixture
def key(rest: Rest) -> str:
    """As firmware can hold it: 32 characters, for devices alone."""
    parent = rest.get("/api/v0/apiKeys/current_key")["id"]
    return str(rest.post("/api/v0/apiKeys", {"parentId": parent, "roles": ["DEVICE_ACCESS"]})["value"])


def told(device: Replayed, topic: str) -> Any:
    message = device.device.message()
    assert message.topic == topic
    return json.loads(message.payload)


def command(rest: Rest, urn: str, name: str) -> str:
    body = {"request": {"connector": "mqtt", "value": {"req": name}}}
    return str(rest.post(f"{DEVICES}/{urn}/commands", body)["id"])


def processed(rest: Rest, id_: str) -> Any:
    """The response of the command, once it is there."""

    def response() -> Any:
        found = rest.get(f"/api/v1/deviceMgt/commands/{id_}")
        return found if found["status"] == "PROCESSED" else None

    return until(response).get("response", {}).get("value")


def configured(rest: Rest, urn: str) -> dict[str, Any]:
    found = rest.get(f"{DEVICES}/{urn}/config")["parameters"]
    return {name: p["reported"]["value"] for name, p in found.items() if "reported" in p}


class TestC:
    @pytest.fixture
    def device(self, stack: RunningStack, key: str) -> Iterator[Replayed]:
        with Replayed(stack, key=key) as device:
            assert device.say(C_CONNECT) == b"\0\0"
            for number, packet in enumerate((C_CONFIGURATION_UPDATES, C_COMMANDS, C_RESOURCE_UPDATES), 2):
                assert device.say(packet) == bytes((0, number, 0))
            yield device

    def test_its_data_is_kept(self, rest: Rest, device: Replayed) -> None:
        device.say(C_DATA)
        (message,) = until(lambda: rest.get(f"/api/v0/data/streams/{C_DEVICE}!measures"))
        assert message["value"] == {
            "uptime": 12,
            "volts": [-5, 3],
            "temperature": 20.25,
            "open": True,
            "levels": [1, 2],
            "name": "x",
        }
        assert (message["model"], message["tags"]) == ("mV1", ["Test", "SDK"])
        assert (message["location"]["lat"], message["location"]["lon"]) == (45.759723, 4.842223)

    def test_its_parameters_are_known_and_set(self, rest: Rest, device: Replayed) -> None:
        device.say(C_INFO)
        device.say(C_CONFIGURATION)
        known = {"timeout": 10, "name": "TICTAC", "gain": 1.05, "offset": -3}
        until(lambda: configured(rest, C_DEVICE).items() >= known.items())
        rest.post(f"{DEVICES}/{C_DEVICE}/config", {"parameters": {"timeout": {"type": "UINT32", "value": 20}}})
        update = told(device, "dev/cfg/upd")
        assert update["cfg"] == {"timeout": {"t": "u32", "v": 20}}
        device.say(C_CONFIGURED, cid=update["cid"])
        until(lambda: configured(rest, C_DEVICE)["timeout"] == 20)
        assert device.is_open

    def test_a_command_that_it_does_not_know_is_answered(self, rest: Rest, device: Replayed) -> None:
        id_ = command(rest, C_DEVICE, "unheard")
        device.say(C_NOT_SUPPORTED, cid=told(device, "dev/cmd")["cid"])
        assert processed(rest, id_) == {"lom_err_code": -3, "lom_error": "Not supported"}

    def test_its_firmware_is_updated_by_its_own_download(self, rest: Rest, device: Replayed) -> None:
        device.say(C_RESOURCES)
        resources = f"{DEVICES}/{C_DEVICE}/resources"
        until(lambda: rest.get(resources).get("X11_IMAGE", {}).get("reported"))
        rest.post("/api/v0/rm", {"resourceId": "X11_IMAGE"})
        digest = base64.b64encode(hashlib.md5(FIRMWARE, usedforsecurity=False).digest()).decode()
        body = {"resourceVersionId": "03", "checksum": digest, "file": base64.b64encode(FIRMWARE).decode()}
        rest.post("/api/v0/rm/X11_IMAGE/version", body)
        rest.post(f"{resources}/X11_IMAGE", {"version": "03"})
        update = told(device, "dev/rsc/upd")
        assert (update["id"], update["old"], update["new"]) == ("X11_IMAGE", "02", "03")
        device.say(C_ACCEPTED, cid=update["cid"])
        head, image = downloaded(update["m"]["uri"])
        assert head.startswith((b"HTTP/1.0 200 ", b"HTTP/1.1 200 "))
        assert f"content-length: {len(FIRMWARE)}".encode() in head.lower()
        assert image == FIRMWARE


def downloaded(uri: str) -> tuple[bytes, bytes]:
    """As the C SDK does it: HTTP/1.0, no Accept, and whatever comes until the server closes."""
    parts = urlsplit(uri)
    asked = f"GET {parts.path} HTTP/1.0\r\nHost: {parts.hostname}\r\nUser-Agent: IotSoftbox-mqtt 1.0 (mbed)\r\n\r\n"
    came = b""
    with socket.create_connection((parts.hostname, parts.port), timeout=60) as connection:
        connection.sendall(asked.encode())
        while part := connection.recv(4096):
            came += part
    head, _, body = came.partition(b"\r\n\r\n")
    return head, body


class TestArduino:
    @pytest.fixture
    def device(self, stack: RunningStack, key: str) -> Iterator[Replayed]:
        with Replayed(stack, key=key) as device:
            assert device.say(ARDUINO_CONNECT) == b"\0\0"
            assert device.say(ARDUINO_CONFIGURATION_UPDATES) == b"\0\2\0"
            assert device.say(ARDUINO_COMMANDS) == b"\0\3\0"
            yield device

    @pytest.fixture
    def urn(self, rest: Rest, device: Replayed) -> str:
        """The device that its client id made."""
        assert device.is_open

        def found() -> str | None:
            devices = rest.get(DEVICES, limit=1000, fields="interfaces")
            nodes = {d["id"] for d in devices for i in d.get("interfaces", ()) if i["nodeId"] == ARDUINO_CLIENT}
            return next(iter(nodes), None)

        return str(until(found))

    def test_its_data_is_kept(self, rest: Rest, device: Replayed, urn: str) -> None:
        device.say(ARDUINO_DATA)
        device.say(ARDUINO_BINARY)
        json_, binary = sorted(
            until(lambda: len(found := rest.get(f"/api/v0/data/streams/{urn}")) == 2 and found),
            key=lambda message: "payload" in message["value"],
        )
        assert json_["value"]["external_power"] is True
        assert (json_["model"], json_["tags"], json_["location"]["alt"]) == ("LO_SDK_Arduino", ["basement"], 125.7)
        assert json_["timestamp"] == "2026-11-30T05:00:00.000Z"
        assert binary["value"] == {"payload": "002F00FF"}

    def test_its_parameters_are_known_and_one_that_it_does_not_have_is_refused(
        self, rest: Rest, device: Replayed, urn: str
    ) -> None:
        device.say(ARDUINO_CONFIGURATION)
        known = {"message rate": 5000, "led": 1, "gain": 0.1, "name": "x"}
        until(lambda: configured(rest, urn).items() >= known.items())
        rest.post(f"{DEVICES}/{urn}/config", {"parameters": {"unknown": {"type": "INT32", "value": 3}}})
        update = told(device, "dev/cfg/upd")
        device.say(ARDUINO_UNKNOWN_PARAMETER, cid=update["cid"])
        wanted = f"{DEVICES}/{urn}/config"
        until(lambda: rest.get(wanted)["parameters"]["unknown"]["syncStatus"] == "FAILED")

    def test_an_answer_without_a_result_ends_the_command(self, rest: Rest, device: Replayed, urn: str) -> None:
        id_ = command(rest, urn, "blink")
        device.say(ARDUINO_ANSWER, cid=told(device, "dev/cmd")["cid"])
        assert not processed(rest, id_)


class TestJava:
    @pytest.fixture
    def device(self, stack: RunningStack, key: str) -> Iterator[Replayed]:
        with Replayed(stack, key=key) as device:
            assert device.say(JAVA_CONNECT) == b"\0\0"
            assert device.say(JAVA_CONFIGURATION) == b"\0\1"
            assert device.say(JAVA_CONFIGURATION_UPDATES) == b"\0\2\1"
            assert device.say(JAVA_COMMANDS) == b"\0\3\1"
            assert device.say(JAVA_RESOURCES) == b"\0\4"
            assert device.say(JAVA_RESOURCE_UPDATES) == b"\0\5\1"
            yield device

    @pytest.mark.usefixtures("device")
    def test_what_it_reports_is_known(self, rest: Rest) -> None:
        known = {"trigger": 20.251, "connDelaySec": 10002, "logLevel": "INFO"}
        until(lambda: configured(rest, JAVA_DEVICE).items() >= known.items())
        resources = until(lambda: rest.get(f"{DEVICES}/{JAVA_DEVICE}/resources"))
        assert {name: resources[name]["reported"]["version"] for name in ("fw1", "fw2")} == {
            "fw1": "18.04LTS",
            "fw2": "v1.1",
        }

    def test_its_data_is_kept_in_the_stream_that_it_names(self, rest: Rest, device: Replayed) -> None:
        assert device.say(JAVA_DATA) == b"\0\6"
        (message,) = until(lambda: rest.get("/api/v0/data/streams/device1stream"))
        assert (message["value"]["temperature"], message["location"]["provider"]) == (22, "random")
        assert message["tags"] == ["MQTTdata", "SampleTag"]

    def test_its_answer_ends_the_command(self, rest: Rest, device: Replayed) -> None:
        id_ = command(rest, JAVA_DEVICE, "buzz")
        message = device.device.message()
        device.say(JAVA_ANSWER, cid=json.loads(message.payload)["cid"])
        assert processed(rest, id_) == {"my-ack": "this is my command acknowledge to buzz"}

    def test_details_of_an_error_that_nothing_failed_for_disturb_nobody(self, device: Replayed) -> None:
        assert device.say(JAVA_ERROR) == b"\0\x09"
        assert device.is_open
