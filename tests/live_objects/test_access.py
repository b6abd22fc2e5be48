"""Users, sessions and the reach of keys, on a running stack (manual 4.2 and 4.3)."""

import itertools
import uuid
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from tests.clients import MqttClient, Rest, until
from tests.local.running import RunningStack

USERS, KEYS, DEVICES = "/api/v0/users", "/api/v0/apiKeys", "/api/v1/deviceMgt/devices"
PASSWORD = "Corr3ct-horse"
_numbers = itertools.count(1)


@pytest.fixture
def rest(stack: RunningStack) -> Iterator[Rest]:
    with closing(Rest(stack)) as rest:
        yield rest


@pytest.fixture
def name() -> str:
    return f"user-{uuid.uuid4().hex[:8]}"


def created(rest: Rest, name: str) -> Any:
    body = {"login": name, "email": f"{name}@example.com", "roles": ["DEVICE_R", "BUS_R"], "password": PASSWORD}
    return rest.post(USERS, {**body, "tenantId": rest.get("/api/v0/whoami")["content"]})


def session(rest: Rest, name: str) -> str:
    secret: str = rest.post("/api/v0/auth", {"login": name, "password": PASSWORD})["apiKey"]["value"]
    return secret


def key(rest: Rest, **fields: Any) -> Any:
    master = next(k["id"] for k in rest.get(KEYS, size=1000)["data"] if k["masterKey"])
    return rest.post(KEYS, {"parentId": master, "roles": ["DEVICE_ACCESS"], **fields})


@pytest.mark.row("A4")
def test_a_user_logs_in_looks_around_and_logs_out(stack: RunningStack, rest: Rest, name: str) -> None:
    user = created(rest, name)
    with closing(Rest(stack, session(rest, name))) as mine:
        assert mine.get(f"{USERS}/me")["id"] == user["id"]
        assert mine.call("GET", DEVICES).status_code == 200
        assert mine.call("POST", DEVICES, {"id": "urn:lo:nsid:x:y"}).status_code == 403
        assert mine.call("POST", "/api/v0/logout").status_code == 204
        assert mine.call("GET", DEVICES).status_code == 403


@pytest.mark.row("A4")
def test_five_wrong_passwords_keep_the_right_one_out(rest: Rest, name: str) -> None:
    created(rest, name)
    for _ in range(5):
        assert rest.call("POST", "/api/v0/auth", {"login": name, "password": "Wr0ng-horse"}).status_code == 401
    assert rest.call("POST", "/api/v0/auth", {"login": name, "password": PASSWORD}).status_code == 401


def test_a_disabled_user_loses_the_session_and_its_connection(stack: RunningStack, rest: Rest, name: str) -> None:
    user = created(rest, name)
    application = MqttClient(stack, f"app-{name}", "application", session(rest, name))
    with application:
        rest.post(f"{USERS}/{user['id']}", {"state": "disabled"})
        until(lambda: application.closed)


@pytest.mark.row("A2")
@pytest.mark.parametrize("how", ["disabled", "parent disabled", "deleted"])
def test_a_revoked_key_closes_its_connections_and_lets_nobody_in_again(
    stack: RunningStack, rest: Rest, how: str
) -> None:
    parent = key(rest)
    child = rest.post(KEYS, {"parentId": parent["id"], "roles": ["DEVICE_ACCESS"]})
    client = f"urn:lo:nsid:access:d{next(_numbers)}"
    device = MqttClient(stack, client, "json+device", child["value"])
    with device, MqttClient(stack, f"{client}:other", "json+device", key(rest)["value"]) as other:
        if how == "deleted":
            rest.ok("DELETE", f"{KEYS}/{child['id']}")
        else:
            rest.post(f"{KEYS}/{(parent if how == 'parent disabled' else child)['id']}", {"active": False})
        until(lambda: device.closed)
        again = MqttClient(stack, client, "json+device", child["value"])
        assert again.connect() != 0
        again.close()
        assert not other.closed
