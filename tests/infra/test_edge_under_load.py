"""What a loaded edge owes where AWS refuses some of its events for good and others now and then."""

import json
import os
import threading
from collections import Counter
from pathlib import Path
from random import Random

import pytest
import requests

from tests.clients import PATIENCE_S, Rest, until
from tests.figures import tell
from tests.infra.edges import bare_key, running_edge
from tests.infra.elsewhere import Refusal, elsewhere
from tests.local.running import RunningStack
from tests.local.swarm import Swarm
from tests.local.test_under_load import MANY, beside, hold_twofold, online, wait_for

pytestmark = pytest.mark.soak

_ROUNDS = int(os.environ.get("HOMEPORT_SOAK_ROUNDS", "100"))
_EACH = 20
_NOW_AND_THEN = 0.2
_NEVER, _LATER = Refusal(400, "InvalidRequestContentException"), Refusal(429, "TooManyRequestsException")


class Moody:
    """AWS as it takes no reading of a poisoned device, and of an unlucky one not always."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self.refused: Counter[str] = Counter()

    def __call__(self, path: str, body: bytes) -> Refusal | None:
        if "uplink/invocations" not in path:
            return None
        if b":poisoned:" in body:
            self.refused["for good"] += 1
            return _NEVER
        if b":unlucky:" in body and self._random.random() < _NOW_AND_THEN:
            self.refused["for now"] += 1
            return _LATER
        return None


def test_poison_and_refusals_lose_nothing_of_anybody_else_and_leave_nothing_behind(
    stack: RunningStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moody, key, rest = Moody(7), bare_key(stack), Rest(stack)
    with elsewhere(stack.aws, moody) as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        with running_edge(stack, tmp_path) as ports:
            crowds = [Swarm(ports["mqtt"], key, name, _EACH) for name in ("well", "poisoned", "unlucky")]
            threads = list[int]()
            with crowds[0] as well, crowds[1] as poisoned, crowds[2] as unlucky:
                for crowd in crowds:
                    crowd.connect()
                for number in range(_ROUNDS):
                    poisoned.publish(f"poisoned{number}")
                    unlucky.publish(f"unlucky{number}")
                    well.publish(f"well{number}")
                    threads.append(threading.active_count())
                for name in ("well", "unlucky"):
                    for number in range(_ROUNDS):
                        until(lambda: whole(rest, f"{name}{number}"))  # noqa: B023 - used before the next turn
            until(lambda: len(dead(tmp_path)) == _ROUNDS * _EACH)
    rest.close()
    tell(f"edge: {_ROUNDS * _EACH * 3} messages; refused {dict(moody.refused)}; at most {max(threads)} threads")
    clients = Counter(letter["event"]["client"].rpartition(":")[0] for letter in dead(tmp_path))
    assert clients == {"urn:lo:nsid:poisoned": _ROUNDS * _EACH}
    assert moody.refused["for good"] == _ROUNDS * _EACH
    half = len(threads) // 2
    assert max(threads[half:]) <= max(threads[:half]) + _EACH


@pytest.mark.alone
def test_many_connected_devices_slow_rest_through_the_edge_at_most_twofold(
    stack: RunningStack, edge: dict[str, int], tmp_path: Path
) -> None:
    """Beside another edge of the same stack, to which nothing connects: as many turns of the scheduler a request."""
    key, rest = bare_key(stack), Rest(stack)
    (tmp_path / "idle").mkdir()
    with (
        running_edge(stack, tmp_path / "idle") as idle,
        requests.Session() as session,
        Swarm(edge["mqtt"], key, "edge-few", 10) as few,
        Swarm(edge["mqtt"], key, "edge-many", MANY) as many,
    ):
        session.headers["X-API-Key"] = stack.api_key

        def asked(ports: dict[str, int]) -> None:
            url = f"https://localhost:{ports['https']}/api/v1/deviceMgt/devices?limit=10"
            session.get(url, verify=str(stack.ca), timeout=PATIENCE_S).raise_for_status()

        few.connect()
        until(lambda: online(rest) >= 10)
        before = beside(lambda: asked(edge), lambda: asked(idle))
        many.connect()
        wait_for(10 + MANY, rest)
        after = beside(lambda: asked(edge), lambda: asked(idle))
    rest.close()
    hold_twofold("GET through the edge", before, after)


def whole(rest: Rest, stream: str) -> bool:
    """Whether the reading of each device is there, once."""
    found = sorted(message["value"]["n"] for message in rest.get(f"/api/v0/data/streams/{stream}", limit=1000))
    assert len(found) == len(set(found)), f"{stream} has a reading twice"
    return found == list(range(_EACH))


def dead(folder: Path) -> list[dict[str, dict[str, str]]]:
    path = folder / "dead-letters.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
