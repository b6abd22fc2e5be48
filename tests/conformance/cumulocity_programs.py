"""Programs with published clients of Cumulocity, told only where the platform is and who they are."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from tests.conformance.environments import node_environment
from tests.local.running import RunningStack

CLIENTS = Path(__file__).parent / "clients"
C8Y_CLIENT = ("@c8y/client@1023.77.1", "ws@8.18.3")
"""`ws` is what a browser has by itself, and Node has not: a WebSocket."""
_ENDS_WITHIN_S = 600
"""A whole program of a hundred requests and more, on a machine that has other things to do."""


def ran(stack: RunningStack, *command: str, port: int | None = None, **more: str) -> Any:
    """What the program printed at its end; `more` is told it besides."""
    credentials = json.loads((stack.data / "credentials.json").read_text(encoding="utf-8"))["cumulocity"]
    told = json.dumps({"url": f"http://localhost:{port or stack.http}", **credentials, **more})
    environment = {**os.environ, "HOMEPORT_CONFORMANCE": told, "NODE_EXTRA_CA_CERTS": str(stack.ca)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=_ENDS_WITHIN_S, check=False, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def ran_by_node(
    stack: RunningStack,
    folder: Path,
    program: str,
    packages: tuple[str, ...] = C8Y_CLIENT,
    port: int | None = None,
    **more: str,
) -> Any:
    environment = node_environment("c8y-client" if packages[0].startswith("@c8y") else "cometd", *packages)
    # Modules are looked up from where the program lies.
    (folder / "node_modules").symlink_to(environment / "node_modules")
    copy = folder / "program.mjs"
    copy.write_text((CLIENTS / program).read_text(encoding="utf-8"), encoding="utf-8")
    return ran(stack, "node", str(copy), port=port, **more)
