"""Eclipse Paho and mqtt.js in MQTT 5, unmodified, as devices of Xyte against the local stack."""

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest

from tests.clients import PATIENCE_S, Rest, until
from tests.conformance.environments import node_environment, python_environment
from tests.local.running import REPOSITORY, RunningStack
from tests.xyte.clients import ORGANIZATION, Asking, Registered, told

pytestmark = [pytest.mark.conformance, pytest.mark.row("I2", "I3", "I4", "I5")]

CLIENTS = Path(__file__).parent / "clients"


class Program:
    """A device that runs until its standard input ends. What it prints is seen line by line."""

    def __init__(self, command: list[str], cwd: Path) -> None:
        self._lines: queue.Queue[str] = queue.Queue()
        self._process = subprocess.Popen(
            command, cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self._reader = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> Self:
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(PATIENCE_S)
        self._reader.join(PATIENCE_S)
        self._process.stdout.close()

    def do(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def wait_for(self, start: str) -> str:
        """What stands behind the next line that begins so."""
        while not (line := self._lines.get(timeout=PATIENCE_S)).startswith(start):
            print(line)
        print(line)
        return line.removeprefix(start).strip()

    def told(self, *names: str) -> dict[str, Any]:
        """What comes, by the last part of its topic, until something has come on each of these."""
        came: dict[str, Any] = {}
        while not came.keys() >= set(names):
            message = json.loads(self.wait_for("MESSAGE"))
            came[message["name"]] = message
        return came

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line.rstrip())


class Owner:
    """An organization, and what its devices have told."""

    def __init__(self, stack: RunningStack, key: str) -> None:
        self.ask, self._rest = Asking(stack, key), Rest(stack, key)

    def close(self) -> None:
        self._rest.close()

    def volumes(self, device: Registered) -> list[Any]:
        return [one["value"]["volume"] for one in self._rest.get(f"/api/v0/data/streams/urn:lo:nsid:xyte:{device.id}")]

    def order(self, device: Registered, name: str) -> str:
        return str(self.ask("POST", f"{device.one}/commands", {"name": name}, 201)["id"])

    def is_done(self, device: Registered, command: str) -> bool:
        every = self.ask("GET", f"{device.one}/commands")["items"]
        return any(one["id"] == command and one["status"] == "done" for one in every)

    def give(self, device: Registered) -> str:
        return str(self.ask("POST", f"{device.one}/licenses", {"data": "a licence"}, 201)["id"])

    def in_use(self, device: Registered, licence: str) -> bool:
        every = self.ask("GET", f"{device.one}/licenses")["items"]
        return any(one["id"] == licence and one["state"] == "inuse" for one in every)


@pytest.fixture(scope="module")
def site() -> Iterator[RunningStack]:
    with RunningStack() as stack:
        yield stack
        print(stack.log)


@pytest.fixture(scope="module")
def owner(site: RunningStack) -> Iterator[Owner]:
    first = Owner(site, told(site)["organizationKey"])
    yield first
    first.close()


@pytest.fixture(scope="module")
def buyer(site: RunningStack) -> Iterator[Owner]:
    """Another tenant, which is let in before the stack has heard of it."""
    made = _operate(site, "create", "buyer")
    _operate(site, "open", "xyte", "--tenant", made["tenant"])
    second = Owner(site, made["apiKey"])
    yield second
    second.close()


def _operate(site: RunningStack, *about: str) -> dict[str, str]:
    command = [sys.executable, "-m", "infra", "tenant", *about, "--json"]
    done = subprocess.run(command, cwd=REPOSITORY, env=site.environment(), capture_output=True, check=True)
    shown: dict[str, str] = json.loads(done.stdout)
    return shown


@pytest.mark.parametrize("client", ["paho", "mqtt-js"])
def test_a_device_is_claimed_obeys_and_goes_to_another(
    site: RunningStack, owner: Owner, buyer: Owner, client: str
) -> None:
    model = owner.ask("POST", "/core/v1/models", {"name": f"Speaker {client}", "auth": "cloud_id"}, 201)
    about = [str(site.ca), model["hardware_key"], f"{client}-7"]
    with Program(*_command(client, site, about)) as program:
        device = Registered(site, *program.wait_for("REGISTERED").split())
        program.wait_for("LISTENING")
        _say(program, 1)
        owner.ask("POST", f"{ORGANIZATION}/claim", {"cloud_id": f"{client}-7"})
        program.wait_for("CLOSED")
        program.wait_for("LISTENING")
        _obeys_as_it_is_told(program, owner, device)
        _is_told_what_has_waited(program, owner, device)

        owner.ask("DELETE", device.one)
        program.wait_for("CLOSED")
        buyer.ask("POST", f"{ORGANIZATION}/claim", {"cloud_id": f"{client}-7"})
        # Theirs once the fence of its client id is open: what it says before is nobody's.
        until(lambda: _said(program, 9) and buyer.volumes(device))
        assert set(buyer.volumes(device)) == {9}
        command = buyer.order(device, "mute")
        until(lambda: buyer.is_done(device, command))


def _obeys_as_it_is_told(program: Program, owner: Owner, device: Registered) -> None:
    _say(program, 5)
    until(lambda: owner.volumes(device) == [5])
    command = owner.order(device, "reboot")
    came = program.told("command")["command"]
    assert (came["body"]["id"], came["asked"]) == (command, f"{device.topic('command')}/update")
    until(lambda: owner.is_done(device, command))
    owner.ask("PATCH", device.one, {"configuration": {"volume": 7}})
    came = program.told("config")["config"]
    assert (came["body"]["config"], came["body"]["version"]) == ({"volume": 7}, 1)
    assert came["asked"] == f"{device.topic('config')}/update"
    licence = owner.give(device)
    came = program.told("license")["license"]
    assert ([one["id"] for one in came["body"]], came["asked"]) == ([licence], f"{device.topic('license')}/update")
    until(lambda: owner.in_use(device, licence))


def _is_told_what_has_waited(program: Program, owner: Owner, device: Registered) -> None:
    program.do("leave")
    program.wait_for("CLOSED")
    command, licence = owner.order(device, "reboot"), owner.give(device)
    owner.ask("PATCH", device.one, {"configuration": {"volume": 8}})
    incident = device("POST", "/incidents", {"title": "Too hot"}, 201)
    program.do("come")
    came = program.told("command", "config", "license", "incidents")
    assert came["command"]["body"]["id"] == command
    assert (came["config"]["body"]["config"], came["config"]["body"]["version"]) == ({"volume": 8}, 2)
    assert [one["id"] for one in came["license"]["body"]] == [licence]
    assert [one["id"] for one in came["incidents"]["body"]] == [incident["id"]]
    until(lambda: owner.is_done(device, command))
    until(lambda: owner.in_use(device, licence))


def _said(program: Program, volume: int) -> bool:
    """Whether it got that off: while it is refused, not before it is let in again."""
    _say(program, volume)
    return program.wait_for("SENT") == ""


def _say(program: Program, volume: int) -> None:
    program.do(str(volume))


def _command(client: str, site: RunningStack, about: list[str]) -> tuple[list[str], Path]:
    """The program and where it runs."""
    if client == "paho":
        python = python_environment("paho", "paho-mqtt==2.1.0")
        return [str(python), str(CLIENTS / "xyte_device.py"), site.url, *about], site.data
    folder = node_environment("mqtt-js", "mqtt@5.16.0")
    program = str(CLIENTS / "xyte_device.mjs")
    return ["node", program, site.url, *about], folder
