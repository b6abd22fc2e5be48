"""One client id and two tenants, over MQTT and REST: nothing of the one comes to the other."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.clients import PATIENCE_S, MqttClient, Rest, until
from tests.local.running import REPOSITORY, RunningStack

DEVICES = "/api/v1/deviceMgt/devices"


def infra(stack: RunningStack, *arguments: str) -> Any:
    command = [sys.executable, "-m", "infra", *arguments, "--json"]
    done = subprocess.run(
        command,
        cwd=REPOSITORY,
        env=stack.environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


class Tenant:
    def __init__(self, stack: RunningStack, name: str, client_id: str) -> None:
        made = infra(stack, "tenant", "create", name)
        self.client_id, self.device = client_id, f"{DEVICES}/{client_id}"
        self.stack, self.id, self.key = stack, made["tenant"], made["apiKey"]
        self.rest = Rest(stack, self.key)

    def client(self, username: str = "json+device") -> MqttClient:
        return MqttClient(self.stack, self.client_id, username, self.key)

    def refused(self, username: str = "json+device") -> bool:
        client = self.client(username)
        try:
            return client.connect() != 0
        finally:
            client.close()

    def come(self) -> MqttClient:
        """The device, once it is let in: it goes on trying, as firmware does."""
        until_then = time.monotonic() + PATIENCE_S
        while time.monotonic() < until_then:
            client = self.client()
            if client.connect() == 0:
                return client
            client.close()
            time.sleep(1.1)
        raise AssertionError("the device is not let in")

    def readings(self) -> list[Any]:
        return [message["value"] for message in self.rest.get(f"/api/v0/data/streams/{self.client_id}")]

    def status(self) -> str:
        (interface,) = self.rest.get(self.device)["interfaces"]
        return str(interface["status"])


@pytest.fixture
def tenants(stack: RunningStack, request: pytest.FixtureRequest) -> Iterator[tuple[Tenant, Tenant]]:
    # An id that was another tenant's rests: each test contends for one of its own.
    client_id = f"urn:lo:nsid:contested:{request.node.name}"
    both = Tenant(stack, f"{request.node.name} old", client_id), Tenant(stack, f"{request.node.name} new", client_id)
    yield both
    for tenant in both:
        tenant.rest.call("DELETE", tenant.device)
        tenant.rest.close()


def test_a_device_that_is_given_away_takes_nothing_along(stack: RunningStack, tenants: tuple[Tenant, Tenant]) -> None:
    old, new = tenants
    before = old.client()
    before._paho.will_set("dev/data", json.dumps({"v": {"is": "a will"}}), 1)
    with before:
        before.subscribe("dev/cmd")
        before.publish("dev/data", {"v": {"is": "old"}})
        until(lambda: old.status() == "ONLINE")
        assert infra(stack, "claim", "give", old.client_id, "--to", new.id) == {
            "client": old.client_id,
            "from": old.id,
            "to": new.id,
            "free": False,
        }
        until(lambda: before.closed)
    # Its end is known without a word from it, and a command for it waits.
    until(lambda: old.status() == "OFFLINE")
    old.rest.post(f"{old.device}/commands", {"request": {"connector": "mqtt", "value": {"req": "old"}}})
    after = new.come()
    try:
        after.subscribe("dev/cmd")
        after.publish("dev/data", {"v": {"is": "new"}})
        until(lambda: new.status() == "ONLINE")
        new.rest.post(f"{new.device}/commands", {"request": {"connector": "mqtt", "value": {"req": "new"}}})
        assert after.next("dev/cmd")["req"] == "new"
        assert after.messages.empty()
        assert until(new.readings) == [{"is": "new"}]
        assert {"is": "new"} not in old.readings()
        assert old.status() == "OFFLINE"
        assert old.refused()
        shown = infra(stack, "claim", "show", old.client_id)
        assert (shown["tenant"], shown["former"]) == (new.id, f"{old.id} (1)")
    finally:
        after.close()


def test_a_registered_interface_is_nobody_elses(tenants: tuple[Tenant, Tenant]) -> None:
    owner, stranger = tenants
    body = {"id": owner.client_id, "interfaces": [{"connector": "mqtt", "definition": {"clientId": owner.client_id}}]}
    owner.rest.post(DEVICES, body)
    refused = stranger.rest.call("POST", DEVICES, body)
    assert (refused.status_code, refused.json()["code"]) == (409, "DM_INTERFACE_DUPLICATE")
    for username in ("json+device", "connector", "application"):
        assert stranger.refused(username)
    with owner.client() as device:
        device.publish("dev/data", {"v": {"is": "mine"}})
    assert until(owner.readings) == [{"is": "mine"}]


def test_an_application_keeps_no_device_out(tenants: tuple[Tenant, Tenant]) -> None:
    listener, owner = tenants
    application = listener.client("application")
    with application:
        device = owner.come()
        try:
            assert application.closed
            device.publish("dev/data", {"v": {"is": "mine"}})
            assert until(owner.readings) == [{"is": "mine"}]
        finally:
            device.close()


class TestAnIdThatNamesItsTenant:
    """`{tenant}:…`: no device of another tenant throws out the application that bears it."""

    def test_a_strange_device_is_refused_and_the_application_stays(
        self, stack: RunningStack, request: pytest.FixtureRequest
    ) -> None:
        name = request.node.name
        owner, other = Tenant(stack, f"{name} owner", ""), Tenant(stack, f"{name} other", "")
        owner.client_id = other.client_id = f"{owner.id}:application"
        with owner.client("application") as application:
            assert other.refused()
            assert other.refused("application")
            assert other.refused("connector")
            assert application.subscribe("fifo/any") == [1]
            assert not application.closed
        assert not owner.refused("application")

    def test_a_strange_device_that_has_the_id_gives_it_back(
        self, stack: RunningStack, request: pytest.FixtureRequest
    ) -> None:
        name = request.node.name
        owner, other = Tenant(stack, f"{name} owner", ""), Tenant(stack, f"{name} other", "")
        owner.client_id = other.client_id = f"{owner.id}:application"
        with other.client() as device:
            assert owner.refused("application")
            until(lambda: device.closed)
            assert other.refused()
