"""What one call of IBM's historian reads of DynamoDB, measured and not estimated."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from chalicelib.dialects.ibm import historian

ROOT = Path(__file__).parents[2]
LONG_HISTORY = 100_000


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    out = tmp_path_factory.mktemp("historian") / "calls.json"
    command = [sys.executable, "-m", "tests.units.historian_calls", str(out)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(out.read_text()))


def test_a_call_over_large_events_ends_before_it_has_read_too_much(calls: dict[str, dict[str, Any]]) -> None:
    call = calls["large"]
    assert 0 < call["covered"] < call["events"]
    assert historian.UNITS / 4 < call["units"] <= historian.UNITS


@pytest.mark.parametrize("size", ["small", "medium"])
def test_a_call_over_a_long_history_would_too(calls: dict[str, dict[str, Any]], size: str) -> None:
    call = calls[size]
    assert call["covered"] == call["events"]
    read, charged = call["units"] / call["events"], historian.charged(int(call["bytes"]))
    # As many events as one call may be charged for cost no more than it may read.
    assert min(LONG_HISTORY, historian.UNITS / charged) * read <= historian.UNITS
