"""What holds for every route, walked as data."""

import re
from typing import Any

import pytest

from chalicelib.dialects.live_objects.rest import routes
from chalicelib.fleet.access import callers, users
from chalicelib.fleet.access.records import User
from chalicelib.fleet.access.roles import ALL_ROLES
from chalicelib.web.routes import Route
from tests.dialects.live_objects.client import DEVICES, Client
from tests.dialects.live_objects.conftest import URN
from tests.fakes import MemoryPorts

COMMAND = {"request": {"connector": "mqtt", "value": {"req": "x"}}}
OPEN = {
    "/api/v0/whoami",
    "/api/v0/tenants/me",
    "/api/v0/apiKeys/current_key",
    "/api/v0/auth",
    "/api/v0/logout",
    "/api/v0/users/me",
    "/api/v0/users/me/portaldata",
    "/api/v0/cookies",
    "/api/v0/users/{user_id}/password",
}


def filled(client: Client) -> dict[str, str]:
    """A tenant with one of everything; the path parameters that name it."""
    interface = {"connector": "mqtt", "definition": {"clientId": "node1"}}
    client.call("POST", DEVICES, {"id": URN, "name": "of acme", "interfaces": [interface]})
    client.call("POST", f"{DEVICES}/{URN}/config", {"parameters": {"p": {"type": "INT32", "value": 1}}})
    command = client.call("POST", f"{DEVICES}/{URN}/commands", COMMAND).body["id"]
    client.call("POST", "/api/v0/data/streams/mine", {"value": {"secret": "of acme"}})
    fill = {"fifoPublish": [{"fifoName": "mine"}]}
    policy = {"name": "of acme", "triggers": {"dataMessage": {"version": 1}}, "actions": fill}
    client.call("PUT", "/api/v1/event2action/actionPolicies/mine", policy)
    return {
        "device_id": URN,
        "interface_id": "mqtt:node1",
        "connector": "mqtt",
        "node_id": "node1",
        "namespace": URN.split(":")[3],
        "asset_id": URN.split(":")[4],
        "command_id": command,
        "param_key": "p",
        "stream_id": "mine",
        "fifo_name": "mine",
        "policy_id": "mine",
        "key_id": client.master.id,
        "user_id": users.create(client.ports, callers.of_key(client.master), user_of(client)).id,
    }


def user_of(client: Client) -> User:
    name = f"of-{client.name}"
    return User(client.tenant.id, client.ports.new_id(1), name, f"{name}@example.com", frozenset(), 1)


def path_of(route: Route, names: dict[str, str]) -> str:
    return re.sub(r"{(\w+)}", lambda m: names.get(m[1], "unknown"), route.path)


@pytest.mark.parametrize("route", routes(), ids=lambda r: f"{r.method} {r.path}")
def test_a_stranger_finds_and_changes_nothing(route: Route) -> None:
    ports = MemoryPorts()
    owner, stranger = Client(ports, "acme"), Client(ports, "other")
    names = filled(owner)
    before = {name: dict(vars(table).get("rows", {})) for name, table in vars(ports).items() if hasattr(table, "rows")}
    body = {"id": URN} if route.schema is not None else None
    reply = stranger.call(route.method, path_of(route, names), body)
    assert reply.status < 500
    assert b"of acme" not in reply.raw
    assert owner.master.id.encode() not in reply.raw
    for name, rows in before.items():
        after = vars(ports)[name].rows
        assert all(after[key] == row for key, row in rows.items()), f"{name} of another tenant were changed"


@pytest.mark.parametrize("route", routes(), ids=lambda r: f"{r.method} {r.path}")
def test_a_route_asks_for_its_role(route: Route, client: Client) -> None:
    others = client.key(*(ALL_ROLES - route.roles))
    reply = client.call(route.method, path_of(route, {}), key=others)
    assert (reply.status == 403) is bool(route.roles)
    assert bool(route.roles) is (route.path not in OPEN)


@pytest.mark.parametrize("route", [r for r in routes() if not r.public], ids=lambda r: f"{r.method} {r.path}")
def test_a_route_asks_for_a_key(route: Route, client: Client) -> None:
    reply = client.call(route.method, path_of(route, {}), key=None)
    assert (reply.status, reply.code) == (401, "UNAUTHORIZED")


def test_every_path_parameter_is_declared() -> None:
    for route in routes():
        declared = {p.name for p in route.parameters if p.place == "path"}
        assert declared == set(re.findall(r"{(\w+)}", route.path)), route.path


def test_each_operation_is_served_once() -> None:
    seen = [(route.method, route.path) for route in routes()]
    assert len(seen) == len(set(seen))


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("PUT", DEVICES, 405, "GET, HEAD, POST"),
        ("POST", "/api/v0/whoami", 405, "GET, HEAD"),
        ("GET", "/api", 404, None),
        ("GET", "/api/v1/deviceMgt/nothing", 404, None),
        ("DELETE", "/api/v9/a/b/c/d", 404, None),
        ("PATCH", "/api/v1/deviceMgt/devices/x/y/z", 404, None),
    ],
)
def test_what_is_not_served_is_refused_in_the_vendors_shape(
    client: Client, method: str, path: str, status: int, allow: Any
) -> None:
    reply = client.call(method, path)
    assert reply.status == status
    assert set(reply.body) == {"id", "code", "message"}
    assert reply.headers.get("Allow") == allow


def test_a_client_that_accepts_nothing_in_particular_is_answered(client: Client) -> None:
    assert client.call("GET", DEVICES, headers={"Accept": "text/html"}).status == 200
    assert client.call("GET", DEVICES).headers["Content-Type"] == "application/json"
