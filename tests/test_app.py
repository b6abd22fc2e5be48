"""What the application's module sets up, seen from each of its functions."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
_LOOK = "import app, sys; print(len(app.app.routes) > 100, 'chalicelib.dialects.ibm.rest' in sys.modules)"


def seen(function: str | None) -> str:
    """Whether there are routes, and whether they were imported."""
    named = {} if function is None else {"AWS_LAMBDA_FUNCTION_NAME": function}
    environment = {**os.environ, "HOMEPORT_STAGE": "dev", **named}
    told = subprocess.run([sys.executable, "-c", _LOOK], cwd=ROOT, env=environment, capture_output=True, check=True)
    return told.stdout.decode().strip()


@pytest.mark.parametrize("function", [None, "homeport-dev", "renamed-by-somebody"])
def test_whoever_may_answer_requests_has_all_routes(function: str | None) -> None:
    assert seen(function) == "True True"


@pytest.mark.parametrize("function", ["homeport-dev-authorizer", "homeport-dev-uplink", "homeport-dev-sweep"])
def test_functions_that_answer_no_request_do_not_wait_for_routes(function: str) -> None:
    assert seen(function) == "False False"
