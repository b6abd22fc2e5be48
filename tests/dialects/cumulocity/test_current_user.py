"""Who a client has come as (reference, "Current user")."""

import pytest

from chalicelib.fleet.access import callers, users
from chalicelib.fleet.access.records import User
from chalicelib.fleet.access.roles import Role
from tests.dialects.cumulocity.client import Client

pytestmark = pytest.mark.row("A6", "G1")
PATH = "/user/currentUser"


def roles(body: dict[str, list[dict[str, str]]]) -> set[str]:
    return {role["name"] for role in body["effectiveRoles"]}


def test_a_key_is_told_what_it_opens() -> None:
    client = Client()
    shown = client.get(PATH).body
    assert shown["id"] == shown["userName"] == "homeport"
    assert {"ROLE_INVENTORY_ADMIN", "ROLE_ALARM_READ", "ROLE_AUDIT_READ"} <= roles(shown)
    reader = client.call("GET", PATH, auth=client.credentials_with(Role.DEVICE_R)).body
    assert roles(reader) == {"ROLE_INVENTORY_READ", "ROLE_IDENTITY_READ", "ROLE_DEVICE_CONTROL_READ"}


def test_a_person_is_told_who_they_are() -> None:
    client = Client()
    tenant = client.tenant.id
    user = User(tenant, "u1", "ann", "ann@example.com", frozenset({Role.DATA_R}), client.ports.clock.now())
    users.create(client.ports, callers.of_key(client.key), user, "a Long enough 1 password!")
    reply = client.call("GET", PATH, auth=(f"{tenant}/ann", "a Long enough 1 password!"))
    assert reply.status == 200, reply.raw
    shown = reply.body
    assert (shown["id"], shown["userName"], shown["email"]) == ("u1", "ann", "ann@example.com")
    assert roles(shown) == {"ROLE_MEASUREMENT_READ", "ROLE_EVENT_READ", "ROLE_ALARM_READ"}
    assert client.call("GET", PATH, auth=(f"{tenant}/ann", "another")).status == 401


def test_a_person_is_shown_what_they_have_said_of_themselves() -> None:
    client = Client()
    user = User(client.tenant.id, "u1", "ann", "ann@example.com", frozenset({Role.DATA_R}), client.ports.clock.now())
    users.create(client.ports, callers.of_key(client.key), user, "a Long enough 1 password!")
    ann = (f"{client.tenant.id}/ann", "a Long enough 1 password!")
    said = {"firstName": "Ann", "lastName": "Lee", "displayName": "A. Lee", "phone": "+33 1"}
    assert client.call("PUT", PATH, said, auth=ann).status == 200
    shown = client.call("GET", PATH, auth=ann).body
    assert {name: shown[name] for name in said} == said
