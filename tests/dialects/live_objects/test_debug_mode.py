"""The debug mode of an API key: for a while its messages are told to the audit log, and it says until when."""

import base64
import json
from typing import Any

import pytest

from chalicelib.fleet.access import callers
from chalicelib.fleet.access.keys import create_child
from chalicelib.fleet.access.records import KeyRequest
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.presence import admitting
from chalicelib.fleet.presence.admitting import Candidate
from chalicelib.triggers import uplink
from tests.dialects.live_objects.client import Client
from tests.dialects.live_objects.conftest import URN
from tests.fakes import START

AUDIT = "/api/v0/auditlog/messages"


@pytest.fixture
def key(client: Client) -> str:
    """The path of the key that a connected device came in with."""
    request = KeyRequest(roles=frozenset({Role.DEVICE_ACCESS}))
    made, _ = create_child(client.ports, callers.of_key(client.master), client.master.id, request)
    admitting.admit(
        client.ports, callers.of_key(made), Candidate(URN, "live_objects", "device", "mqtt", URN, "json+device")
    )
    return f"/api/v0/apiKeys/{made.id}"


def said(client: Client, body: Any, event: str = "event-0001") -> None:
    payload = base64.b64encode(body if isinstance(body, bytes) else json.dumps(body).encode()).decode()
    at = client.ports.clock.now()
    uplink.handle(client.ports, {"payload": payload, "client": URN, "topic": "dev/data", "at": at, "id": event})


def test_messages_are_told_while_it_lasts(client: Client, key: str) -> None:
    said(client, {"value": {"x": 1}})
    assert client.get(AUDIT).body == []
    shown = client.call("PUT", f"{key}/debugMode", {"activated": True})
    assert (shown.status, shown.body["debugModeEndTs"]) == (200, START + 900_000)
    said(client, {"value": {"x": 1}})
    (entry,) = client.get(AUDIT).body
    assert (entry["level"], entry["type"]) == ("info", "mqtt_debug_logs")
    assert entry["source"] == {"connector": "mqtt", "nodeId": URN, "deviceId": URN}
    assert (entry["content"]["topic"], entry["content"]["bytes"]) == ("dev/data", 19)


def test_it_ends_by_itself(client: Client, key: str) -> None:
    client.call("PUT", f"{key}/debugMode", {"activated": True, "durationSeconds": 60})
    client.ports.clock.advance(seconds=60)
    said(client, {"value": {"x": 1}})
    assert client.get(AUDIT).body == []
    assert "debugModeEndTs" not in client.get(key).body


def test_it_is_ended(client: Client, key: str) -> None:
    client.call("PUT", f"{key}/debugMode", {"activated": True})
    assert "debugModeEndTs" not in client.call("PUT", f"{key}/debugMode", {"activated": False}).body
    said(client, {"value": {"x": 1}})
    assert client.get(AUDIT).body == []


def test_what_is_refused_stands_beside_what_is_taken(client: Client, key: str) -> None:
    client.call("PUT", f"{key}/debugMode", {"activated": True})
    said(client, {"value": {"x": 1}})
    said(client, b"no JSON")
    assert sorted(entry["level"] for entry in client.get(AUDIT).body) == ["error", "info"]


def test_a_change_of_the_key_leaves_it_on(client: Client, key: str) -> None:
    client.call("PUT", f"{key}/debugMode", {"activated": True})
    client.call("POST", key, {"label": "new"})
    assert client.get(key).body["debugModeEndTs"] == START + 900_000


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"activated": "yes"},
        {"activated": True, "durationSeconds": 0},
        {"activated": True, "durationSeconds": 86_401},
    ],
)
def test_a_body_that_is_wrong_is_refused(client: Client, key: str, body: dict[str, Any]) -> None:
    assert client.call("PUT", f"{key}/debugMode", body).status == 400


def test_a_key_that_is_not_there_is_not_found(client: Client) -> None:
    reply = client.call("PUT", f"/api/v0/apiKeys/{'0' * 24}/debugMode", {"activated": True})
    assert (reply.status, reply.code) == (404, "API_KEY_NOT_FOUND")


def test_nobody_looks_over_the_shoulder_of_a_key_with_more_rights(client: Client) -> None:
    weak = client.key(Role.API_KEY_W)
    reply = client.call("PUT", f"/api/v0/apiKeys/{client.master.id}/debugMode", {"activated": True}, key=weak)
    assert reply.status == 403
