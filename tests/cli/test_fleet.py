"""`homeport` on a running stack, as its user works with a fleet from a shell."""

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.cli.served import environment, program
from tests.clients import PATIENCE_S, MqttClient, Rest, until
from tests.local.running import RunningStack

pytestmark = pytest.mark.row("J8")
URN = "urn:lo:nsid:shell:one"


class Shell:
    """The program in the folder of a stack: it finds the stack by itself."""

    def __init__(self, stack: RunningStack) -> None:
        self._variables = environment(HOMEPORT_DATA=str(stack.data))

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return program(arguments, self._variables)

    def json(self, *arguments: str) -> list[Any]:
        ran = self.run(*arguments, "-o", "json")
        assert ran.returncode == 0, ran.stderr
        return [json.loads(line) for line in ran.stdout.splitlines()]


@pytest.fixture
def shell(stack: RunningStack) -> Shell:
    return Shell(stack)


@pytest.fixture
def rest(stack: RunningStack) -> Iterator[Rest]:
    rest = Rest(stack)
    yield rest
    rest.close()


def obeying(topic: str, payload: bytes) -> tuple[str, Any] | None:
    body = json.loads(payload)
    if topic == "dev/cmd":
        return "dev/cmd/res", {"res": {"done": body["req"]}, "cid": body["cid"]}
    return "dev/cfg", body


def test_a_device_is_registered_found_tagged_and_deleted(shell: Shell) -> None:
    name = "Kühlhaus 温度 \x1b[1m"
    (made,) = shell.json("devices", "create", f"{URN}:a", "--name", name, "--tag", "eu", "--property", "sn=7")
    assert (made["name"], made["tags"], made["properties"]) == (name, ["eu"], {"sn": "7"})
    (tagged,) = shell.json("devices", "tag", f"{URN}:a", "--add", "cold", "--remove", "eu")
    assert tagged["tags"] == ["cold"]
    assert [d["id"] for d in shell.json("devices", "ls", "--tag", "cold")] == [f"{URN}:a"]
    listed = shell.run("devices", "ls", "--filter", "properties.sn==7").stdout
    assert ("Kühlhaus 温度" in listed, "\x1b" in listed) == (True, False)
    assert shell.run("devices", "rm", f"{URN}:a", "-y").returncode == 0
    gone = shell.run("devices", "get", f"{URN}:a")
    assert (gone.returncode, "DM_DEVICE_NOT_FOUND" in gone.stderr) == (1, True), gone.stderr


def test_a_device_obeys_and_takes_its_configuration(shell: Shell, stack: RunningStack, rest: Rest) -> None:
    with MqttClient(stack, f"{URN}:b", "json+device", stack.api_key) as device:
        device.answer = obeying
        device.subscribe("dev/cmd", "dev/cfg/upd")

        def capable() -> bool:
            (found,) = rest.get(f"/api/v1/deviceMgt/devices/{URN}:b/interfaces")
            return all(found["capabilities"][name]["available"] for name in ("command", "configuration"))

        until(capable)
        ran = shell.run("commands", "send", f"{URN}:b", "--req", "blink", "--wait", "120", "-o", "json")
        command = json.loads(ran.stdout)
        assert (ran.returncode, command["status"], command["response"]) == (
            0,
            "PROCESSED",
            {"value": {"done": "blink"}},
        )
        assert shell.json("commands", "ls", f"{URN}:b") == [command]
        ran = shell.run("config", "set", f"{URN}:b", "interval=60", "mode=eco", "--wait", "120")
        assert (ran.returncode, ran.stdout.count(" OK")) == (0, 2), ran.stderr
        device.publish("dev/data", {"s": f"{URN}:b!t", "v": {"t": 21.5, "note": "=1+1"}})
    (message,) = until(lambda: shell.json("data", "tail", f"{URN}:b"))
    assert message["value"] == {"t": 21.5, "note": "=1+1"}
    assert json.loads(shell.run("data", "export", f"{URN}:b").stdout) == message
    table = shell.run("data", "export", f"{URN}:b", "--format", "csv", "--field", "t", "--field", "note").stdout
    assert table.splitlines()[1].endswith(f",{URN}:b!t,{URN}:b,,21.5,'=1+1")


