"""npm `@c8y/client` and PyPI `c8y-api`, told only where the platform is and who they are."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.clients import PATIENCE_S
from tests.conformance.environments import node_environment, python_environment
from tests.local.running import RunningStack

pytestmark = [pytest.mark.conformance, pytest.mark.row("G9", "J1")]

CLIENTS = Path(__file__).parent / "clients"


def ran(stack: RunningStack, *command: str) -> Any:
    """What the program printed at its end."""
    credentials = json.loads((stack.data / "credentials.json").read_text(encoding="utf-8"))["cumulocity"]
    told = json.dumps({"url": f"http://localhost:{stack.http}", **credentials})
    environment = {**os.environ, "HOMEPORT_CONFORMANCE": told}
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_the_javascript_client(running_stack: RunningStack, tmp_path: Path) -> None:
    environment = node_environment("c8y-client", "@c8y/client@1023.77.1")
    # Modules are looked up from where the program lies.
    (tmp_path / "node_modules").symlink_to(environment / "node_modules")
    program = tmp_path / "program.mjs"
    program.write_text((CLIENTS / "c8y_client.mjs").read_text(encoding="utf-8"), encoding="utf-8")
    probes = [f"probe {n}" for n in range(1, 6)]
    assert ran(running_stack, "node", str(program)) == {
        "tenant": running_stack.tenant,
        "authenticated": running_stack.tenant,
        "made": ["boiler", "js_Boiler", {"percent": 5}],
        "changed": {"percent": 7},
        "read": {"percent": 7},
        "children": probes,
        "paged": probes,
        "count": 5,
        "queried": probes[::-1],
        "devices": [True],
        "together": 2,
        "assets": 3,
        "left": 2,
        "parents": ["room"],
        "found": True,
        "names": ["js 1/a"],
        "gone": [404, "identity/notFound"],
        "asked": ["WAITING_FOR_CONNECTION", [404, "devicecontrol/Not Found"], "PENDING_ACCEPTANCE"],
        "accepted": "ACCEPTED",
        "given": [201, running_stack.tenant, "device_js 1/a"],
        "owner": "device_js 1/a",
        "reach": ["own"],
        "denied": [403, "security/Forbidden"],
        "roles": ["ROLE_DEVICE"],
        "registrations": 0,
        "file": ["js.txt", 6, "hello\n"],
        "files": ["js.txt"],
        "fileless": 404,
        "attached": [0, 255, 10, 13],
        "audited": ["js", True],
        "deleted": [404, "inventory/notFound"],
    }


def test_the_python_client(running_stack: RunningStack) -> None:
    python = python_environment("c8y-api", "c8y-api==3.7.3")
    probes = [f"probe {n}" for n in range(5)]
    assert ran(running_stack, str(python), str(CLIENTS / "c8y_api_373.py")) == {
        "made": ["boiler", "py_Boiler", 5, True],
        "changed": 7,
        "read": 7,
        "applied": 2,
        "paged": probes,
        "limited": 3,
        "count": 5,
        "queried": probes,
        "devices": [True],
        "nothing": [],
        "assets": ["boiler", "floor"],
        "parents": ["site"],
        "left": ["floor"],
        "child": ["probe 0"],
        "childless": [],
        "found": True,
        "names": ["py 1:a"],
        "waits": "PENDING_ACCEPTANCE",
        "registered": [True, "device_py-1"],
        "owner": "device_py-1",
        "reach": [True],
        "foreign": "AccessDeniedError",
        "file": ["py.bin", "application/x-py", 6, [0, 255, 13, 10, 45, 45]],
        "replaced": "new",
        "attached": "two",
        "detached": True,
    }
