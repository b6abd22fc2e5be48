"""Simulated devices of Xyte: they send telemetry, and fetch what the answer says that waits for them."""

import concurrent.futures
import math
import threading
from typing import Any

import requests

from infra.demo.furnishing import dress
from infra.demo.platform import Platform
from infra.demo.tally import Tally

_TIMEOUT_S = 30
_AT_ONCE, _TOGETHER = 8, 25
_ORGANIZATION = "/core/v1/organization/devices"
_STATUS = {"done": "PROCESSED", "failed": "ERROR", "canceled": "CANCELED"}
"""Where a command's status is called otherwise."""
_pool = concurrent.futures.ThreadPoolExecutor(_AT_ONCE)
_registering = threading.Lock()
_registered: dict[tuple[Platform, str, int], tuple[str, str]] = {}
"""Ids and keys, by platform, run and number."""


class XyteDevice:
    """Registers by the model that every stack has, and is its tenant's at once."""

    def __init__(self, platform: Platform, tally: Tally, number: int, run: str) -> None:
        self.id = ""
        self._platform, self._tally, self._number, self._run = platform, tally, number, run
        self._uuid, self._key = "", ""
        self._session = requests.Session()
        self._online = False
        self._sent = self._version = 0
        self._acknowledged: set[int] = set()
        self._saying: concurrent.futures.Future[None] | None = None

    @property
    def commandable(self) -> bool:
        return True

    def connect(self) -> None:
        if not self._uuid:
            self._uuid, self._key = _credentials(self._platform, self._run, self._number)
            self.id = f"urn:lo:nsid:xyte:{self._uuid}"
        if not self._online:
            self._online = True
            self._tally.add("online")

    def drop(self) -> None:
        """There is no connection to lose: it says nothing until it is back."""
        if self._online:
            self._online = False
            self._tally.add("online", -1)
            self._tally.add("dropped")

    def close(self) -> None:
        if self._saying is not None:
            concurrent.futures.wait([self._saying])
        self._session.close()

    def dress(self, number: int) -> None:
        dress(self._platform, self.id, number)

    def publish(self) -> None:
        if self._online and (self._saying is None or self._saying.done()):
            self._saying = _pool.submit(self._say)

    def command(self) -> str:
        order = {"name": "identify", "extra_params": {"blink": 3}}
        return str(self._organization("POST", "/commands", order)["id"])

    def command_status(self, command: str) -> str:
        """A device that says nothing hears of nothing."""
        if self._online:
            self.publish()
        found = self._organization("GET", "/commands")["items"]
        status = next((one["status"] for one in found if one["id"] == command), "pending")
        return _STATUS.get(status, status)

    def configure(self, number: int) -> None:
        self._organization("PATCH", "", {"configuration": {"interval": number}})

    def lost(self) -> int:
        stored: set[int] = set()
        query: dict[str, Any] = {"limit": 1000}
        while page := self._platform.call("GET", f"/api/v0/data/streams/{self.id}", **query):
            stored |= {message["value"]["n"] for message in page}
            query["bookmarkId"] = page[-1]["id"]
        return len(self._acknowledged - stored)

    def _say(self) -> None:
        self._sent += 1
        number = self._sent
        temperature = round(20 + self._number % 7 + 5 * math.sin(number / 120 * 2 * math.pi), 2)
        self._tally.add("sent")
        answer = self._ask("POST", "/telemetry", _telemetry(number, temperature))
        if not answer.ok:
            # Too much at once: it comes again by itself.
            return
        self._acknowledged.add(number)
        self._tally.add("acknowledged")
        flags = answer.json()
        if flags["config_version"] != self._version:
            self._configured()
        if flags["command"]:
            self._obey()

    def _obey(self) -> None:
        command = self._ask("GET", "/command").json()
        for status in ("in_progress", "done"):
            if "id" in command:
                self._ask("POST", "/command", {"id": command["id"], "status": status})

    def _configured(self) -> None:
        answer = self._ask("GET", "/config")
        if answer.ok and self._ask("POST", "/config", answer.json()).ok:
            self._version = answer.json()["version"]
            self._tally.add("configured")

    def _ask(self, method: str, path: str, body: Any = None) -> requests.Response:
        url = f"http://localhost:{self._platform.http}/v1/devices/{self._uuid}{path}"
        return self._session.request(method, url, json=body, headers={"Authorization": self._key}, timeout=_TIMEOUT_S)

    def _organization(self, method: str, path: str, body: Any = None) -> Any:
        return _asked(self._platform, method, f"{_ORGANIZATION}/{self._uuid}{path}", body)


def _telemetry(number: int, temperature: float) -> dict[str, Any]:
    return {"status": "online", "telemetries": {"n": number, "temperature": temperature}}


def _credentials(platform: Platform, run: str, number: int) -> tuple[str, str]:
    """So many are registered with one request, as an address may send few of those."""
    with _registering:
        if (platform, run, number) not in _registered:
            first = number // _TOGETHER * _TOGETHER
            key = _hardware_key(platform)
            wanted = [_registration(key, run, each) for each in range(first, first + _TOGETHER)]
            made = _asked(platform, "POST", "/v1/devices/bulk_create", wanted)
            for each, device in enumerate(made, first):
                _registered[platform, run, each] = device["id"], device["access_key"]
        return _registered[platform, run, number]


def _registration(hardware_key: str, run: str, number: int) -> dict[str, Any]:
    return {
        "hardware_key": hardware_key,
        "mac": f"02:00:00:00:{number // 256:02x}:{number % 256:02x}",
        "sn": f"demo-{run}-{number:04}",
        "firmware_version": "1.0.0",
    }


def _hardware_key(platform: Platform) -> str:
    models = _asked(platform, "GET", "/core/v1/models")["items"]
    found = next((model["hardware_key"] for model in models if model["claim"] == "automatic"), None)
    if found is None:
        raise SystemExit("this stack has no model of Xyte whose devices are claimed at once")
    return str(found)


def _asked(platform: Platform, method: str, path: str, body: Any = None) -> Any:
    answer = requests.request(
        method,
        f"http://localhost:{platform.http}{path}",
        json=body,
        headers={"Authorization": platform.api_key},
        timeout=_TIMEOUT_S,
    )
    answer.raise_for_status()
    return answer.json()
