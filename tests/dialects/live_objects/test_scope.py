"""Manual 4.3: a key that names FIFOs is good for these and opens no other door."""

import base64
from typing import Any

import pytest

from chalicelib.dialects.live_objects.rest import routes
from chalicelib.fleet.access.roles import ALL_ROLES, Role
from chalicelib.triggers import authorizer
from tests.dialects.live_objects.client import Client

ARN = "arn:aws-cn:lambda:cn-north-1:123456789012:function:homeport-dev-authorizer"
FIFOS = "/api/v0/topics/fifo"


@pytest.fixture
def scoped(client: Client) -> str:
    for name in ("q1", "q2"):
        client.call("POST", FIFOS, {"name": name, "maxLengthBytes": -1})
    return client.key(*ALL_ROLES, queues=frozenset({"q1"}))


def knock(client: Client, key: str, username: str, *, secured: bool = True) -> dict[str, Any]:
    mqtt = {"username": username, "password": base64.b64encode(key.encode()).decode(), "clientId": "c1"}
    tls = {"tls": {"serverName": "mqtt.example"}} if secured else {}
    return authorizer.handle(client.ports, {"protocols": [*tls, "mqtt"], "protocolData": {**tls, "mqtt": mqtt}}, ARN)


@pytest.mark.parametrize(("username", "opens"), [("json+device", False), ("connector", False), ("application", True)])
def test_it_opens_application_mode_alone(client: Client, scoped: str, username: str, *, opens: bool) -> None:
    assert knock(client, scoped, username)["isAuthenticated"] is opens


def test_it_opens_its_fifo(client: Client, scoped: str) -> None:
    assert client.call("POST", f"{FIFOS}/q1", {"n": 1}, key=scoped).status == 200
    assert client.call("GET", f"{FIFOS}/q1", key=scoped).body["messages"] == 1
    assert client.call("GET", "/api/v1/event2action/fifos/q1", key=scoped).status == 200


def test_it_opens_no_other_fifo(client: Client, scoped: str) -> None:
    assert client.call("POST", f"{FIFOS}/q2", {"n": 1}, key=scoped).status == 403
    assert client.call("GET", f"{FIFOS}/q2", key=scoped).status == 403
    assert client.call("GET", "/api/v1/event2action/fifos/q2", key=scoped).status == 403


def test_it_says_what_it_is(client: Client, scoped: str) -> None:
    shown = client.call("GET", "/api/v0/apiKeys/current_key", key=scoped).body
    assert shown["scope"] == {"fifos": ["q1"]}
    assert client.call("GET", "/api/v0/whoami", key=scoped).status == 200


OPEN = {
    ("POST", f"{FIFOS}/{{fifo_name}}"),
    ("GET", f"{FIFOS}/{{fifo_name}}"),
    ("GET", "/api/v1/event2action/fifos/{fifo_name}"),
    ("GET", "/api/v0/apiKeys/current_key"),
    ("GET", "/api/v0/whoami"),
}


@pytest.mark.parametrize(
    ("method", "path"), [(r.method, r.path) for r in routes() if not r.public and (r.method, r.path) not in OPEN]
)
def test_every_other_route_is_closed(client: Client, scoped: str, method: str, path: str) -> None:
    """Before anything is looked at: whatever stands in the path or the body."""
    filled = "/".join("x" if part.startswith("{") else part for part in path.split("/"))
    reply = client.call(method, filled, key=scoped)
    assert (reply.status, reply.body["message"]) == (403, "this API key is for some queues only")


@pytest.mark.parametrize(
    ("roles", "opens"),
    [
        ({Role.DEVICE_ACCESS}, True),
        ({Role.DEVICE_ACCESS, Role.BUS_R}, False),
        ({Role.DEVICE_ACCESS, Role.DATA_R}, False),
        (ALL_ROLES, False),
    ],
)
def test_without_tls_a_key_opens_what_it_opens_alone(client: Client, roles: set[Role], *, opens: bool) -> None:
    """What can be read on the way is a device's key and nothing more."""
    key = client.key(*roles)
    assert knock(client, key, "json+device", secured=False)["isAuthenticated"] is opens
    assert knock(client, key, "json+device")["isAuthenticated"]
