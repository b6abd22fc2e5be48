"""Manual 4.3 and 4.4."""

import re
from typing import Any

import pytest

from chalicelib.fleet.access.roles import Role
from tests.dialects.live_objects.client import DEVICES, Client
from tests.fakes import START, MemoryPorts

pytestmark = pytest.mark.row("A2")
KEYS = "/api/v0/apiKeys"


def created(client: Client, **fields: Any) -> Any:
    reply = client.call("POST", KEYS, {"parentId": client.master.id, "roles": ["DEVICE_R"], **fields})
    assert reply.status == 200, reply.raw
    return reply.body


def test_a_new_key_shows_its_secret_once(client: Client) -> None:
    key = created(client, label="gateway", description="for the gateway", scope={"fifos": ["default"]})
    secret = key.pop("value")
    assert re.fullmatch("[0-9a-f]{32}", secret), "device SDKs hold no other"
    assert key == {
        "id": key["id"],
        "parentId": client.master.id,
        "tenantId": client.tenant.id,
        "creationTs": START,
        "label": "gateway",
        "description": "for the gateway",
        "active": True,
        "roles": ["DEVICE_R"],
        "scope": {"fifos": ["default"]},
        "clientCert": {"required": False, "caCertIds": []},
        "sessionKey": False,
        "masterKey": False,
        "expired": False,
    }
    assert client.get(f"{KEYS}/{key['id']}").body == key
    assert client.call("GET", f"{KEYS}/current_key", key=secret).body == key


def test_the_header_is_read_in_any_case(client: Client) -> None:
    for name in ("x-api-key", "X-API-KEY", "X-Api-Key"):
        assert client.call("GET", "/api/v0/whoami", key=None, headers={name: client.secret}).status == 200


def test_whoami_tells_the_tenant(client: Client) -> None:
    assert client.get("/api/v0/whoami").body == {"content": client.tenant.id}


@pytest.mark.parametrize("key", [None, "   "])
def test_a_request_without_a_key_is_unauthorized(client: Client, key: str | None) -> None:
    reply = client.call("GET", DEVICES, key=None, headers={"X-API-Key": ""} if key else {})
    assert (reply.status, reply.code) == (401, "UNAUTHORIZED")
    assert set(reply.body) == {"id", "code", "message"}


@pytest.mark.parametrize("key", ["junk", "ключ", "x" * 79, "a" * 5000])
def test_an_unknown_key_is_forbidden(client: Client, key: str) -> None:
    reply = client.call("GET", DEVICES, key=key)
    assert (reply.status, reply.code) == (403, "GENERIC_ACTION_FORBIDDEN_ERROR")


def test_a_key_of_right_form_with_a_wrong_secret_is_unknown(client: Client) -> None:
    other = Client(ports=MemoryPorts(2), name="other")
    assert client.call("GET", DEVICES, key=other.secret).status == 403


def test_a_key_is_valid_from_and_until(client: Client) -> None:
    key = created(client, **{"from": START + 1000, "to": START + 2000})
    statuses = []
    for _ in range(3):
        statuses.append(client.call("GET", DEVICES, key=key["value"]).status)
        client.ports.clock.advance(seconds=1)
    assert statuses == [401, 200, 401]
    assert client.get(f"{KEYS}/{key['id']}").body["expired"] is True


def test_a_time_to_live_ends_a_key(client: Client) -> None:
    assert created(client, ttl=1000)["to"] == START + 1000


def test_a_disabled_key_is_unauthorized(client: Client) -> None:
    key = created(client)
    assert client.call("POST", f"{KEYS}/{key['id']}", {"active": False}).body["active"] is False
    assert client.call("GET", DEVICES, key=key["value"]).status == 401


def test_a_key_without_the_role_is_forbidden(client: Client) -> None:
    reply = client.call("GET", DEVICES, key=client.key(Role.DATA_R))
    assert (reply.status, reply.code) == (403, "GENERIC_ACTION_FORBIDDEN_ERROR")
    assert "DEVICE_R" in reply.body["message"]


def test_a_child_has_no_more_rights_than_its_parent(client: Client) -> None:
    parent = created(client, roles=["API_KEY_W", "DEVICE_R"])
    body = {"parentId": parent["id"], "roles": ["DEVICE_R", "DEVICE_W"]}
    assert client.call("POST", KEYS, body, key=parent["value"]).status == 400
    body["roles"] = ["DEVICE_R"]
    assert client.call("POST", KEYS, body, key=parent["value"]).status == 200


