"""Clients that speak as the vendor's Node.js samples do (MQTT 3.1, QoS 0), with npm's `mqtt`, on the lenient broker."""

import base64
import hashlib
import os
import queue
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest

from tests.clients import PATIENCE_S, Rest, until
from tests.conformance.environments import node_environment
from tests.local.running import RunningStack

pytestmark = [pytest.mark.conformance, pytest.mark.row("J1")]

CLIENTS = Path(__file__).parent / "clients"
DEVICE = "urn:lo:nsid:NodeJS:sample"
DEVICES = "/api/v1/deviceMgt/devices"
FIRMWARE = bytes(range(256)) * 64


class Program:
    """A Node.js program that runs until its standard input ends."""

    def __init__(self, name: str, *arguments: str, key: str) -> None:
        keys = {"LO_MQTT_DEVICE_API_KEY": key, "LO_MQTT_APPLICATION_API_KEY": key}
        self._lines: queue.Queue[str] = queue.Queue()
        self._process = subprocess.Popen(
            ["node", str(CLIENTS / name), *arguments],
            cwd=node_environment("mqtt-js", "mqtt@5.16.0"),
            env={**os.environ, **keys},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> Self:
        self._reader.start()
        self.wait_for("READY")
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(PATIENCE_S)
        self._reader.join(PATIENCE_S)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def wait_for(self, start: str) -> str:
        """The next line that begins so."""
        while not (line := self._lines.get(timeout=PATIENCE_S)).startswith(start):
            print(line)
        return line

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line.rstrip())


@pytest.fixture(scope="module")
def lenient() -> Iterator[RunningStack]:
    with RunningStack(HOMEPORT_LENIENT="1") as stack:
        yield stack


@pytest.fixture(scope="module")
def rest(lenient: RunningStack) -> Iterator[Rest]:
    rest = Rest(lenient)
    yield rest
    rest.close()


@pytest.fixture(scope="module")
def device(lenient: RunningStack) -> Iterator[Program]:
    url = f"mqtts://localhost:{lenient.mqtts}"
    with Program("live_objects_device.mjs", url, DEVICE, key=lenient.api_key) as program:
        yield program


def test_its_data_is_stored(rest: Rest, device: Program) -> None:
    (message,) = until(lambda: rest.get(f"/api/v0/data/streams/{DEVICE}!temperature"))
    assert (message["value"], message["location"]) == ({"t": 19.5}, {"lat": 45.7, "lon": 3.1})


def test_a_command_is_answered(rest: Rest, device: Program) -> None:
    body = {"request": {"connector": "mqtt", "value": {"req": "reboot", "arg": {"delay": 1}}}}
    command = rest.post(f"{DEVICES}/{DEVICE}/commands", body)
    device.wait_for("MESSAGE dev/cmd ")
    path = f"/api/v1/deviceMgt/commands/{command['id']}"
    done = until(lambda: (c := rest.get(path))["status"] == "PROCESSED" and c)
    assert done["response"]["value"] == {"done": "reboot"}


def test_configuration_is_taken(rest: Rest, device: Program) -> None:
    rest.post(f"{DEVICES}/{DEVICE}/config", {"parameters": {"log_level": {"type": "STRING", "value": "INFO"}}})
    device.wait_for("MESSAGE dev/cfg/upd ")
    parameter = f"{DEVICES}/{DEVICE}/config/parameters/log_level"
    until(lambda: rest.get(parameter)["syncStatus"] == "OK")


@pytest.mark.row("C6")
def test_a_resource_is_downloaded_and_its_new_version_reported(rest: Rest, device: Program) -> None:
    rest.post("/api/v0/rm", {"resourceId": "X11_firmware"})
    checksum = base64.b64encode(hashlib.md5(FIRMWARE, usedforsecurity=False).digest()).decode()
    file = base64.b64encode(FIRMWARE).decode()
    rest.post("/api/v0/rm/X11_firmware/version", {"resourceVersionId": "1.1", "checksum": checksum, "file": file})
    resource = f"{DEVICES}/{DEVICE}/resources/X11_firmware"
    until(lambda: rest.get(resource)["reported"]["version"] == "1.0")
    rest.post(resource, {"version": "1.1"})
    assert device.wait_for("DOWNLOADED") == "DOWNLOADED whole"
    until(lambda: rest.get(resource)["reported"]["version"] == "1.1")


@pytest.mark.row("C8")
def test_an_application_takes_what_is_in_a_fifo(lenient: RunningStack, rest: Rest) -> None:
    rest.post("/api/v0/topics/fifo", {"name": "sample", "maxLengthBytes": 1_000_000})
    rest.post("/api/v0/topics/fifo/sample", {"n": 1})
    url = f"mqtts://localhost:{lenient.mqtts}"
    with Program("live_objects_application.mjs", url, "sample", key=lenient.api_key) as program:
        assert '"n"' in program.wait_for("MESSAGE fifo/sample ")
        until(lambda: rest.get("/api/v0/topics/fifo/sample")["messages"] == 0)
