"""Interfaces by connector and node, whichever device has them."""

from typing import Any

import pytest

from tests.dialects.live_objects.client import DEVICES, Client
from tests.dialects.live_objects.conftest import URN

NODES = "/api/v1/deviceMgt/connectors/mqtt/nodes"
NODE = f"{NODES}/node1"


@pytest.fixture(autouse=True)
def fleet(client: Client) -> None:
    for device, names in ((URN, ("node1", "node2")), ("urn:lo:nsid:sensor:z", ("node3",))):
        interfaces: list[dict[str, Any]] = [{"connector": "mqtt", "definition": {"clientId": name}} for name in names]
        assert client.call("POST", DEVICES, {"id": device, "interfaces": interfaces}).status == 200
    other = {"connector": "x-connector", "definition": {"nodeId": "away"}}
    assert client.call("POST", f"{DEVICES}/{URN}/interfaces", other).status == 201


def test_the_nodes_of_a_connector_are_listed(client: Client) -> None:
    reply = client.call("GET", NODES, headers={"X-Total-Count": "true"})
    assert [node["nodeId"] for node in reply.body] == ["node1", "node2", "node3"]
    assert reply.headers["X-Total-Count"] == "3"
    assert reply.body[0]["deviceId"] == URN


def test_the_list_has_pages(client: Client) -> None:
    assert [node["nodeId"] for node in client.get(NODES, limit=1, offset=1).body] == ["node2"]
    assert client.get(NODES, offset=10_001).status == 400


def test_a_node_is_the_interface_of_its_device(client: Client) -> None:
    assert client.get(NODE).body == client.get(f"{DEVICES}/{URN}/interfaces/mqtt:node1").body


def test_a_node_is_changed_and_moved(client: Client) -> None:
    changed = client.call("PATCH", NODE, {"enabled": False, "deviceId": "urn:lo:nsid:sensor:z"})
    assert (changed.status, changed.body["enabled"], changed.body["deviceId"]) == (200, False, "urn:lo:nsid:sensor:z")
    assert client.get(NODE).body["deviceId"] == "urn:lo:nsid:sensor:z"


def test_a_deleted_node_is_gone(client: Client) -> None:
    assert client.call("DELETE", NODE).status == 204
    for method in ("GET", "DELETE"):
        reply = client.call(method, NODE)
        assert (reply.status, reply.code) == (404, "DM_INTERFACE_NOT_FOUND")


@pytest.mark.parametrize("path", ["/api/v1/deviceMgt/connectors/none/nodes", f"{NODES}/none"])
def test_what_is_not_there_is_not_found(client: Client, path: str) -> None:
    assert client.get(path).status == 404
    assert client.get(path.replace("connectors/mqtt", "connectors/none")).code == "DM_CONNECTOR_UNAVAILABLE"


def test_a_node_moves_only_to_a_device_that_is_there(client: Client) -> None:
    reply = client.call("PATCH", NODE, {"deviceId": "urn:lo:nsid:sensor:none"})
    assert (reply.status, reply.code) == (404, "DM_DEVICE_NOT_FOUND")
