"""PyPI `LiveObjects`, the vendor's Python SDK: data, configuration and a command, only host and CA changed."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.clients import PATIENCE_S, until
from tests.conformance.environments import python_environment
from tests.local.running import RunningStack

pytestmark = [pytest.mark.conformance, pytest.mark.row("J1")]

PROGRAM = Path(__file__).parent / "clients" / "live_objects_python.py"


class Api:
    """The REST API as a customer's script uses it."""

    def __init__(self, stack: RunningStack) -> None:
        self._stack = stack

    def get(self, path: str, **query: str) -> Any:
        return self._call("GET", path, params=query)

    def post(self, path: str, body: object) -> Any:
        return self._call("POST", path, json=body)

    def _call(self, method: str, path: str, **options: Any) -> Any:
        headers = {"X-API-Key": self._stack.api_key}
        answer = requests.request(method, self._stack.url + path, headers=headers, timeout=PATIENCE_S, **options)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None


@pytest.fixture(scope="module")
def api(running_stack: RunningStack) -> Api:
    return Api(running_stack)


@pytest.fixture(scope="module")
def device(running_stack: RunningStack, api: Api) -> Iterator[str]:
    """The id of the device that the SDK made of itself, while its program runs."""
    python = python_environment("live-objects-python", "LiveObjects==2.1.0", "paho-mqtt==1.6.1")
    arguments = [str(running_stack.mqtts), running_stack.api_key, str(running_stack.ca)]
    program = subprocess.Popen(
        [str(python), "-u", str(PROGRAM), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield until(lambda: _found(api))
    finally:
        output, _ = program.communicate("", timeout=PATIENCE_S)
        print(output)


def _found(api: Api) -> str | None:
    devices = api.get("/api/v1/deviceMgt/devices", fields="id", limit="1000")
    return next((d["id"] for d in devices if d["id"].startswith("urn:lo:nsid:Python:")), None)


@pytest.mark.row("C2")
def test_the_device_registers_itself_and_is_online(api: Api, device: str) -> None:
    (interface,) = until(lambda: api.get(f"/api/v1/deviceMgt/devices/{device}/interfaces"))
    assert interface["connector"] == "mqtt"
    until(lambda: api.get(f"/api/v1/deviceMgt/devices/{device}/interfaces")[0]["status"] == "ONLINE")


def test_its_data_is_stored_in_its_default_stream(api: Api, device: str) -> None:
    (message,) = until(lambda: api.get(f"/api/v0/data/streams/{device}"))
    assert message["value"] == {"temperature": 21.5}
    assert (message["model"], message["tags"]) == ("Orange", ["conformance"])
    assert message["metadata"]["source"] == device


@pytest.mark.row("C5")
def test_a_command_comes_back_with_the_answer_of_its_callback(api: Api, device: str) -> None:
    body = {"request": {"connector": "mqtt", "value": {"req": "blink", "arg": {"times": 3}}}}
    command = api.post(f"/api/v1/deviceMgt/devices/{device}/commands", body)
    assert command["status"] == "PENDING"
    path = f"/api/v1/deviceMgt/commands/{command['id']}"
    done = until(lambda: (c := api.get(path))["status"] == "PROCESSED" and c)
    assert done["response"]["value"] == {"blinked": 3}
    assert done["deliveryStatus"] == "REPLIED"


@pytest.mark.row("C4")
def test_what_it_reports_and_what_is_requested_come_to_agree(api: Api, device: str) -> None:
    parameters = f"/api/v1/deviceMgt/devices/{device}/config/parameters"
    reported = until(lambda: api.get(parameters))
    assert reported["message_rate"]["reported"]["value"] == 10
    requested = {"parameters": {"message_rate": {"type": "INT32", "value": 60}}}
    api.post(f"/api/v1/deviceMgt/devices/{device}/config", requested)
    until(lambda: api.get(parameters)["message_rate"]["syncStatus"] == "OK")
    assert api.get(parameters)["message_rate"]["reported"]["value"] == 60
