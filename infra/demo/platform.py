"""The stack that the fleet connects to: one that runs already, or one of our own for as long as the demo lasts."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

_STARTS_WITHIN_S = 60
_STOPS_WITHIN_S = 15


@dataclass(frozen=True)
class Platform:
    """Where things are, `coaps` where CoAP is served.

    `call` is the REST API with the master key, `call_basic` those that take it as a password.
    """

    tenant: str
    api_key: str
    http: int
    mqtts: int
    ca: Path
    coaps: int | None = None

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        return self._call(method, path, json=body, params=query, headers={"X-API-Key": self.api_key})

    def call_basic(self, method: str, path: str, body: Any = None) -> Any:
        return self._call(method, path, json=body, auth=("demo", self.api_key))

    def _call(self, method: str, path: str, **sent: Any) -> Any:
        answer = requests.request(method, f"http://localhost:{self.http}{path}", timeout=30, **sent)
        answer.raise_for_status()
        return answer.json() if answer.content else None


@contextlib.contextmanager
def platform(data: Path) -> Iterator[Platform]:
    """The running stack of that data directory, started for us if there is none."""
    found = _running(data)
    if found is not None:
        yield found
        return
    print("No stack is running: starting one.")
    stack = subprocess.Popen(
        [sys.executable, "-m", "infra.local"],
        stdout=subprocess.DEVNULL,
        env={**os.environ, "HOMEPORT_DATA": str(data)},
    )
    try:
        yield _wait(stack, data)
    finally:
        stack.send_signal(signal.SIGTERM)
        stack.wait(_STOPS_WITHIN_S)


def _wait(stack: "subprocess.Popen[bytes]", data: Path) -> Platform:
    ends = time.monotonic() + _STARTS_WITHIN_S
    while time.monotonic() < ends:
        if stack.poll() is not None:
            raise SystemExit(f"the stack did not start; `make run` says why (exit code {stack.returncode})")
        if found := _running(data):
            return found
        time.sleep(0.1)
    raise SystemExit("the stack did not become ready in time")


def _running(data: Path) -> Platform | None:
    try:
        known = json.loads((data / "credentials.json").read_text(encoding="utf-8"))
        found = Platform(
            known["tenant"], known["apiKey"], known["http"], known["mqtts"], data / "ca.pem", known.get("coaps")
        )
        ready = requests.get(f"http://localhost:{found.http}/health", timeout=2).ok
    except (OSError, ValueError, KeyError, requests.RequestException):
        return None
    return found if ready else None
