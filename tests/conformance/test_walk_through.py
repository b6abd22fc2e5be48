"""The README's walk through, typed as it stands: only ports and paths are those of this stack."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.clients import PATIENCE_S
from tests.local.running import REPOSITORY, RunningStack

pytestmark = [
    pytest.mark.row("J3"),
    pytest.mark.conformance,
    pytest.mark.skipif(shutil.which("mosquitto_pub") is None, reason="the mosquitto clients are not installed"),
    pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed"),
]

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
WAITING = ("examples/", "mosquitto_sub", "/commands")
"""Blocks that wait for another terminal, or for what it does."""
PATIENT = r"""
curl() {
    local answer
    while true; do
        answer=$(command curl "$@")
        case "$* $answer" in *21.5*) break ;; *data/streams*|*historian*) sleep 0.2 ;; *) break ;; esac
    done
    printf '%s\n' "$answer"
}
"""
"""Who types reads a moment after a message was taken, when it is stored; a script asks again until it is."""


def blocks(stack: RunningStack) -> list[str]:
    section = README.partition("## A walk through")[2].partition("\n## ")[0]
    found = re.findall(r"^```\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    here = {"localhost:8080": f"localhost:{stack.http}", "-p 8883": f"-p {stack.mqtts}", ".homeport": str(stack.data)}
    for said, meant in here.items():
        found = [block.replace(said, meant) for block in found]
    return [block for block in found if not any(word in block for word in WAITING)]


def test_the_walk_through_can_be_typed_as_it_stands(running_stack: RunningStack, tmp_path: Path) -> None:
    script = "\n".join(["set -euo pipefail", PATIENT, *blocks(running_stack)])
    done = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, timeout=5 * PATIENCE_S, check=False, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert "urn:lo:nsid:demo:one" in done.stdout
    assert done.stdout.count("21.5") >= 2, done.stdout
