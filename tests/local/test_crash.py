"""`kill -9` under load: whatever was acknowledged before is there afterwards, and every command comes to an end."""

import contextlib
import json
import random
import threading
import time
from itertools import count
from typing import Any

import pytest
import requests
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from tests.clients import PATIENCE_S, Rest, until
from tests.figures import tell
from tests.local.running import RunningStack

FINAL = {"PROCESSED", "ERROR", "CANCELED", "EXPIRED"}
POLICY = {"expirationInSeconds": 30, "ackMode": "APPLICATIVE", "ackTimeoutInSeconds": 10, "attempts": 3}
_AT_ONCE = 10
"""Messages of one device that are on their way: the next ones follow when these are stored, however long that takes."""
_COMMANDS_AT_ONCE = 2
_PAUSE_S = 0.1


class Device:
    """An MQTT device that comes back by itself, answers commands and remembers what the broker acknowledged."""

    def __init__(self, stack: RunningStack, number: int) -> None:
        self.urn = f"urn:lo:nsid:crash:{number}"
        self.stream = f"crash-{number}"
        self.acknowledged: set[int] = set()
        self._sent = 0
        self._numbers: dict[int, int] = {}
        self._early: set[int] = set()
        self._lock = threading.Lock()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, self.urn)
        self._client.username_pw_set("json+device", stack.api_key)
        self._client.tls_set(str(stack.ca))
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda client, *_: client.subscribe("dev/cmd", 1)
        self._client.on_publish = self._on_publish
        self._client.on_message = self._on_message
        self._client.connect_timeout = PATIENCE_S
        self._client.connect_async("localhost", stack.mqtts, keepalive=5)
        self._client.loop_start()

    def send(self) -> set[int]:
        """Send as many as may be on their way; those that find no connection wait for the next one."""
        numbers = range(self._sent, self._sent + _AT_ONCE)
        for number in numbers:
            # Not under our lock: paho calls back under one of its own, which publish wants too.
            sent = self._client.publish("dev/data", json.dumps({"s": self.stream, "v": {"n": number}}), qos=1)
            with self._lock:
                if sent.mid in self._early:
                    self.acknowledged.add(number)
                else:
                    self._numbers[sent.mid] = number
        self._sent += _AT_ONCE
        return set(numbers)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_publish(self, _client: Any, _data: Any, mid: int, *_: Any) -> None:
        with self._lock:
            number = self._numbers.pop(mid, None)
            if number is None:
                # PUBACK came before publish had returned; or it was an answer to a command.
                self._early.add(mid)
            else:
                self.acknowledged.add(number)

    def _on_message(self, client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        cid = json.loads(message.payload)["cid"]
        client.publish("dev/cmd/res", json.dumps({"cid": cid, "res": {"done": True}}), qos=1)


class Load:
    """Devices that send, a client that inserts messages and one that orders commands, until `stop`.

    Each goes on when what it did last is done, so that all of them are as fast as the stack. `refused` are the messages
    that were answered with an error of the server's, which is none of ours where it `may_refuse`.
    """

    def __init__(self, stack: RunningStack, devices: int, *, may_refuse: bool = False) -> None:
        self._url, self._key, self._may_refuse = stack.url, stack.api_key, may_refuse
        self.refused: set[int] = set()
        self.devices = [Device(stack, number) for number in range(devices)]
        self.inserted: set[int] = set()
        self.commands: set[str] = set()
        self._stopping = threading.Event()
        senders = [threading.Thread(target=self._send, args=(device,)) for device in self.devices]
        self._threads = [*senders, *(threading.Thread(target=work) for work in (self._insert, self._order))]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def close(self) -> None:
        self.stop()
        for device in self.devices:
            device.close()

    def _send(self, device: Device) -> None:
        while not self._stopping.is_set():
            sent, stored = device.send(), f"/api/v0/data/streams/{device.stream}"
            while not (sent <= device.acknowledged and sent <= _numbers(self._get(stored, limit=2 * _AT_ONCE))):
                if self._stopping.wait(_PAUSE_S):
                    return
            self._stopping.wait(_PAUSE_S)  # or they would keep the machine busy for as long as commands wait

    def _insert(self) -> None:
        for number in count():
            answer = self._answer("POST", "/api/v0/data/streams/crash-inserted", json={"value": {"n": number}})
            if answer is not None:
                (self.inserted if answer.ok else self.refused).add(number)
            if self._stopping.wait(_PAUSE_S):
                return

    def _order(self) -> None:
        numbers = count()
        while not self._stopping.is_set():
            ordered = set()
            for device in self.devices * _COMMANDS_AT_ONCE:
                request = {"connector": "mqtt", "value": {"req": "do", "arg": {"n": next(numbers)}}}
                path = f"/api/v1/deviceMgt/devices/{device.urn}/commands"
                if made := self._post(path, {"request": request, "policy": POLICY}):
                    ordered.add(made["id"])
            self.commands |= ordered
            while not all(self._ended(command) for command in ordered):
                if self._stopping.wait(_PAUSE_S):
                    return

    def _ended(self, command: str) -> bool:
        found = self._get(f"/api/v1/deviceMgt/commands/{command}")
        return found is not None and found["status"] in FINAL

    def _get(self, path: str, **query: Any) -> Any:
        return self._asked("GET", path, params=query)

    def _post(self, path: str, body: Any) -> Any:
        return self._asked("POST", path, json=body)

    def _asked(self, method: str, path: str, **more: Any) -> Any:
        """The answer's body when it was acknowledged, None when not: refused, cut off, or nobody there."""
        answer = self._answer(method, path, **more)
        if answer is None or not answer.ok:
            return None
        return answer.json() if answer.content else {}

    def _answer(self, method: str, path: str, **more: Any) -> requests.Response | None:
        with contextlib.suppress(requests.RequestException):
            answer = requests.request(method, self._url + path, headers={"X-API-Key": self._key}, timeout=30, **more)
            assert self._may_refuse or answer.status_code < 500, answer.text
            return answer
        return None


def _numbers(page: Any) -> set[int]:
    return {document["value"]["n"] for document in page or ()}


def stored(rest: Rest, stream: str) -> set[int]:
    found: set[int] = set()
    query: dict[str, Any] = {"limit": 1000}
    while page := rest.get(f"/api/v0/data/streams/{stream}", **query):
        found |= _numbers(page)
        query["bookmarkId"] = page[-1]["id"]
    return found


def everything_is_stored(load: Load, rest: Rest) -> bool:
    missing = load.inserted - stored(rest, "crash-inserted")
    for device in load.devices:
        missing |= device.acknowledged - stored(rest, device.stream)
    return not missing


def crash(rounds: int, seed: int) -> None:
    rng = random.Random(seed)
    with (
        RunningStack() as stack,
        contextlib.closing(Load(stack, devices=3)) as load,
        contextlib.closing(Rest(stack)) as rest,
    ):
        for _ in range(rounds):
            progress(load, rest)
            time.sleep(rng.uniform(0, 1))
            stack.kill9()
            stack.restart()
        progress(load, rest)
        settle(load, rest)
        tell(f"{rounds} times kill -9: {told(load)}")
        assert "Traceback" not in stack.log, stack.log


def settle(load: Load, rest: Rest) -> None:
    """Stop it; what was acknowledged is stored then, and every command comes to its end."""
    load.stop()
    # The function behind an acknowledged message may run a moment later.
    until(lambda: everything_is_stored(load, rest))
    until(lambda: statuses(rest, load.commands) <= FINAL)


def told(load: Load) -> str:
    published = sum(len(device.acknowledged) for device in load.devices)
    return f"{published} messages over MQTT, {len(load.inserted)} over HTTP and {len(load.commands)} commands, all kept"


def progress(load: Load, rest: Rest) -> None:
    """Every kind of load gets through before the next blow, commands to their answer."""
    before = (len(load.inserted), *(len(device.acknowledged) for device in load.devices))
    known = set(load.commands)

    def proceeded() -> bool:
        now = (len(load.inserted), *(len(device.acknowledged) for device in load.devices))
        ordered = load.commands - known
        return all(n > b for n, b in zip(now, before, strict=True)) and "PROCESSED" in statuses(rest, ordered)

    until(proceeded)


def statuses(rest: Rest, commands: set[str]) -> set[str]:
    return {rest.get(f"/api/v1/deviceMgt/commands/{command}")["status"] for command in sorted(commands)}


def test_five_crashes_lose_nothing_that_was_acknowledged() -> None:
    crash(rounds=5, seed=1)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(2, 6))
def test_twenty_crashes_lose_nothing_that_was_acknowledged(seed: int) -> None:
    crash(rounds=5, seed=seed)
