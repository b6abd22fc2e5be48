"""Wills at the edge: what becomes of one when another connection takes its client's id."""

import json
import uuid

import pytest
from paho.mqtt.enums import MQTTProtocolVersion

from infra.description import ignored_wills
from tests.clients import Rest, until
from tests.ibm.clients import Organization
from tests.infra.edges import bare_key, client, let_in
from tests.local.running import RunningStack

LEVELS = [MQTTProtocolVersion.MQTTv31, MQTTProtocolVersion.MQTTv311, MQTTProtocolVersion.MQTTv5]


def test_wills_are_ignored_for_live_objects_alone() -> None:
    assert ignored_wills() == ["connector/#", "dev/#"]


class Pair:
    """Two connections of one client id, of which the first has a will. The second publishes when it is the one."""

    def __init__(self, port: int, client_id: str, username: str, password: str, level: MQTTProtocolVersion) -> None:
        self._port = port
        self._gone: list[int] = []
        self._first, self._second = (client(client_id, username, password, level) for _ in range(2))

    def take_over(self, will: tuple[str, str], topic: str, payload: str) -> None:
        """The broker hands on in order: what the second connection publishes comes behind the will of the first."""
        self._first.will_set(*will, qos=1)
        self._first.on_disconnect = lambda *_: self._gone.append(1)
        for one in (self._first, self._second):
            assert let_in(one, self._port) == [0]
        until(lambda: self._gone)
        self._second.publish(topic, payload, 1).wait_for_publish(60)
        self._second.disconnect()
        for one in (self._first, self._second):
            one.loop_stop()


@pytest.mark.parametrize("level", LEVELS)
def test_live_objects_wills_are_not_stored(
    stack: RunningStack, edge: dict[str, int], level: MQTTProtocolVersion
) -> None:
    urn, rest = f"urn:lo:nsid:e:{uuid.uuid4().hex[:6]}", Rest(stack)
    stream = f"/api/v0/data/streams/{urn}"
    pair = Pair(edge["mqtt"], urn, "json+device", bare_key(stack), level)
    pair.take_over(("dev/data", json.dumps({"v": {"gone": True}})), "dev/data", json.dumps({"v": {"n": 1}}))
    until(lambda: rest.get(stream))
    assert [message["value"] for message in rest.get(stream)] == [{"n": 1}]
    rest.close()


@pytest.mark.parametrize("level", LEVELS[1:])
def test_live_objects_wills_change_no_parameter(
    stack: RunningStack, edge: dict[str, int], level: MQTTProtocolVersion
) -> None:
    urn, rest = f"urn:lo:nsid:e:{uuid.uuid4().hex[:6]}", Rest(stack)
    pair = Pair(edge["mqtt"], urn, "json+device", bare_key(stack), level)
    reports = [json.dumps({"cfg": {name: {"t": "i32", "v": 1}}}) for name in ("will", "second")]
    pair.take_over(("dev/cfg", reports[0]), "dev/cfg", reports[1])
    shown = until(lambda: rest.get(f"/api/v1/deviceMgt/devices/{urn}/config").get("parameters"))
    assert list(shown) == ["second"]
    rest.close()


@pytest.mark.parametrize("level", LEVELS[1:])
def test_ibms_wills_are_published(stack: RunningStack, edge: dict[str, int], level: MQTTProtocolVersion) -> None:
    organization, name = Organization(stack), f"w{uuid.uuid4().hex[:6]}"
    token = organization.register("pump", name)
    topic = "iot-2/evt/status/fmt/json"
    pair = Pair(edge["mqtt"], f"d:{organization.id}:pump:{name}", "use-token-auth", token, level)
    pair.take_over((topic, json.dumps({"d": {"gone": True}})), topic, json.dumps({"d": {"n": 1}}))
    path = f"/api/v0001/historian/pump/{name}"
    until(lambda: len(organization.ok("GET", path)) == 2)
    assert {json.dumps(record["evt"]) for record in organization.ok("GET", path)} == {'{"gone": true}', '{"n": 1}'}
