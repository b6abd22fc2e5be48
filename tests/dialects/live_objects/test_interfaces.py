"""Manual 5.4 and 5.5.3."""

from typing import Any

import pytest

from chalicelib.fleet.presence.claims import Claim
from chalicelib.triggers import presence
from tests.dialects.live_objects.client import DEVICES, Client
from tests.dialects.live_objects.conftest import URN
from tests.fakes import START

pytestmark = pytest.mark.row("B3")
BODY = {"connector": "mqtt", "enabled": True, "definition": {"clientId": "node1", "encoding": "mine"}}
OTHER = f"{URN}b"


@pytest.fixture
def interface(client: Client, device: str) -> str:
    assert client.call("POST", f"{device}/interfaces", BODY).status == 201
    return f"{device}/interfaces/mqtt:node1"


def claimed(client: Client) -> None:
    claim = Claim("node1", client.tenant.id, "live_objects", "device", "k", 0, device=URN, connector="mqtt")
    client.ports.claims.rows["node1"] = claim


def test_an_added_interface_is_answered_with_201_and_its_device(client: Client, device: str) -> None:
    reply = client.call("POST", f"{device}/interfaces", BODY)
    assert reply.status == 201
    assert (reply.body["nodeId"], reply.body["deviceId"], reply.body["status"]) == ("node1", URN, "REGISTERED")
    assert reply.body["definition"] == {"clientId": "node1", "encoding": "mine"}
    assert client.get(f"{device}/interfaces/mqtt:node1").body == reply.body
    assert client.get(f"{device}/interfaces").body == [reply.body]


def test_an_interface_is_added_once(client: Client, interface: str, device: str) -> None:
    reply = client.call("POST", f"{device}/interfaces", BODY)
    assert (reply.status, reply.code) == (409, "DM_INTERFACE_DUPLICATE")


def test_an_interface_of_another_device_cannot_be_added(client: Client, interface: str) -> None:
    client.call("POST", DEVICES, {"id": OTHER})
    reply = client.call("POST", f"{DEVICES}/{OTHER}/interfaces", BODY)
    assert (reply.status, reply.code) == (409, "DM_INTERFACE_DUPLICATE")


@pytest.mark.parametrize("body", [{}, {"connector": "mqtt"}, {"connector": "mqtt", "definition": {"clientId": ""}}])
def test_an_interface_names_connector_and_client_id(client: Client, device: str, body: Any) -> None:
    reply = client.call("POST", f"{device}/interfaces", body)
    assert (reply.status, reply.code) == (400, "GENERIC_INVALID_PARAMETER_ERROR")


def test_a_definition_has_a_limit(client: Client, device: str) -> None:
    body = {"connector": "mqtt", "definition": {"clientId": "x", "more": "x" * 10_001}}
    assert client.call("POST", f"{device}/interfaces", body).status == 400


def test_a_device_has_at_most_ten_interfaces(client: Client, device: str) -> None:
    statuses = [
        client.call("POST", f"{device}/interfaces", {"connector": "mqtt", "definition": {"clientId": f"n{n}"}}).status
        for n in range(11)
    ]
    assert statuses == [201] * 10 + [400]


def test_no_interface_is_moved_to_a_device_that_has_ten(client: Client, device: str) -> None:
    taker = [{"connector": "mqtt", "definition": {"clientId": f"n{n}"}} for n in range(10)]
    assert client.call("POST", DEVICES, {"id": OTHER, "interfaces": taker}).status == 200
    assert client.call("POST", f"{device}/interfaces", BODY).status == 201
    reply = client.call("PATCH", f"{device}/interfaces/mqtt:node1", {"deviceId": OTHER})
    assert (reply.status, reply.code) == (400, "GENERIC_INVALID_PARAMETER_ERROR")
    assert client.get(f"{device}/interfaces/mqtt:node1").body["deviceId"] == URN


def test_disabling_closes_the_connection_and_keeps_it_out(client: Client, interface: str) -> None:
    claimed(client)
    reply = client.call("PATCH", interface, {"enabled": "false"})
    assert (reply.body["enabled"], reply.body["status"]) == (False, "DEACTIVATED")
    assert client.ports.background.disconnects == ["node1"]
    held = client.ports.claims.get("node1")
    assert held is not None
    assert not held.enabled


