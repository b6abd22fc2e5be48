"""The stage key of a running stack: a file of its owner's alone, rotated while clients come and go."""

import json
import stat
import subprocess
import sys
from typing import Any

from tests.clients import Rest
from tests.local.running import REPOSITORY, RunningStack


def operate(stack: RunningStack, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "infra", *arguments, "--json"],
        cwd=REPOSITORY,
        env=stack.environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def told(done: subprocess.CompletedProcess[str]) -> Any:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_key_is_rotated_under_a_running_stack() -> None:
    with RunningStack() as stack:
        path = stack.data / "stage.key"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert len(stack.api_key) == 32
        assert told(operate(stack, "stage-key", "show"))["generation"] == 1
        rotated = told(operate(stack, "stage-key", "rotate"))
        assert (rotated["generation"], rotated["givenUp"]) == (2, 0)
        again = operate(stack, "stage-key", "rotate")
        assert again.returncode == 1
        # The master's, found by the generation before.
        assert "1 secrets were not used" in again.stderr
        assert operate(stack, "stage-key", "create").returncode == 1
        made = told(operate(stack, "key", "create", "--tenant", stack.tenant, "--role", "DEVICE_R"))
        rest = Rest(stack, str(made["apiKey"]))
        assert rest.get("/api/v0/apiKeys/current_key")["id"] == made["keyId"]
        rest.close()
        stack.kill9()
        stack.restart()
        rest = Rest(stack)
        assert rest.get("/api/v0/apiKeys/current_key")["masterKey"] is True
        rest.close()
