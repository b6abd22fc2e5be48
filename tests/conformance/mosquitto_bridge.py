"""Mosquitto as thin-edge.io sets it up: a broker on the device, whose bridge to Cumulocity is another broker."""

import getpass
import json
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from tests.clients import PATIENCE_S, until
from tests.local.running import RunningStack

DOWN = ("s/dt", "s/ds", "s/e", "s/dc/#", "devicecontrol/notifications", "error", "s/dat")
UP = (
    *(f"{mode}/{kind}/#" for mode in "stqc" for kind in ("us", "uc")),
    *("s/ut/#", "s/uat", "inventory/managedObjects/update/#", "measurement/measurements/create"),
    *("measurement/measurements/createBulk", "event/events/create", "alarm/alarms/create"),
)


class Tenant:
    """The first tenant of a stack, by one of its people."""

    def __init__(self, stack: RunningStack) -> None:
        told = json.loads((stack.data / "credentials.json").read_text(encoding="utf-8"))["cumulocity"]
        self.name = str(told["tenant"])
        self.user, self.password = f"{told['tenant']}/{told['user']}", str(told["password"])
        self.bootstrap = str(told["bootstrap"]["user"]), str(told["bootstrap"]["password"])
        self._url = stack.url

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        auth = self.user, self.password
        answer = requests.request(method, self._url + path, json=body, params=query, auth=auth, timeout=PATIENCE_S)
        assert answer.ok or answer.status_code == 404, answer.text
        return answer.json() if answer.ok else None

    def number(self, serial: str) -> Any:
        found = self.call("GET", f"/identity/externalIds/c8y_Serial/{serial}")
        return found and found["managedObject"]["id"]


@contextmanager
def bridged(
    folder: Path, address: str, serial: str, credentials: tuple[str, str], *, ca: Path | None = None
) -> Iterator[int]:
    """The port of the broker on the device, whose bridge is up; with TLS where a CA is named."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    lines = (
        # Where it is started by root it would be somebody else's, who may not read what belongs to the test.
        f"user {getpass.getuser()}",
        f"listener {port} 127.0.0.1",
        "allow_anonymous true",
        "connection edge_to_c8y",
        f"address {address}",
        *([f"bridge_cafile {ca}"] if ca is not None else []),
        f"remote_clientid {serial}",
        f"local_clientid Cumulocity{port}",
        f"remote_username {credentials[0]}",
        f"remote_password {credentials[1]}",
        "try_private false",
        "cleansession true",
        "notifications true",
        "notifications_local_only true",
        "notification_topic bridge/state",
        "bridge_attempt_unsubscribe false",
        *(f'topic {name} in 1 c8y/ ""' for name in DOWN),
        *(f'topic {name} out 1 c8y/ ""' for name in UP),
    )
    (folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")
    with (folder / "log").open("wb") as log:
        broker = subprocess.Popen(["mosquitto", "-c", str(folder / "mosquitto.conf")], stdout=log, stderr=log)
    try:
        up = ["mosquitto_sub", *_at(port), "-t", "bridge/state", "-C", "1", "-W", "5"]
        until(lambda: subprocess.run(up, capture_output=True, text=True, check=False).stdout.strip() == "1")
        yield port
    finally:
        broker.terminate()
        broker.wait(PATIENCE_S)


def _at(port: int) -> list[str]:
    return ["-h", "127.0.0.1", "-p", str(port), "-q", "1"]


def asked(port: int, topic: str, answer: str, message: str) -> str:
    """What `mosquitto_rr` prints, which says something and waits for the answer; again where that is not there yet."""
    command = ["mosquitto_rr", *_at(port), "-t", topic, "-e", answer, "-m", message, "-W", "20"]

    def said() -> str:
        return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False).stdout.strip()

    return str(until(said))


def say(port: int, topic: str, message: str) -> None:
    subprocess.run(["mosquitto_pub", *_at(port), "-t", topic, "-m", message], timeout=PATIENCE_S, check=True)


def is_checked_speaks_and_obeys(tenant: Tenant, local: int, serial: str) -> None:
    """What thin-edge.io does with its bridge: it checks it, makes a child, and obeys an operation for that."""
    say(local, "c8y/s/us", f"100,{serial},thin-edge.io")
    assert asked(local, "c8y/s/us", "c8y/s/ds", "123") == f"124,{tenant.number(serial)}"
    child = f"{serial}:device:kid"
    say(local, "c8y/s/us", f"101,{child},kid,thin-edge.io-child,true")
    say(local, f"c8y/s/us/{child}", "114,c8y_Command")
    say(local, "c8y/inventory/managedObjects/update/" + serial, '{"c8y_Bridged": {}}')
    until(lambda: tenant.number(child))
    body = {"deviceId": tenant.number(child), "c8y_Command": {"text": "ls"}}
    listening = ["mosquitto_sub", *_at(local), "-t", "c8y/s/ds", "-C", "1", "-W", "60"]
    with subprocess.Popen(listening, stdout=subprocess.PIPE, text=True) as heard:
        operation = tenant.call("POST", "/devicecontrol/operations", body)["id"]
        # Whoever began to listen after it came asks for it again.
        say(local, "c8y/s/us", "500")
        assert heard.communicate(timeout=PATIENCE_S)[0].strip() == f"511,{child},ls"
    say(local, f"c8y/s/us/{child}", f"504,{operation}")
    say(local, f"c8y/s/us/{child}", f"506,{operation},done")
    path = f"/devicecontrol/operations/{operation}"
    until(lambda: tenant.call("GET", path)["status"] == "SUCCESSFUL")
    until(lambda: "c8y_Bridged" in tenant.call("GET", f"/inventory/managedObjects/{tenant.number(serial)}"))
