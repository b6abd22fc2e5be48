"""Scripts written for the vendor's first API, against a running stack and devices of today."""

import base64
import hashlib
import itertools
from collections.abc import Iterator

import pytest

from tests.clients import MqttClient, Rest, until
from tests.local.running import RunningStack

FIRMWARE = b"\x7fELF"
_numbers = itertools.count(1)


@pytest.fixture
def rest(stack: RunningStack) -> Iterator[Rest]:
    rest = Rest(stack)
    yield rest
    rest.close()


@pytest.fixture
def name() -> str:
    return f"old{next(_numbers)}"


@pytest.fixture
def device(stack: RunningStack, rest: Rest, name: str) -> Iterator[MqttClient]:
    """A device that was registered as an asset, and listens to everything."""
    rest.post("/api/v0/assets", {"namespace": "old", "id": name})
    with MqttClient(stack, f"urn:lo:nsid:old:{name}", "json+device", stack.api_key) as device:
        device.subscribe("dev/cmd", "dev/cfg/upd", "dev/rsc/upd")
        until(lambda: rest.get(f"/api/v0/assets/old/{name}")["connected"])
        yield device


def test_a_command_with_an_event_reaches_the_device_and_its_answer_comes_back(
    rest: Rest, device: MqttClient, name: str
) -> None:
    made = rest.post(f"/api/v0/assets/old/{name}/commands", {"event": "reboot", "data": {"delay": "3"}})
    asked = device.next("dev/cmd")
    assert (asked["req"], asked["arg"]) == ("reboot", {"delay": "3"})
    assert rest.get(f"/api/v0/commands/{made['id']}")["status"] in ("PENDING", "SENT")
    device.publish("dev/cmd/res", {"res": {"done": True}, "cid": asked["cid"]})
    done = until(
        lambda: (found := rest.get(f"/api/v0/commands/{made['id']}"))["status"] == "PROCESSED" and found,
    )
    assert done["resData"] == {"done": "true"}


def test_parameters_go_to_the_device_and_come_back(rest: Rest, device: MqttClient, name: str) -> None:
    path = f"/api/v0/assets/old/{name}/params"
    rest.post(path, {"rate": {"type": "INT32", "valueInt32": 7}})
    update = device.next("dev/cfg/upd")
    device.publish("dev/cfg", {"cfg": update["cfg"], "cid": update["cid"]})
    until(lambda: rest.get(f"{path}/rate")["updateStatus"] == "OK")
    assert rest.get(f"{path}/rate")["value"] == {"type": "INT32", "valueInt32": 7}


def test_who_sets_a_version_is_told_of_each_status(
    stack: RunningStack, rest: Rest, device: MqttClient, name: str
) -> None:
    checksum = base64.b64encode(hashlib.md5(FIRMWARE, usedforsecurity=False).digest()).decode()
    file = base64.b64encode(FIRMWARE).decode()
    rest.post("/api/v0/rm", {"resourceId": name})
    rest.post(f"/api/v0/rm/{name}/version", {"resourceVersionId": "2", "checksum": checksum, "file": file})
    rest.post("/api/v0/topics/fifo", {"name": name, "maxLengthBytes": 1_000_000})
    asset = f"/api/v0/rm/asset/old/{name}"
    rest.ok("PUT", f"{asset}/resource/{name}/targetversion", {"targetVersion": "2"}, notifyTo=f"fifo/{name}")
    offer = device.next("dev/rsc/upd")
    device.publish("dev/rsc/upd/res", {"res": "OK", "cid": offer["cid"]})
    until(lambda: rest.get(f"{asset}/update")["status"] == "ACCEPTED")
    device.publish("dev/rsc", {"rsc": {name: {"v": "2"}}})
    until(lambda: rest.get(f"{asset}/update", resourceId=name)["status"] == "DONE")
    with MqttClient(stack, f"{name}-app", "application", stack.api_key) as application:
        application.subscribe(f"fifo/{name}")
        told = [application.next(f"fifo/{name}") for _ in range(4)]
    assert [event["status"] for event in told] == ["PENDING", "SENT", "ACCEPTED", "DONE"]
    assert {(event["type"], event["deviceId"]) for event in told} == {("resourceStatus", f"urn:lo:nsid:old:{name}")}


def test_assets_are_found_by_what_is_known_of_them(rest: Rest, device: MqttClient, name: str) -> None:
    assert device.closed is False
    assert rest.get("/api/v0/inventory/namespaces").count("old") == 1
    found = rest.get("/api/v0/assets", namespace="old", id=name, connected="true")
    assert (found["totalCount"], found["data"][0]["id"]) == (1, name)


def test_a_node_is_found_by_its_connector(rest: Rest, device: MqttClient, name: str) -> None:
    node = rest.get(f"/api/v1/deviceMgt/connectors/mqtt/nodes/urn:lo:nsid:old:{name}")
    assert (node["status"], node["deviceId"]) == ("ONLINE", f"urn:lo:nsid:old:{name}")
    assert device.closed is False
