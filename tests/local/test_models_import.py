"""`python -m infra models import` against the running stack, as an operator runs it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fleet.twin.test_twin_models import FILE
from tests.local.running import REPOSITORY, RunningStack

pytestmark = pytest.mark.row("F3")


def import_models(stack: RunningStack, folder: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "infra", "models", "import", str(folder), "--json"]
    return subprocess.run(
        command, cwd=REPOSITORY, env=stack.environment(), capture_output=True, text=True, timeout=60, check=False
    )


def test_a_folder_of_definitions_is_imported_once(stack: RunningStack, tmp_path: Path) -> None:
    (tmp_path / "20000.xml").write_text(FILE, encoding="utf-8")
    (tmp_path / "DDF.xml").write_text("<DDFList/>", encoding="utf-8")
    for outcome in ("added", "unchanged"):
        done = import_models(stack, tmp_path)
        assert done.returncode == 0, done.stderr
        assert [json.loads(line) for line in done.stdout.splitlines()] == [
            {"file": "20000.xml", "outcome": outcome},
            {"file": "DDF.xml", "outcome": "skipped", "reason": "the file describes no LWM2M object"},
        ]


def test_a_folder_without_definitions_is_an_error(stack: RunningStack, tmp_path: Path) -> None:
    (tmp_path / "DDF.xml").write_text("<DDFList/>", encoding="utf-8")
    done = import_models(stack, tmp_path)
    assert done.returncode == 1
    assert "describes an object" in done.stderr
    assert "Traceback" not in done.stderr