def test_a_command_that_nobody_takes_is_cancelled(shell: Shell) -> None:
    shell.run("devices", "create", f"{URN}:c", "--mqtt", "-")
    ran = shell.run("commands", "send", f"{URN}:c", "--req", "blink", "--wait", "0", "-o", "json")
    assert (ran.returncode, json.loads(ran.stdout)["status"]) == (3, "PENDING")
    (cancelled,) = shell.json("commands", "cancel", json.loads(ran.stdout)["id"])
    assert cancelled["status"] == "CANCELED"


def test_keys_are_made_used_and_revoked(shell: Shell, stack: RunningStack) -> None:
    (made,) = shell.json("keys", "create", "--role", "device_r", "--label", "reader", "--valid-for", "12h")
    assert made["roles"] == ["DEVICE_R"]
    assert 0 < made["to"] - made["creationTs"] <= 12 * 3_600_000
    theirs = environment(HOMEPORT_URL=stack.url, HOMEPORT_KEY=made["value"])
    assert program(["devices", "ls"], theirs).returncode == 0
    refused = program(["devices", "create", f"{URN}:d"], theirs)
    assert (refused.returncode, "DEVICE_W" in refused.stderr) == (1, True)
    assert made["value"] not in shell.run("keys", "ls", "-o", "json").stdout
    assert shell.run("keys", "rm", made["id"], "-y").returncode == 0
    assert made["id"] not in shell.run("keys", "ls").stdout


def test_a_fifo_gives_what_is_in_it_once(shell: Shell, rest: Rest, stack: RunningStack) -> None:
    rest.post("/api/v0/topics/fifo", {"name": "shell", "maxLengthBytes": -1})
    for number in range(3):
        rest.post("/api/v0/topics/fifo/shell", {"n": number})
    assert shell.json("fifo", "read", "shell", "-n", "2") == [{"message": {"n": 0}}, {"message": {"n": 1}}]
    assert shell.json("fifo", "read", "shell", "-n", "1") == [{"message": {"n": 2}}]
    (found,) = [fifo for fifo in shell.json("fifo", "ls") if fifo["name"] == "shell"]
    assert found["messages"] == 0
    (reading,) = shell.json("keys", "create", "--role", "bus_r", "--label", "reads", "--valid-for", "1h")
    rest.post("/api/v0/topics/fifo/shell", {"n": 3})
    place = {"HOMEPORT_URL": stack.url, "HOMEPORT_MQTT": f"localhost:{stack.mqtts}", "HOMEPORT_CA": str(stack.ca)}
    ran = program(["fifo", "read", "shell", "-n", "1"], environment(HOMEPORT_KEY=reading["value"], **place))
    assert (ran.returncode, ran.stdout) == (0, '{"n": 3}\n'), "who may not look at FIFOs takes from them"


def test_a_fifo_that_is_not_there_gives_nothing_and_says_so(shell: Shell) -> None:
    refused = shell.run("fifo", "read", "nobodys", "-f")
    assert (refused.returncode, refused.stdout, "nobodys" in refused.stderr) == (1, "", True)


def test_it_says_who_one_is_and_where_the_console_is(shell: Shell, stack: RunningStack) -> None:
    assert shell.json("whoami")[0]["tenantId"] == stack.tenant
    page, _, code = shell.run("console").stdout.strip().partition("#/once/")
    assert page == f"http://localhost:{stack.http}/console/"
    assert requests.post(f"{page}once", json={"code": code}, timeout=PATIENCE_S).json() == {"apiKey": stack.api_key}
