"""Notifications through the whole stack, held by its door: woken at once, whichever way they are waited for."""

import base64
import itertools
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
import requests
from websockets.sync.client import connect

from tests.clients import PATIENCE_S, MqttClient, Rest, until
from tests.local.running import RunningStack

pytestmark = pytest.mark.row("G5")
OBJECTS, OPERATIONS = "/inventory/managedObjects", "/devicecontrol/operations"
LONG = {"timeout": 3_600_000}


class World:
    """A person who has everything done through the door, on one host and port with the notifications."""

    def __init__(self, stack: RunningStack) -> None:
        credentials = json.loads((stack.data / "credentials.json").read_text(encoding="utf-8"))["cumulocity"]
        user = f"{credentials['tenant']}/{credentials['user']}:{credentials['password']}"
        self.token = base64.b64encode(user.encode()).decode()
        self.url, self.port = f"http://127.0.0.1:{stack.realtime}", stack.realtime
        self.numbers = itertools.count(1)
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Basic {self.token}"
        self.device = self.made(OBJECTS, {"name": "held", "c8y_IsDevice": {}, "com_cumulocity_model_Agent": {}})

    def made(self, path: str, body: Any) -> str:
        headers = {"Accept": "application/json"}
        answer = self.session.post(self.url + path, json=body, headers=headers, timeout=PATIENCE_S)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def send(self, path: str, channel: str, **said: Any) -> list[Any]:
        """In a connection of its own: one that is held blocks none of the others."""
        number = str(next(self.numbers))
        body = [{"id": number, "channel": f"/meta/{channel}", "connectionType": "long-polling", **said}]
        headers = {"Authorization": f"Basic {self.token}"}
        answer = requests.post(f"{self.url}{path}/{channel}", json=body, headers=headers, timeout=PATIENCE_S)
        if answer.status_code == 404:
            answer = requests.post(self.url + path, json=body, headers=headers, timeout=PATIENCE_S)
        assert answer.status_code == 200, answer.text
        return list(answer.json())

    def listening(self, path: str, channel: str) -> str:
        (reply,) = self.send(path, "handshake", supportedConnectionTypes=["long-polling"])
        (done,) = self.send(path, "subscribe", clientId=reply["clientId"], subscription=channel)
        assert done["successful"], done
        return str(reply["clientId"])

    def wait(self, pool: ThreadPoolExecutor, path: str, client: str) -> Any:
        """Asks once and waits for what comes; whatever comes before it has begun to wait comes at once."""
        return pool.submit(self.send, path, "connect", clientId=client, advice=LONG)

    def order(self) -> str:
        return self.made(OPERATIONS, {"deviceId": self.device, "c8y_Restart": {}})

    def raise_alarm(self) -> str:
        said = {"source": {"id": self.device}, "type": "t", "text": "x", "severity": "MAJOR"}
        return self.made("/alarm/alarms", {**said, "time": "2026-01-02T03:04:05Z"})


@pytest.fixture
def world(stack: RunningStack) -> Iterator[World]:
    made = World(stack)
    yield made
    made.session.close()


def test_an_operation_reaches_an_agent_that_waits(world: World) -> None:
    client = world.listening("/notification/operations", f"/{world.device}")
    with ThreadPoolExecutor() as pool:
        for _ in range(3):
            held = world.wait(pool, "/notification/operations", client)
            number = world.order()
            told, connected = held.result(PATIENCE_S)
            assert (told["channel"], told["data"]["id"]) == (f"/{world.device}", number)
            assert (connected["successful"], connected["advice"]["interval"]) == (True, 0)


def test_what_happens_reaches_who_waits(world: World) -> None:
    client = world.listening("/cep/realtime", f"/alarms/{world.device}")
    with ThreadPoolExecutor() as pool:
        held = world.wait(pool, "/cep/realtime", client)
        number = world.raise_alarm()
        told, _ = held.result(PATIENCE_S)
    assert (told["data"]["realtimeAction"], told["data"]["data"]["id"]) == ("CREATE", number)
    assert told["data"]["data"]["self"] == f"{world.url}/alarm/alarms/{number}"


def test_a_websocket_is_told_both(world: World) -> None:
    @contextmanager
    def said(path: str, channel: str) -> Iterator[Any]:
        """Somebody who has said all that there is to say, and waits."""
        url = f"ws://127.0.0.1:{world.port}{path}"
        with connect(url, open_timeout=PATIENCE_S, close_timeout=PATIENCE_S) as client:

            def send(channel_: str, **more: Any) -> list[Any]:
                asked = {"id": "1", "channel": f"/meta/{channel_}", "connectionType": "websocket", **more}
                client.send(json.dumps([asked]))
                return list(json.loads(client.recv(PATIENCE_S)))

            ext = {"com.cumulocity.authn": {"token": world.token}}
            (reply,) = send("handshake", supportedConnectionTypes=["websocket"], ext=ext)
            send("subscribe", clientId=reply["clientId"], subscription=channel)
            send("connect", clientId=reply["clientId"], advice={"timeout": 0})
            held = [{"id": "2", "channel": "/meta/connect", "clientId": reply["clientId"], "advice": LONG}]
            client.send(json.dumps(held))
            yield client

    with (
        said("/notification/operations", f"/{world.device}") as agent,
        said("/notification/realtime", f"/alarms/{world.device}") as person,
    ):
        operation, alarm = world.order(), world.raise_alarm()
        assert json.loads(agent.recv(PATIENCE_S))[0]["data"]["id"] == operation
        assert json.loads(person.recv(PATIENCE_S))[0]["data"]["data"]["id"] == alarm


def test_what_a_device_of_another_dialect_says_is_told(stack: RunningStack, world: World) -> None:
    rest = Rest(stack)
    urn = f"urn:lo:nsid:told:{world.device}"
    with MqttClient(stack, urn, "json+device", stack.api_key) as device:
        number = until(lambda: _number(world, urn))
        said: list[Any] = []
        for kind, value in (("measurements", {"temperature": 21}), ("events", {"door": "open"})):
            client = world.listening("/notification/realtime", f"/{kind}/{number}")
            with ThreadPoolExecutor() as pool:
                held = world.wait(pool, "/notification/realtime", client)
                device.publish("dev/data", {"s": "s1", "m": "room", "v": value})
                told, _ = held.result(PATIENCE_S)
            said.append(told["data"]["data"])
    measurement, event = said
    assert measurement["room"] == {"temperature": {"value": 21}}
    assert (event["text"], event["room"]) == ("open", {"door": "open"})
    rest.close()


def _number(world: World, urn: str) -> str | None:
    found = world.session.get(f"{world.url}/identity/externalIds/homeport_Urn/{urn}", timeout=PATIENCE_S)
    return str(found.json()["managedObject"]["id"]) if found.status_code == 200 else None