@pytest.mark.parametrize(
    "limits", [{"roles": ["API_KEY_W"]}, {"scope": {"fifos": ["a"]}}, {"to": START + 3_600_000}], ids=str
)
def test_a_limited_key_makes_none_below_an_unlimited_one(client: Client, limits: Any) -> None:
    limited = created(client, **{"roles": [role.value for role in Role], **limits})
    body = {"parentId": client.master.id, "roles": ["DEVICE_R"]}
    reply = client.call("POST", KEYS, body, key=limited["value"])
    assert (reply.status, reply.code) == (403, "GENERIC_ACTION_FORBIDDEN_ERROR")


def test_a_child_inherits_the_end_of_its_parent(client: Client) -> None:
    parent = created(client, to=START + 5000)
    child = client.call("POST", KEYS, {"parentId": parent["id"], "roles": []})
    assert child.body["to"] == START + 5000
    assert client.call("POST", KEYS, {"parentId": parent["id"], "roles": [], "to": START + 6000}).status == 400


def test_a_renewed_secret_takes_the_place_of_the_old(client: Client) -> None:
    key = created(client)
    renewed = client.call("POST", f"{KEYS}/{key['id']}", {"regenerateValue": True}).body["value"]
    assert re.fullmatch("[0-9a-f]{32}", renewed)
    assert client.call("GET", DEVICES, key=renewed).status == 200
    assert client.call("GET", DEVICES, key=key["value"]).status == 403


def test_an_update_changes_what_it_names(client: Client) -> None:
    key = created(client, label="old", description="stays")
    reply = client.call("POST", f"{KEYS}/{key['id']}", {"label": "new", "roles": ["DATA_R"]})
    assert (reply.body["label"], reply.body["description"], reply.body["roles"]) == ("new", "stays", ["DATA_R"])
    assert "value" not in reply.body


def test_the_master_key_cannot_be_deleted_or_disabled(client: Client) -> None:
    path = f"{KEYS}/{client.master.id}"
    assert client.call("DELETE", path).code == "GENERIC_ACTION_FORBIDDEN_ERROR"
    assert client.call("POST", path, {"active": False}).code == "GENERIC_ACTION_FORBIDDEN_ERROR"


def test_a_deleted_key_is_gone_with_its_children(client: Client) -> None:
    parent = created(client)
    child = client.call("POST", KEYS, {"parentId": parent["id"], "roles": []}).body
    reply = client.call("DELETE", f"{KEYS}/{parent['id']}")
    assert (reply.status, reply.raw) == (200, b"")
    assert client.call("GET", DEVICES, key=child["value"]).status == 403
    assert client.get(f"{KEYS}/{child['id']}").code == "API_KEY_NOT_FOUND"


def test_keys_are_listed_by_page_with_their_total(client: Client) -> None:
    for number in range(4):
        created(client, label=f"k{number}")
    reply = client.get(KEYS, size=2, page=1)
    assert {name: reply.body[name] for name in ("page", "size", "totalCount")} == {
        "page": 1,
        "size": 2,
        "totalCount": 5,
    }
    assert len(reply.body["data"]) == 2
    assert all("value" not in key for key in reply.body["data"])


def test_the_list_is_filtered(client: Client) -> None:
    key = created(client, roles=["DATA_R", "DATA_W"])
    created(client)
    assert client.get(KEYS, showMasterKey="false").body["totalCount"] == 2
    assert client.get(KEYS, parentId=client.master.id).body["totalCount"] == 2
    assert [k["id"] for k in client.get(KEYS, roles="DATA_R,DATA_W", showMasterKey="false").body["data"]] == [key["id"]]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("roles", ["EVERYTHING"]),
        ("roles", "DEVICE_R"),
        ("roles", None),
        ("parentId", ""),
        ("parentId", 7),
        ("from", "today"),
        ("to", -1),
        ("to", 1.5),
        ("to", 10**30),
        ("active", "true"),
        ("scope", []),
    ],
)
def test_a_field_out_of_its_bounds_is_named(client: Client, field: str, value: Any) -> None:
    body = {"parentId": client.master.id, "roles": ["DEVICE_R"], field: value}
    reply = client.call("POST", KEYS, body)
    assert (reply.status, reply.code) == (400, "GENERIC_INVALID_PARAMETER_ERROR")
    assert field in reply.body["message"]


def test_labels_and_descriptions_are_cut_to_their_length(client: Client) -> None:
    key = created(client, label="x" * 30, description="y" * 150)
    assert (len(key["label"]), len(key["description"])) == (24, 140)


@pytest.mark.parametrize("parent", ["0" * 24, "nobody"])
def test_a_parent_that_is_not_there_is_not_found(client: Client, parent: str) -> None:
    reply = client.call("POST", KEYS, {"parentId": parent, "roles": []})
    assert (reply.status, reply.code) == (404, "API_KEY_NOT_FOUND")
