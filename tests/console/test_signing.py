"""A session of the console for credentials that it cannot send with every request."""

import base64
import json
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.console import serving
from chalicelib.dialects.cumulocity.rest import API as CUMULOCITY
from chalicelib.dialects.ibm.rest import APIS
from chalicelib.dialects.live_objects.rest import API
from chalicelib.fleet.access import adopting, attempts, callers, keys, tenants, users
from chalicelib.fleet.access import basic as proving
from chalicelib.fleet.access.records import KeyRequest, User
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.inventory import numbering
from tests.dialects.served import Served
from tests.fakes import MemoryPorts

SITE = Served([serving.api((API, *APIS, CUMULOCITY)), API, *APIS, CUMULOCITY])
TOKEN = "x!Nq7@yTkP*2aB-cDe"
PASSWORD = "a Long enough 1 password!"
READING = KeyRequest(roles=frozenset({Role.DEVICE_R, Role.DATA_R}))


class Door:
    def __init__(self) -> None:
        self.ports = MemoryPorts()
        self.tenant, self.master, self.secret = tenants.create(self.ports, "acme")
        self.name = f"a-{self.tenant.id}-7w2kq0x9zd"
        master = callers.of_key(self.master)
        adopting.adopt(self.ports, master, self.master.id, TOKEN, READING, name=self.name)

    def ask(self, method: str, path: str, **headers: str) -> tuple[int, Any]:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = SITE.send(self.ports, method, path, sent, b"", query="", safe="/")
        return answer.status, json.loads(answer.body)


def basic(name: str, token: str) -> str:
    return f"Basic {base64.b64encode(f'{name}:{token}'.encode()).decode()}"


@pytest.fixture
def door() -> Door:
    return Door()


def test_an_imported_key_of_an_organization_works_in_the_console(door: Door) -> None:
    status, opened = door.ask("POST", "/console/session", Authorization=basic(door.name, TOKEN))
    assert status == 200
    status, key = door.ask("GET", "/api/v0/apiKeys/current_key", X_API_Key=opened["apiKey"])
    assert (status, key["tenantId"], key["roles"]) == (200, door.tenant.id, ["DATA_R", "DEVICE_R"])
    assert (key["sessionKey"], key["to"]) == (True, opened["validTo"])


def test_an_api_key_may_be_exchanged_too(door: Door) -> None:
    status, opened = door.ask("POST", "/console/session", X_API_Key=door.secret)
    assert (status, keys.authenticate(door.ports, opened["apiKey"]).parent) == (200, door.master.id)


@pytest.mark.parametrize("token", ["", "wrong", TOKEN + "x"])
def test_who_is_not_known_is_told_nothing(door: Door, token: str) -> None:
    status, said = door.ask("POST", "/console/session", Authorization=basic(door.name, token))
    assert (status, said["code"]) == (401, "UNAUTHORIZED")


def test_without_credentials_there_is_no_session(door: Door) -> None:
    assert door.ask("POST", "/console/session")[0] == 401
    assert door.ask("GET", "/console/session")[0] == 405


def test_a_session_begins_no_other(door: Door) -> None:
    _, opened = door.ask("POST", "/console/session", X_API_Key=door.secret)
    status, said = door.ask("POST", "/console/session", X_API_Key=opened["apiKey"])
    assert (status, said["code"]) == (403, "FORBIDDEN")


def test_a_key_that_is_disabled_begins_none(door: Door) -> None:
    key = next(key for key in door.ports.keys.all(door.tenant.id) if not key.master)
    assert door.ports.keys.replace(key, replace(key, active=False))
    assert door.ask("POST", "/console/session", Authorization=basic(door.name, TOKEN))[0] == 401


def with_a_user(door: Door) -> None:
    user = User(door.tenant.id, "u1", "ann", "ann@example.test", frozenset({Role.DATA_R}), door.ports.clock.now())
    users.create(door.ports, callers.of_key(door.master), user, PASSWORD)


def test_a_user_signs_in_with_the_tenant_beside_the_name(door: Door) -> None:
    with_a_user(door)
    numbering.enable(door.ports, door.tenant.id)
    sent = basic(f"{door.tenant.id}/ann", PASSWORD)
    status, opened = door.ask("POST", "/console/session", Authorization=sent)
    assert status == 200
    status, key = door.ask("GET", "/api/v0/apiKeys/current_key", X_API_Key=opened["apiKey"])
    assert (status, key["userId"], key["roles"], key["to"]) == (200, "u1", ["DATA_R"], opened["validTo"])
    assert door.ask("GET", "/alarm/alarms", Authorization=basic("console", opened["apiKey"]))[0] == 200


@pytest.mark.parametrize("tenant", ["another", ""])
def test_a_user_is_not_known_in_another_tenant(door: Door, tenant: str) -> None:
    with_a_user(door)
    numbering.enable(door.ports, door.tenant.id)
    assert door.ask("POST", "/console/session", Authorization=basic(f"{tenant}/ann", PASSWORD))[0] == 401


def test_a_tenant_without_objects_has_no_such_users(door: Door) -> None:
    with_a_user(door)
    assert door.ask("POST", "/console/session", Authorization=basic(f"{door.tenant.id}/ann", PASSWORD))[0] == 401


def test_a_wrong_password_counts_once_whatever_dialects_there_are(door: Door) -> None:
    with_a_user(door)
    numbering.enable(door.ports, door.tenant.id)
    name = f"{door.tenant.id}/ann"
    more_than_half = (attempts.MOST_FAILURES + proving.AT_ONCE) // 2 + 1
    for number in range(more_than_half):
        assert door.ask("POST", "/console/session", Authorization=basic(name, f"Wrong-{number}-guess!"))[0] == 401
    assert door.ask("POST", "/console/session", Authorization=basic(name, PASSWORD))[0] == 200
