"""Debian's mosquitto clients as device, external connector and business application, with nothing but their options."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests.clients import PATIENCE_S, Rest, until
from tests.local.running import RunningStack

pytestmark = [
    pytest.mark.conformance,
    pytest.mark.skipif(shutil.which("mosquitto_sub") is None, reason="the mosquitto clients are not installed"),
]

DEVICES = "/api/v1/deviceMgt/devices"


@pytest.fixture(scope="module")
def rest(running_stack: RunningStack) -> Iterator[Rest]:
    rest = Rest(running_stack)
    yield rest
    rest.close()


def options(stack: RunningStack, client_id: str, username: str) -> list[str]:
    where = ["-h", "localhost", "-p", str(stack.mqtts), "--cafile", str(stack.ca)]
    return [*where, "-i", client_id, "-u", username, "-P", stack.api_key, "-q", "1"]


def publish(stack: RunningStack, who: tuple[str, str], topic: str, body: Any) -> None:
    command = ["mosquitto_pub", *options(stack, *who), "-t", topic, "-m", json.dumps(body)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 0, done.stderr


def first_message(stack: RunningStack, who: tuple[str, str], topic: str) -> "subprocess.Popen[str]":
    """A subscriber that ends after one message."""
    command = ["mosquitto_sub", *options(stack, *who), "-t", topic, "-C", "1", "-W", "60"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def read(subscriber: "subprocess.Popen[str]") -> Any:
    output, _ = subscriber.communicate(timeout=PATIENCE_S)
    assert subscriber.returncode == 0
    return json.loads(output)


def test_a_device_sends_and_takes_a_command(running_stack: RunningStack, rest: Rest) -> None:
    urn = "urn:lo:nsid:mosquitto:device"
    publish(running_stack, (urn, "json+device"), "dev/data", {"v": {"n": 1}})
    assert until(lambda: rest.get(f"/api/v0/data/streams/{urn}"))[0]["value"] == {"n": 1}
    subscriber = first_message(running_stack, (urn, "json+device"), "dev/cmd")
    body = {"request": {"connector": "mqtt", "value": {"req": "on"}}, "policy": {"ackMode": "NETWORK"}}
    command = rest.post(f"{DEVICES}/{urn}/commands", body)
    assert read(subscriber)["req"] == "on"
    path = f"/api/v1/deviceMgt/commands/{command['id']}"
    until(lambda: rest.get(path)["deliveryStatus"] == "DELIVERED")


@pytest.mark.row("C7")
def test_a_connector_speaks_for_a_node(running_stack: RunningStack, rest: Rest) -> None:
    who = ("mosquitto-connector", "connector")
    publish(running_stack, who, "connector/v1/nodes/n1/data", {"value": {"battery": 7}})
    stream = "/api/v0/data/streams/urn:lo:nsid:x-connector:n1"
    assert until(lambda: rest.get(stream))[0]["value"] == {"battery": 7}


def test_an_application_takes_from_a_fifo(running_stack: RunningStack, rest: Rest) -> None:
    rest.post("/api/v0/topics/fifo", {"name": "mosquitto", "maxLengthBytes": 1_000_000})
    rest.post("/api/v0/topics/fifo/mosquitto", {"n": 1})
    assert read(first_message(running_stack, ("mosquitto-app", "application"), "fifo/mosquitto")) == {"n": 1}
    until(lambda: rest.get("/api/v0/topics/fifo/mosquitto")["messages"] == 0)
