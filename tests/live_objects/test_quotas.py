"""What a tenant may store at most, set from the shell and met by REST and MQTT clients of a running stack."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest

from tests.clients import MqttClient, Rest, until
from tests.local.running import REPOSITORY, RunningStack

pytestmark = pytest.mark.row("A8")
DEVICES = "/api/v1/deviceMgt/devices"


def infra(stack: RunningStack, *arguments: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "infra", *arguments, "--json"],
        cwd=REPOSITORY,
        env=stack.environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def limited(stack: RunningStack, request: pytest.FixtureRequest) -> Any:
    """A tenant of its own with at most three devices, limited before anybody asked for anything."""
    tenant = infra(stack, "tenant", "create", request.node.name)
    assert infra(stack, "tenant", "limit", "--tenant", tenant["tenant"], "--devices", "3")["devices"] == 3
    return tenant


def told(rest: Rest) -> list[Any]:
    entries = rest.get("/api/v0/auditlog/messages")
    return [entry for entry in entries if entry["type"] == "insufficient_quota"]


def test_of_many_new_devices_at_once_as_many_come_in_as_there_is_room_for(stack: RunningStack, limited: Any) -> None:
    def code(number: int) -> int:
        client = MqttClient(stack, f"urn:lo:nsid:quota:{number}", "json+device", limited["apiKey"])
        try:
            return client.connect()
        finally:
            client.close()

    with ThreadPoolExecutor(6) as threads:
        codes = list(threads.map(code, range(6)))
    with closing(Rest(stack, limited["apiKey"])) as rest:
        assert sum(code == 0 for code in codes) == len(rest.get(DEVICES)) == 3
        refused = {f"urn:lo:nsid:quota:{number}" for number, code in enumerate(codes) if code != 0}
        entries = until(lambda: told(rest))
        assert {entry["source"]["nodeId"] for entry in entries} == refused
        assert {entry["subcategory"] for entry in entries} == {"mqtt"}


def test_a_connector_registers_no_node_beyond_the_limit(stack: RunningStack, limited: Any) -> None:
    """It takes one of the three places itself while it is connected."""
    with (
        closing(Rest(stack, limited["apiKey"])) as rest,
        MqttClient(stack, f"gate-{limited['tenant']}", "connector", limited["apiKey"]) as connector,
    ):
        for number in range(3):
            connector.publish(f"connector/v1/nodes/n{number}/data", {"value": {"n": number}})
        (entry,) = until(lambda: told(rest))
        assert until(lambda: len(rest.get(DEVICES)) == 2)
        refused = entry["source"]["nodeId"]
        assert rest.call("GET", f"{DEVICES}/urn:lo:nsid:x-connector:{refused}").status_code == 404
        assert rest.get("/api/v0/tenants/me")["offerSettings"]["quotas"]["content"] == {"devices": 3}


def test_a_deleted_device_makes_room_at_once(stack: RunningStack, limited: Any) -> None:
    with closing(Rest(stack, limited["apiKey"])) as rest:
        for number in range(3):
            rest.post(DEVICES, {"id": f"urn:lo:nsid:quota:{number}"})
        refused = rest.call("POST", DEVICES, {"id": "urn:lo:nsid:quota:3"})
        assert (refused.status_code, refused.json()["code"]) == (403, "GENERIC_OFFER_DISABLED_ERROR")
        rest.ok("DELETE", f"{DEVICES}/urn:lo:nsid:quota:0")
        rest.post(DEVICES, {"id": "urn:lo:nsid:quota:3"})
        assert rest.call("POST", DEVICES, {"id": "urn:lo:nsid:quota:4"}).status_code == 403
