"""External connector mode (manual 6.6) over MQTT/TLS, checked through the REST API."""

import itertools
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.clients import MqttClient, Rest, until
from tests.local.running import RunningStack

pytestmark = pytest.mark.row("C7")
DEVICES = "/api/v1/deviceMgt/devices"
REQUESTS = ("connector/v1/requests/command", "connector/v1/requests/configuration", "connector/v1/requests/resource")
ABLE = {name: {"available": True} for name in ("command", "configuration", "resource")}
ONLINE = {"status": "ONLINE", "capabilities": ABLE}
_numbers = itertools.count(1)


@pytest.fixture
def rest(stack: RunningStack) -> Iterator[Rest]:
    rest = Rest(stack)
    yield rest
    rest.close()


@pytest.fixture
def node() -> str:
    return f"node{next(_numbers)}"


def connecting(stack: RunningStack, name: str | None = None) -> MqttClient:
    return MqttClient(stack, name or f"connector-{next(_numbers)}", "connector", stack.api_key)


@pytest.fixture
def connector(stack: RunningStack) -> Iterator[MqttClient]:
    with connecting(stack) as client:
        assert client.subscribe(*REQUESTS) == [1, 1, 1]
        yield client


def urn(node: str) -> str:
    return f"urn:lo:nsid:x-connector:{node}"


def come(rest: Rest, connector: MqttClient, node: str) -> None:
    connector.publish(f"connector/v1/nodes/{node}/status", ONLINE)
    until(lambda: status(rest, node) == "ONLINE")


def status(rest: Rest, node: str) -> Any:
    answer = rest.call("GET", f"{DEVICES}/{urn(node)}/interfaces")
    return answer.json()[0]["status"] if answer.ok else None


def order(rest: Rest, node: str, **policy: Any) -> Any:
    request = {"connector": "x-connector", "value": {"req": "on", "args": {"level": 75}}}
    return rest.post(f"{DEVICES}/{urn(node)}/commands", {"request": request, "policy": policy})


def read(rest: Rest, command: Any) -> Any:
    return rest.get(f"/api/v1/deviceMgt/commands/{command['id']}")


def test_a_node_comes_and_goes(rest: Rest, connector: MqttClient, node: str) -> None:
    come(rest, connector, node)
    connector.publish(f"connector/v1/nodes/{node}/status", {"status": "OFFLINE"})
    until(lambda: status(rest, node) == "OFFLINE")


def test_data_is_stored_as_the_nodes(rest: Rest, connector: MqttClient, node: str) -> None:
    connector.publish(f"connector/v1/nodes/{node}/data", {"value": {"battery": 53}})
    (message,) = until(lambda: rest.get(f"/api/v0/data/streams/{urn(node)}"))
    assert (message["value"], message["metadata"]["connector"]) == ({"battery": 53}, "x-connector")


def test_a_command_is_relayed_and_answered(rest: Rest, connector: MqttClient, node: str) -> None:
    come(rest, connector, node)
    command = order(rest, node, ackMode="NETWORK")
    request = connector.next(REQUESTS[0])
    assert request == {
        "id": command["id"],
        "nodeId": node,
        "value": {"req": "on", "args": {"level": 75}},
        "ackMode": "NETWORK",
    }
    response = {"id": request["id"], "nodeId": node, "response": {"status": "ok"}}
    connector.publish("connector/v1/responses/command", response)
    done = until(lambda: (c := read(rest, command))["status"] == "PROCESSED" and c)
    assert done["response"] == {"value": {"status": "ok"}}


def test_what_waits_goes_when_the_connector_is_back(rest: Rest, stack: RunningStack, node: str) -> None:
    name = f"connector-{next(_numbers)}"
    with connecting(stack, name) as connector:
        connector.subscribe(*REQUESTS)
        come(rest, connector, node)
    until(lambda: status(rest, node) == "OFFLINE")
    command = order(rest, node, ackMode="NONE")
    assert read(rest, command)["status"] == "PENDING"
    with connecting(stack, name) as connector:
        connector.subscribe(*REQUESTS)
        assert connector.next(REQUESTS[0])["nodeId"] == node
        until(lambda: read(rest, command)["status"] == "PROCESSED")


def test_two_connectors_serve_their_own_nodes(rest: Rest, stack: RunningStack) -> None:
    with connecting(stack) as one, connecting(stack) as other:
        nodes = {f"node{next(_numbers)}": connector for connector in (one, other)}
        for node, connector in nodes.items():
            connector.subscribe(*REQUESTS)
            come(rest, connector, node)
            order(rest, node, ackMode="NONE")
        assert {node: connector.next(REQUESTS[0])["nodeId"] for node, connector in nodes.items()} == {
            node: node for node in nodes
        }


def test_a_configuration_is_acknowledged_by_its_target_version(rest: Rest, connector: MqttClient, node: str) -> None:
    come(rest, connector, node)
    asked = {"p1": {"type": "INT32", "value": 5}}
    rest.post(f"{DEVICES}/{urn(node)}/config", {"parameters": asked})
    request = connector.next(REQUESTS[1])
    assert (request["nodeId"], request["parameters"]) == (node, asked)
    connector.publish("connector/v1/responses/configuration", request)
    path = f"{DEVICES}/{urn(node)}/config"
    until(lambda: rest.get(path)["parameters"]["p1"]["syncStatus"] == "OK")


