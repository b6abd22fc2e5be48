"""Firmware that carries an API key of the platform it comes from, and cannot be changed."""

import json
import secrets
import subprocess
import sys

from tests.clients import MqttClient, Rest, until
from tests.local.running import REPOSITORY, RunningStack


def test_a_device_goes_on_with_the_key_it_was_made_with(stack: RunningStack) -> None:
    burned_in = secrets.token_hex(16)
    command = ["infra", "key", "import", "--tenant", stack.tenant, "--role", "DEVICE_ACCESS", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", *command, "--value", burned_in],
        cwd=REPOSITORY,
        env=stack.environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert burned_in not in done.stdout
    urn = "urn:lo:nsid:old:firmware"
    with MqttClient(stack, urn, "json+device", burned_in) as device:
        device.publish("dev/data", {"v": {"n": 1}})
    rest = Rest(stack)
    until(lambda: rest.get(f"/api/v0/data/streams/{urn}"))
    keys = rest.get("/api/v0/apiKeys", size=1000)["data"]
    rest.close()
    assert json.loads(done.stdout)["keyId"] in {key["id"] for key in keys}
