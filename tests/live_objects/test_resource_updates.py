"""Resource updates (manual 6.5.8): uploaded over HTTP, offered over MQTT/TLS, downloaded from the object store."""

import base64
import hashlib
import itertools
import json
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from tests.clients import PATIENCE_S, MqttClient, Rest, until
from tests.local.running import RunningStack

pytestmark = pytest.mark.row("C6", "D3")
DEVICES = "/api/v1/deviceMgt/devices"
FIRMWARE = bytes(range(256)) * 40
MD5 = hashlib.md5(FIRMWARE, usedforsecurity=False)
CHECKSUM = base64.b64encode(MD5.digest()).decode()
_numbers = itertools.count(1)


@pytest.fixture
def rest(stack: RunningStack) -> Iterator[Rest]:
    rest = Rest(stack)
    yield rest
    rest.close()


@pytest.fixture
def urn() -> str:
    return f"urn:lo:nsid:updates:d{next(_numbers)}"


@pytest.fixture
def firmware(rest: Rest) -> str:
    """A resource with version 1.2."""
    name = f"X11_firmware_{next(_numbers)}"
    rest.post("/api/v0/rm", {"resourceId": name})
    body = {"resourceVersionId": "1.2", "checksum": CHECKSUM, "file": base64.b64encode(FIRMWARE).decode()}
    assert rest.post(f"/api/v0/rm/{name}/version", body)["ready"]
    return name


@pytest.fixture
def device(stack: RunningStack, urn: str, firmware: str) -> Iterator[MqttClient]:
    with MqttClient(stack, urn, "json+device", stack.api_key) as client:
        client.publish("dev/rsc", {"rsc": {firmware: {"v": "1.1"}}})
        assert client.subscribe("dev/rsc/upd") == [1]
        yield client


def requested(rest: Rest, urn: str, firmware: str, version: str = "1.2") -> None:
    path = f"{DEVICES}/{urn}/resources"
    until(lambda: rest.get(path).get(firmware, {}).get("reported"))
    rest.post(f"{path}/{firmware}", {"version": version})


def fetched(uri: str) -> bytes:
    """As firmware does: HTTP/1.0 over TCP, no redirect, as many bytes as Content-Length says."""
    place = urlsplit(uri)
    assert (place.scheme, place.query) == ("http", "")
    with socket.create_connection((place.hostname, place.port), timeout=PATIENCE_S) as connection:
        connection.sendall(f"GET {place.path} HTTP/1.0\r\nHost: {place.netloc}\r\n\r\n".encode())
        reply = connection.makefile("rb")
        assert reply.readline().split()[1] == b"200"
        length = 0
        while line := reply.readline().strip():
            name, _, value = line.lower().partition(b":")
            length = int(value) if name == b"content-length" else length
        return reply.read(length)


def latest(rest: Rest, urn: str, firmware: str) -> Any:
    return rest.get(f"{DEVICES}/{urn}/resources/{firmware}/updates/latest")


def test_a_device_downloads_what_it_is_offered_and_reports_it(
    rest: Rest, urn: str, firmware: str, device: MqttClient
) -> None:
    requested(rest, urn, firmware)
    offer = device.next("dev/rsc/upd")
    assert (offer["id"], offer["old"], offer["new"]) == (firmware, "1.1", "1.2")
    assert all(isinstance(value, str) for value in offer["m"].values())
    assert (offer["m"]["size"], offer["m"]["md5"]) == (str(len(FIRMWARE)), MD5.hexdigest())
    device.publish("dev/rsc/upd/res", {"res": "OK", "cid": offer["cid"]})
    until(lambda: latest(rest, urn, firmware)["status"] == "ACCEPTED")
    assert len(offer["m"]["uri"]) <= 79
    assert fetched(offer["m"]["uri"]) == FIRMWARE
    device.publish("dev/rsc", {"rsc": {firmware: {"v": "1.2"}}})
    until(lambda: latest(rest, urn, firmware)["status"] == "DONE")


def test_a_device_says_what_went_wrong_and_is_asked_again(
    rest: Rest, urn: str, firmware: str, device: MqttClient
) -> None:
    requested(rest, urn, firmware)
    first = device.next("dev/rsc/upd")
    device.publish("dev/rsc/upd/err", {"errorCode": "DEV123.Z_FIRMW_CRC", "errorDetails": "bad CRC"})
    failed = until(lambda: (u := latest(rest, urn, firmware))["status"] == "FAILED" and u)
    assert (failed["deviceErrorCode"], failed["errorDetails"]) == ("DEV123.Z_FIRMW_CRC", "bad CRC")
    rest.post(f"{DEVICES}/{urn}/resources/{firmware}", {"version": "1.2"})
    assert device.next("dev/rsc/upd")["cid"] != first["cid"]
    assert len(rest.get(f"{DEVICES}/{urn}/resources/updates")) == 2


def test_a_device_that_reports_the_old_version_after_ok_is_told_again(
    rest: Rest, urn: str, firmware: str, device: MqttClient
) -> None:
    requested(rest, urn, firmware)
    first = device.next("dev/rsc/upd")
    device.publish("dev/rsc/upd/res", {"res": "OK", "cid": first["cid"]})
    until(lambda: latest(rest, urn, firmware)["status"] == "ACCEPTED")
    device.publish("dev/rsc", {"rsc": {firmware: {"v": "1.1\n"}}})
    second = device.next("dev/rsc/upd")
    assert second["cid"] == first["cid"]
    assert second["m"]["uri"] != first["m"]["uri"]
    device.publish("dev/rsc/upd/res", {"res": "OK", "cid": second["cid"]})
    device.publish("dev/rsc", {"rsc": {firmware: {"v": "1.2\r\n"}}})
    until(lambda: latest(rest, urn, firmware)["status"] == "DONE")


def test_an_update_waits_until_the_device_is_there(rest: Rest, stack: RunningStack, urn: str, firmware: str) -> None:
    rest.post(DEVICES, {"id": urn})
    rest.post(f"{DEVICES}/{urn}/resources/{firmware}", {"version": "1.2"})
    assert latest(rest, urn, firmware)["status"] == "PENDING"
    with MqttClient(stack, urn, "json+device", stack.api_key) as device:
        # The device is registered already, and has no MQTT interface yet: its first connection makes it one.
        device.subscribe("dev/rsc/upd")
        assert device.next("dev/rsc/upd")["new"] == "1.2"


def test_a_big_file_is_uploaded_to_the_object_store(rest: Rest, firmware: str) -> None:
    path = f"/api/v0/rm/{firmware}/version"
    announced = rest.post(path, {"resourceVersionId": "2.0", "checksum": CHECKSUM, "size": len(FIRMWARE)})
    assert announced["ready"] is False
    sent = requests.put(announced["uploadUrl"], data=FIRMWARE, headers={"Content-MD5": CHECKSUM}, timeout=PATIENCE_S)
    assert sent.ok, sent.text
    assert rest.get(f"{path}/2.0")["ready"] is True


def test_an_answer_that_belongs_to_nothing_is_audited(rest: Rest, urn: str, device: MqttClient) -> None:
    device.publish("dev/rsc/upd/res", {"res": "OK", "cid": 42})
    found = until(lambda: rest.get("/api/v0/auditlog/messages", **{"source.deviceId": urn}))
    assert "no resource update has the correlation id 42" in json.dumps(found)
