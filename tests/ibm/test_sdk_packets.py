"""What IBM's Java and C clients send, byte by byte: neither is in a registry that tests may use.

iot-java runs on Paho for Java and subscribes at QoS 2. iot-c speaks MQTT 5 only, begins no session anew, listens to all
of device management by one filter, and writes 0 and 1 for false and true.
"""

import itertools
import json
from collections.abc import Iterator

import pytest

from infra.local.iot_core import packets
from infra.local.iot_core.packets import Publish
from tests.clients import until
from tests.ibm.clients import Organization, another_tenant
from tests.local.running import RunningStack
from tests.replay import Replayed

JAVA, C = "iot-java-1", "iot-c-000001"
_numbers = itertools.count(1)

JAVA_CONNECT = (
    b"\x10V\x00\x04MQTT\x04\xc2\x00<\x00\x18d:oooooo:pump:iot-java-1\x00\x0euse-token-auth\x00 KKKKKKKK"
    b"KKKKKKKKKKKKKKKKKKKKKKKK"
)
JAVA_COMMANDS = b"\x82\x16\x00\x01\x00\x11iot-2/cmd/+/fmt/+\x02"
JAVA_EVENT = b'0:\x00\x18iot-2/evt/blink/fmt/json{"name":"foo","cpu":60,"mem":50}'
JAVA_EVENT_TO_ACKNOWLEDGE = b'2+\x00\x18iot-2/evt/blink/fmt/json\x00\x02{"distance":10}'
C_CONNECT = (
    b"\x10^\x00\x04MQTT\x05\xc0\x00<\x05\x11\x00\x00\x0e\x10\x00\x1ad:oooooo:pump:iot-c-000001\x00\x0eu"
    b"se-token-auth\x00 KKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKK"
)
C_MANAGEMENT = b"\x82\x0f\x00\x01\x00\x00\tiotdm-1/#\x00"
C_MANAGE = (
    b'2\xb4\x01\x00\x17iotdevice-1/mgmt/manage\x00\x02\x00{"d":{"metadata":{} ,"lifetime":3600,"support'
    b's":{"deviceActions":1,"firmwareActions":1},"deviceInfo":{}},"reqId":"7a3e2a5c-3c1f-4b0a-9d3b-2f1e'
    b'0d9c8b7a"}'
)
C_COMMANDS = b"\x82\x17\x00\x03\x00\x00\x11iot-2/cmd/+/fmt/+\x00"
C_EVENT = b'0G\x00\x19iot-2/evt/status/fmt/json\x00{"d" : {"SensorID": "Test", "Reading": 7 }}'
C_ERROR_CODE = b'2J\x00\x1fiotdevice-1/add/diag/errorCodes\x00\x04\x00{"d":{"errorCode":121},"reqId":"5f1c"}'
C_LOG = (
    b'2\x89\x01\x00\x18iotdevice-1/add/diag/log\x00\x05\x00{"d":{"message":"logOnly","timestamp":"2026-'
    b'11-30T05:00:00Z","data":"diagdata","severity":1},"reqId":"5f1d"}'
)


@pytest.fixture(scope="module")
def edge() -> Iterator[RunningStack]:
    """IoT Core answers no subscription at QoS 2, and takes no topic as long as those of commands."""
    with RunningStack(HOMEPORT_LENIENT="1") as stack:
        yield stack


@pytest.fixture
def organization(edge: RunningStack) -> Organization:
    """One of this test alone, since a client's id is part of its packets."""
    return Organization(edge, another_tenant(edge, f"replayed {next(_numbers)}"))


def read_publish(flags: int, body: bytes) -> Publish:
    """One of MQTT 5 whose properties are fewer than 128 bytes."""
    end = 2 + int.from_bytes(body[:2]) + (2 if flags & 6 else 0)
    return packets.decode_publish(flags, body[:end] + body[end + 1 + body[end] :])


def replayed(organization: Organization, device: str) -> Replayed:
    token = organization.register("pump", device)
    return Replayed(organization.stack, key=token, org=organization.id)


class TestJava:
    @pytest.fixture
    def device(self, organization: Organization) -> Iterator[Replayed]:
        with replayed(organization, JAVA) as device:
            assert device.say(JAVA_CONNECT) == b"\0\0"
            yield device

    def test_its_events_are_kept(self, organization: Organization, device: Replayed) -> None:
        device.say(JAVA_EVENT)
        assert device.say(JAVA_EVENT_TO_ACKNOWLEDGE) == b"\0\2"
        path = f"/api/v0001/historian/pump/{JAVA}"
        found = until(lambda: len(found := organization.ok("GET", path)) == 2 and found)
        assert {json.dumps(record["evt"]) for record in found} == {
            '{"name": "foo", "cpu": 60, "mem": 50}',
            '{"distance": 10}',
        }

    def test_a_command_reaches_it(self, organization: Organization, device: Replayed) -> None:
        assert device.say(JAVA_COMMANDS) == b"\0\1\2"
        with organization.application("sender") as application:
            application.publish(f"iot-2/type/pump/id/{JAVA}/cmd/stop/fmt/json", {"delay": 2})
            message = device.device.message()
        assert (message.topic, json.loads(message.payload)) == ("iot-2/cmd/stop/fmt/json", {"delay": 2})


class TestC:
    @pytest.fixture
    def device(self, organization: Organization) -> Iterator[Replayed]:
        with replayed(organization, C) as device:
            acknowledged = device.say(C_CONNECT)
            assert acknowledged is not None
            assert acknowledged[:2] == b"\0\0"
            yield device

    def test_it_becomes_a_managed_device(self, organization: Organization, device: Replayed) -> None:
        assert device.say(C_MANAGEMENT) == b"\0\1\0\0"
        device.device.send(C_MANAGE)
        said = [device.device.receive(), device.device.receive()]
        assert (4, 0, b"\0\2") in said
        (response,) = (read_publish(flags, body) for kind, flags, body in filter(None, said) if kind == packets.PUBLISH)
        assert response.topic == "iotdm-1/response"
        assert json.loads(response.payload) == {"rc": 200, "reqId": "7a3e2a5c-3c1f-4b0a-9d3b-2f1e0d9c8b7a"}
        for packet in (C_ERROR_CODE, C_LOG):
            device.device.send(packet)
        path = f"/api/v0002/device/types/pump/devices/{C}/diag"
        assert until(lambda: organization.ok("GET", f"{path}/errorCodes"))[0]["errorCode"] == 121
        assert until(lambda: organization.ok("GET", f"{path}/logs"))[0]["message"] == "logOnly"

    def test_its_events_are_kept_and_a_command_reaches_it(self, organization: Organization, device: Replayed) -> None:
        assert device.say(C_COMMANDS) == b"\0\3\0\0"
        device.say(C_EVENT)
        path = f"/api/v0001/historian/pump/{C}"
        (record,) = until(lambda: organization.ok("GET", path))
        assert (record["evt_type"], record["evt"]) == ("status", {"SensorID": "Test", "Reading": 7})
        with organization.application("sender") as application:
            application.publish(f"iot-2/type/pump/id/{C}/cmd/stop/fmt/json", {"delay": 2})
            received = device.device.receive()
        assert received is not None
        message = read_publish(received[1], received[2])
        assert (message.topic, json.loads(message.payload)) == ("iot-2/cmd/stop/fmt/json", {"delay": 2})