def test_a_patch_of_the_definition_keeps_the_rest_of_it(client: Client, interface: str) -> None:
    reply = client.call("PATCH", interface, {"definition": {"encoding": "other"}})
    assert reply.body["definition"] == {"clientId": "node1", "encoding": "other"}
    assert reply.body["enabled"] is True


def test_the_client_id_of_an_interface_stays(client: Client, interface: str) -> None:
    reply = client.call("PATCH", interface, {"definition": {"clientId": "other"}})
    assert (reply.status, reply.code) == (400, "GENERIC_INVALID_PARAMETER_ERROR")


def test_an_interface_moves_to_another_device(client: Client, interface: str, device: str) -> None:
    client.call("POST", DEVICES, {"id": OTHER})
    reply = client.call("PATCH", interface, {"deviceId": OTHER})
    assert reply.body["deviceId"] == OTHER
    assert client.get(f"{device}/interfaces").body == []
    assert client.get(f"{DEVICES}/{OTHER}/interfaces/mqtt:node1").status == 200


@pytest.mark.parametrize("kind", ["subscribed", "disconnected"])
@pytest.mark.parametrize("way", ["interfaces", "nodes"])
def test_a_moved_interface_keeps_its_status_and_activity(client: Client, interface: str, way: str, kind: str) -> None:
    claimed(client)
    client.call("POST", DEVICES, {"id": OTHER})
    told = {"ipAddress": "192.0.2.7", "sourcePort": 61214, "keepAliveDuration": 60}
    for number, event in enumerate(("connected", kind)):
        lifecycle = {"clientId": "node1", "eventType": event, "timestamp": START + number, "sessionIdentifier": "s1"}
        presence.handle(client.ports, {**lifecycle, "topics": ["dev/cmd"], **told})
    before = client.get(interface).body
    assert before["status"] == ("ONLINE" if kind == "subscribed" else "OFFLINE")
    assert before["activity"]["remoteAddress"] == "192.0.2.7/61214"
    path = interface if way == "interfaces" else "/api/v1/deviceMgt/connectors/mqtt/nodes/node1"
    shown = client.call("PATCH", path, {"deviceId": OTHER}).body
    assert shown == client.get(f"{DEVICES}/{OTHER}/interfaces/mqtt:node1").body
    kept = ("status", "activity", "capabilities", "lastContact", "created", "definition")
    assert {name: shown[name] for name in kept} == {name: before[name] for name in kept}
    (listed,) = client.get(DEVICES, fields="interfaces", **{"interfaces.status": before["status"]}).body
    assert listed["id"] == OTHER


def test_an_interface_does_not_move_to_a_device_that_is_not_there(client: Client, interface: str) -> None:
    reply = client.call("PATCH", interface, {"deviceId": OTHER, "enabled": False})
    assert (reply.status, reply.code) == (404, "DM_DEVICE_NOT_FOUND")
    assert client.get(interface).body["enabled"] is True


def test_a_deleted_interface_is_gone_and_its_client_id_free(client: Client, interface: str) -> None:
    claimed(client)
    assert client.call("DELETE", interface).status == 204
    assert client.get(interface).code == "DM_INTERFACE_NOT_FOUND"
    held = client.ports.claims.get("node1")
    assert held is not None
    assert held.vacant


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("mqtt:nobody", 404, "DM_INTERFACE_NOT_FOUND"),
        ("sms:33601201201", 404, "DM_CONNECTOR_UNAVAILABLE"),
        ("node1", 400, "GENERIC_INVALID_PARAMETER_ERROR"),
        (":", 400, "GENERIC_INVALID_PARAMETER_ERROR"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_an_interface_is_named_by_connector_and_node(
    client: Client, interface: str, device: str, method: str, name: str, status: int, code: str
) -> None:
    reply = client.call(method, f"{device}/interfaces/{name}", {} if method == "PATCH" else None)
    assert (reply.status, reply.code) == (status, code)
