"""Wills through the whole stack: taken as what the device publishes, of sessions that end without DISCONNECT alone."""

import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from tests.clients import PATIENCE_S, MqttClient, Rest, until
from tests.local.running import RunningStack

pytestmark = pytest.mark.row("G7", "G8")
Will = tuple[str, str]
CSV = "400,c8y_Gone,lost it\n301,c8y_Power,no power"


class World:
    """A device that comes with an API key of its tenant, and what its tenant is shown of it."""

    def __init__(self, stack: RunningStack) -> None:
        self.stack, self.rest, self.serial = stack, Rest(stack), f"will{uuid.uuid4().hex[:8]}"
        self._auth = f"{stack.tenant}/key", stack.api_key

    def device(self, will: Will | None = None, client: str = "") -> MqttClient:
        return MqttClient(self.stack, client or self.serial, *self._auth, will=will, returning=False)

    def listed(self, path: str, serial: str) -> list[Any]:
        number = self._number(serial)
        if number is None:
            return []
        found = self._get(path, source=number)
        return list(found[path.rpartition("/")[2]])

    def texts(self, serial: str = "") -> list[str]:
        return [event["text"] for event in self.listed("/event/events", serial or self.serial)]

    def status(self) -> str:
        urn = f"urn:lo:nsid:c8y:{self._number(self.serial)}"
        (interface,) = self.rest.get(f"/api/v1/deviceMgt/devices/{urn}/interfaces")
        return str(interface["status"])

    def order(self) -> None:
        body = {"deviceId": self._number(self.serial), "c8y_Restart": {}}
        url = f"{self.stack.url}/devicecontrol/operations"
        assert requests.post(url, json=body, auth=self._auth, timeout=PATIENCE_S).status_code == 201

    def _number(self, serial: str) -> Any:
        found = self._get(f"/identity/externalIds/c8y_Serial/{serial}")
        return found["managedObject"]["id"] if "managedObject" in found else None

    def _get(self, path: str, **query: Any) -> Any:
        return requests.get(self.stack.url + path, params=query, auth=self._auth, timeout=PATIENCE_S).json()


@pytest.fixture
def world(stack: RunningStack) -> Iterator[World]:
    made = World(stack)
    yield made
    made.rest.close()


def as_json(world: World) -> Will:
    told = {"type": "c8y_Gone", "text": "lost it", "time": "2026-01-02T03:04:05Z"}
    named = {"externalSource": {"type": "c8y_Serial", "externalId": world.serial}}
    return "event/events/create", json.dumps({**told, **named})


@pytest.mark.parametrize("will", [lambda _: ("s/us", CSV), lambda _: ("q/us", CSV), as_json], ids=["s", "q", "JSON"])
def test_a_device_that_vanishes_says_its_will_and_is_away(world: World, will: Callable[[World], Will]) -> None:
    device = world.device(will(world))
    device.join()
    device.subscribe("s/ds")
    until(lambda: world.status() == "ONLINE")
    assert world.texts() == []
    device.vanish()
    assert until(world.texts) == ["lost it"]
    until(lambda: world.status() == "OFFLINE")
    if will is not as_json:
        (alarm,) = until(lambda: world.listed("/alarm/alarms", world.serial))
        assert (alarm["type"], alarm["severity"]) == ("c8y_Power", "CRITICAL")


def test_a_will_may_be_about_a_child(world: World) -> None:
    kid = f"{world.serial}-kid"
    device = world.device((f"s/us/{kid}", "400,c8y_Gone,kid is gone"))
    device.join()
    device.publish("s/us", f"101,{kid},Kid")
    device.vanish()
    assert until(lambda: world.texts(kid)) == ["kid is gone"]
    assert world.texts() == []


def test_who_says_good_bye_has_no_will(world: World) -> None:
    with world.device(("s/us", CSV)):
        pass
    with world.device() as again:
        # What a client says is taken in order: this would come behind the will.
        again.publish("s/us", "400,c8y_Back,here")
        assert until(world.texts) == ["here"]


def test_the_will_of_a_session_that_another_one_takes_over_is_said_and_ends_nothing(world: World) -> None:
    first = world.device(("s/us", CSV))
    first.join()
    first.freeze()
    with world.device() as second:
        second.subscribe("s/ds")
        assert until(world.texts) == ["lost it"]
        world.order()
        assert second.messages.get(timeout=PATIENCE_S) == ("s/ds", f"510,{world.serial}".encode())
        until(lambda: world.status() == "ONLINE")
    first.vanish()


def test_a_connection_that_the_platform_closes_has_no_will(world: World) -> None:
    """Another spelling of the id is the same device: the older connection is closed for it."""
    first = world.device(("s/us", CSV))
    first.join()
    with world.device(client=f"d:{world.serial}") as second:
        until(lambda: first.closed)
        first.freeze()
        second.publish("s/us", "400,c8y_Back,here")
        assert until(world.texts) == ["here"]
    first.vanish()
