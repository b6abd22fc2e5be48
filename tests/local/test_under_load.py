"""What a loaded stack owes: figures of one run are held against others of the same run."""

import contextlib
import itertools
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.clients import PATIENCE_S, MqttClient, Rest, as_it_goes_on, until
from tests.figures import tell
from tests.local.running import REPOSITORY, RunningStack
from tests.local.swarm import Swarm

pytestmark = pytest.mark.soak

MANY = int(os.environ.get("HOMEPORT_SOAK_DEVICES", "2000"))
_MINUTES = float(os.environ.get("HOMEPORT_SOAK_MINUTES", "10"))
_TRIES = 60
_FLOOD = 200.0
_EVENTS, _WEBHOOK_S = 30, 9.0
_LONGEST_S = 300.0
"""What is not stored by then never is."""
_numbers = itertools.count()


@pytest.fixture
def stack() -> Iterator[RunningStack]:
    with RunningStack(HOMEPORT_LENIENT="1") as running:
        yield running


def tenant(stack: RunningStack, name: str) -> tuple[Rest, str]:
    """Its REST API, and a key that may be read on the way: a device's and nothing more."""
    done = subprocess.run(
        [sys.executable, "-m", "infra", "tenant", "create", name, "--json"],
        cwd=REPOSITORY,
        env=stack.environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rest = Rest(stack, json.loads(done.stdout)["apiKey"])
    parent = rest.get("/api/v0/apiKeys/current_key")["id"]
    made = rest.post("/api/v0/apiKeys", {"parentId": parent, "roles": ["DEVICE_ACCESS"]})
    return rest, made["value"]


def p95(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=20)[-1]


def timed(call: Callable[[], object], times: int = _TRIES) -> list[float]:
    taken = []
    for _ in range(times):
        began = time.monotonic()
        call()
        taken.append(time.monotonic() - began)
    return taken


def beside(call: Callable[[], object], control: Callable[[], object]) -> tuple[float, float]:
    """The medians of both, in seconds: by turns, so that what else the machine does slows the one as the other."""
    taken = [(timed(call, 1)[0], timed(control, 1)[0]) for _ in range(_TRIES)]
    first, second = (statistics.median(times) for times in zip(*taken, strict=True))
    return first, second


@contextlib.contextmanager
def listing() -> Iterator[Callable[[], object]]:
    """Asks a stack of its own, to which nothing connects, for a list of devices."""
    with RunningStack() as idle, contextlib.closing(Rest(idle)) as rest:
        for number in range(10):
            rest.post("/api/v1/deviceMgt/devices", {"id": f"urn:lo:nsid:idle:{number}"})
        yield lambda: rest.get("/api/v1/deviceMgt/devices", limit=10)


def hold_twofold(name: str, before: tuple[float, float], after: tuple[float, float]) -> None:
    """Each is the median of a call and of the same call to an idle stack."""
    few, many = (f"{call * 1000:.1f} ms (idle: {idle * 1000:.1f})" for call, idle in (before, after))
    tell(f"{name}: median {few} with 10 devices connected, {many} with {MANY}")
    assert after[0] / after[1] <= 2 * before[0] / before[1]


@contextlib.contextmanager
def slow_webhook() -> Iterator[str]:
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            over.wait(_WEBHOOK_S)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        over.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.alone
def test_a_tenant_that_floods_slows_another_at_most_threefold(stack: RunningStack) -> None:
    (a, key), (b, flooding) = tenant(stack, "a"), tenant(stack, "b")
    with (
        Swarm(stack.mqtt, key, "quiet", 1) as quiet,
        Swarm(stack.mqtt, flooding, "flood", 20) as swarm,
        slow_webhook() as url,
    ):
        quiet.connect()
        swarm.connect()

        def published() -> None:
            stream = f"a{next(_numbers)}"
            quiet.publish(stream)
            ends = time.monotonic() + _LONGEST_S
            while not a.get(f"/api/v0/data/streams/{stream}", limit=1):
                assert time.monotonic() < ends, f"{stream} is not stored after {_LONGEST_S} s"
                time.sleep(0.01)

        def asked() -> None:
            a.get("/api/v1/deviceMgt/devices", limit=20)

        timed(published, 5)
        before = {"publish to stored": timed(published), "GET": timed(asked)}
        b.post(
            "/api/v1/event2action/actionPolicies",
            {
                "name": "slow",
                "enabled": True,
                "triggers": {"dataMessage": {"version": 1, "filter": {"tags": [["slow"]]}}},
                "actions": {"httpPush": [{"webhookUrl": url}]},
            },
        )
        swarm.flood("flood", _FLOOD)
        for number in range(_EVENTS):
            b.post("/api/v0/data/streams/slow", {"value": {"n": number}, "tags": ["slow"]})
        began, sent = time.monotonic(), swarm.acknowledged
        during = {"publish to stored": timed(published), "GET": timed(asked)}
        rate = (swarm.acknowledged - sent) / (time.monotonic() - began)
    tell(f"the flood: {rate:.0f} messages/s acknowledged of {_FLOOD:.0f} offered, and {_EVENTS} slow webhooks")
    assert rate > 0
    for name, quiet_times in before.items():
        tell(f"{name}: p95 {p95(quiet_times) * 1000:.0f} ms alone, {p95(during[name]) * 1000:.0f} ms beside the flood")
    assert all(p95(during[name]) <= 3 * p95(times) for name, times in before.items())


@pytest.mark.alone
def test_many_connected_devices_slow_rest_at_most_twofold(stack: RunningStack) -> None:
    rest, key = tenant(stack, "many")

    def asked() -> None:
        # As many as there are at first: the answer stays as long.
        rest.get("/api/v1/deviceMgt/devices", limit=10)

    with (
        listing() as control,
        Swarm(stack.mqtt, key, "few", 10) as few,
        Swarm(stack.mqtt, key, "many", MANY) as many,
    ):
        few.connect()
        few.publish("few")
        until(lambda: len(rest.get("/api/v0/data/streams/few", limit=100)) == 10)
        before = beside(asked, control)
        many.connect()
        wait_for(MANY, rest)
        after = beside(asked, control)
    hold_twofold("GET", before, after)


def online(rest: Rest) -> int:
    return rest.total("/api/v1/deviceMgt/devices", limit=1, **{"interfaces.status": "ONLINE"})


def wait_for(count: int, rest: Rest) -> None:
    """Until so many devices are online."""
    as_it_goes_on(lambda: online(rest) >= count, lambda: online(rest))


def test_everybody_is_back_after_a_storm_of_reconnections(stack: RunningStack) -> None:
    rest, key = tenant(stack, "storm")
    with Swarm(stack.mqtt, key, "storm", MANY) as swarm:
        swarm.connect()
        for _ in range(3):
            swarm.drop()
            (took,) = timed(swarm.connect, 1)
            tell(f"{MANY} devices back after {took:.1f} s")
        swarm.publish("storm")
        until(lambda: readings(rest, "storm") == set(range(MANY)), 600)
        wait_for(MANY, rest)
        assert online(rest) == MANY
    assert "Traceback" not in stack.log


def status_of(rest: Rest, command: str) -> str:
    return str(rest.get(f"/api/v1/deviceMgt/commands/{command}")["status"])


def readings(rest: Rest, stream: str) -> set[int]:
    numbers: set[int] = set()
    query: dict[str, Any] = {}
    while page := rest.get(f"/api/v0/data/streams/{stream}", limit=1000, **query):
        numbers |= {message["value"]["n"] for message in page}
        query = {"bookmarkId": page[-1]["id"]}
    return numbers


def answered(_topic: str, payload: bytes) -> tuple[str, Any]:
    return "dev/cmd/res", {"res": {"done": True}, "cid": json.loads(payload)["cid"]}


def ordered(rest: Rest, urn: str) -> str:
    body = {"request": {"connector": "mqtt", "value": {"req": "do"}}}
    return str(rest.post(f"/api/v1/deviceMgt/devices/{urn}/commands", body)["id"])


def test_descriptors_and_memory_do_not_grow(stack: RunningStack) -> None:
    """Devices come and go while others publish and are commanded. Memory is printed only: the tables are held in it."""
    rest, key = tenant(stack, "long")
    process = Path("/proc") / str(stack.pid)

    def descriptors() -> int:
        return len(list((process / "fd").iterdir()))

    commanded = {
        urn: MqttClient(stack, urn, "json+device", key)
        for urn in (f"urn:lo:nsid:commanded:{number}" for number in range(2))
    }
    commands: list[str] = []
    with (
        Swarm(stack.mqtt, key, "steady", 20) as steady,
        Swarm(stack.mqtt, key, "passing", 20) as passing,
        contextlib.ExitStack() as connected,
    ):
        for client in commanded.values():
            client.answer = answered
            connected.enter_context(client).subscribe("dev/cmd")
        steady.connect()
        steady.flood("steady", 70)
        figures: list[tuple[int, int]] = []
        ends = time.monotonic() + 60 * _MINUTES
        while time.monotonic() < ends:
            began = time.monotonic()
            commands += [ordered(rest, urn) for urn in commanded]
            passing.connect()
            passing.publish("passing")
            rest.get("/api/v1/deviceMgt/devices")
            passing.drop()
            rss = int((process / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
            figures.append((descriptors(), rss // 2**20))
            time.sleep(max(0.0, began + 1 - time.monotonic()))
        # They came in order, so that the last one is behind all others of its device.
        for command in commands[-len(commanded) :]:
            until(lambda: status_of(rest, command) == "PROCESSED")  # noqa: B023 - used before the next turn
    statuses = Counter(status_of(rest, command) for command in commands)
    tell(f"{len(commands)} commands: {dict(statuses)}")
    assert set(statuses) == {"PROCESSED"}
    quarter = max(1, len(figures) // 4)
    first, last = figures[quarter : 2 * quarter], figures[-quarter:]
    for name, column in (("descriptors", 0), ("MB of memory", 1)):
        tell(
            f"{name}: {max(f[column] for f in first)} in the second quarter, {max(f[column] for f in last)} in the last"
        )
    assert max(count for count, _ in last) <= max(count for count, _ in first) + 20
