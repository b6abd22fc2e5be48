"""Each AWS call of each handler fails once: nothing acknowledged is lost, and trying again ends in the same state."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SCENARIOS = {
    "administration": 20,
    "telemetry": 5,
    "command_network": 20,
    "command_applicative": 20,
    "command_expired": 15,
    "coming_and_going": 8,
    "configuration": 15,
}
"""How many calls each has at least."""

Results = list[dict[str, Any]]


def results(out: Path, *arguments: str) -> Results:
    command = [sys.executable, "-m", "tests.faults.run", str(out), *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    loaded: Results = json.loads(out.read_text())
    return loaded


@pytest.fixture(scope="module")
def lost(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """The worst of them: what was asked has happened, and the handler does not know."""
    return results(tmp_path_factory.mktemp("faults") / "lost.json", "answer lost")


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_call_whose_answer_is_lost_is_made_good(lost: Results, scenario: str) -> None:
    found = [r for r in lost if r["scenario"] == scenario]
    assert len(found) >= SCENARIOS[scenario]
    assert [r for r in found if r["wrong"]] == []


@pytest.mark.soak
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_call_that_fails_in_any_other_way_is_made_good(scenario: str, tmp_path: Path) -> None:
    found = results(tmp_path / "results.json", "throttled,timed out,condition failed", scenario)
    assert len(found) >= SCENARIOS[scenario]
    assert [r for r in found if r["wrong"]] == []