def test_a_resource_is_relayed_with_where_to_get_it(rest: Rest, connector: MqttClient, node: str) -> None:
    firmware = f"fw{next(_numbers)}"
    rest.post("/api/v0/rm", {"resourceId": firmware})
    body = {"resourceVersionId": "2.0", "checksum": "kAFQmDzST7DWlj99KOF/cg==", "file": "YWJj"}
    rest.post(f"/api/v0/rm/{firmware}/version", body)
    come(rest, connector, node)
    rest.post(f"{DEVICES}/{urn(node)}/resources/{firmware}", {"version": "2.0"})
    request = connector.next(REQUESTS[2])
    assert (request["nodeId"], request["resourceId"], request["targetVersion"]) == (node, firmware, "2.0")
    assert (request["delivery"]["type"], request["delivery"]["size"]) == ("HTTP_DELIVERY", 3)
    current = {"nodeId": node, "resources": {firmware: {"version": "2.0"}}}
    connector.publish("connector/v1/current/resource", current)
    path = f"{DEVICES}/{urn(node)}/resources/{firmware}/updates/latest"
    until(lambda: rest.get(path)["status"] == "DONE")


def test_rubbish_is_audited_about_the_node_and_registers_nobody(rest: Rest, connector: MqttClient, node: str) -> None:
    connector.publish(f"connector/v1/nodes/{node}/status", {"status": "MAYBE"})
    connector.publish(f"connector/v1/nodes/{node}/data", {"value": 5})
    found = until(lambda: len(told := rest.get("/api/v0/auditlog/messages", **{"source.nodeId": node})) == 2 and told)
    assert "status is ONLINE or OFFLINE" in json.dumps(found)
    assert status(rest, node) is None
    assert not connector.closed


def test_rubbish_about_a_known_node_is_audited_about_its_device(rest: Rest, connector: MqttClient, node: str) -> None:
    come(rest, connector, node)
    connector.publish(f"connector/v1/nodes/{node}/status", {"status": "MAYBE"})
    assert until(lambda: rest.get("/api/v0/auditlog/messages", **{"source.deviceId": urn(node)}))


def test_an_answer_to_an_older_version_acknowledges_nothing(rest: Rest, connector: MqttClient, node: str) -> None:
    come(rest, connector, node)
    versions = []
    for value in (5, 6, 5):
        asked = {"a": {"type": "INT32", "value": value}}
        rest.post(f"{DEVICES}/{urn(node)}/config", {"parameters": asked})
        versions.append(connector.next(REQUESTS[1])["targetVersion"])
    for version, expected in ((versions[0], "SENT"), (versions[2], "OK")):
        body = {"nodeId": node, "targetVersion": version, "parameters": asked}
        connector.publish("connector/v1/responses/configuration", body)
        shown = until(
            lambda: (
                (p := rest.get(f"{DEVICES}/{urn(node)}/config/parameters/a")).get("reported")
                and p["syncStatus"] == expected  # noqa: B023 - used before the next turn
                and p
            )
        )
        assert shown["syncStatus"] == expected


def test_a_connector_listens_to_requests_and_to_nothing_else(connector: MqttClient) -> None:
    assert connector.subscribe("dev/cmd", "connector/v1/responses/command", "connector/#") == [0x80, 0x80, 0x80]


def test_a_device_has_no_business_on_the_topics_of_connectors(stack: RunningStack, rest: Rest, node: str) -> None:
    name = f"urn:lo:nsid:connector:{node}"
    with MqttClient(stack, name, "json+device", stack.api_key) as device:
        device.publish(f"connector/v1/nodes/{node}/data", {"value": {"n": 1}})
        found = until(lambda: rest.get("/api/v0/auditlog/messages", **{"source.deviceId": name}))
        assert "may not publish" in json.dumps(found)
        assert device.subscribe(REQUESTS[0]) == [0x80]


@pytest.mark.soak
def test_one_connector_speaks_for_a_thousand_nodes(rest: Rest, connector: MqttClient) -> None:
    nodes = [f"many{number}" for number in range(1_000)]
    for node in nodes:
        connector.publish(f"connector/v1/nodes/{node}/status", ONLINE)
        connector.publish(f"connector/v1/nodes/{node}/data", {"value": {"of": node}})
        # IoT Core takes 100 messages a second from one connection
        time.sleep(0.02)
    # One after the other: whoever waits for the next has seen the one before, however long all of them take.
    for node in nodes[::20]:
        until(lambda: status(rest, node) == "ONLINE")  # noqa: B023 - used before the next turn
        until(lambda: rest.get(f"/api/v0/data/streams/{urn(node)}"))  # noqa: B023 - used before the next turn
    ordered = [order(rest, node, ackMode="NETWORK") for node in nodes[::20]]
    asked = [connector.next(REQUESTS[0]) for _ in ordered]
    assert {request["nodeId"] for request in asked} == set(nodes[::20])
    for request in asked:
        connector.publish("connector/v1/responses/command", {"id": request["id"], "nodeId": request["nodeId"]})
    for command in ordered:
        until(lambda: read(rest, command)["status"] == "PROCESSED")  # noqa: B023 - used before the next turn
