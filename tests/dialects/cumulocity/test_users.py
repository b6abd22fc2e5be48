"""People and devices as users, their roles and groups (reference, "Users", "Groups", "Roles")."""

from typing import Any

import pytest

from chalicelib.fleet.access.roles import Role
from tests.dialects.cumulocity.client import Client
from tests.dialects.cumulocity.registering import registered

pytestmark = pytest.mark.row("A6", "G1")
PASSWORD, ANOTHER = "A Long enough 1 password!", "An0ther long enough one!"


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture
def users(client: Client) -> str:
    return f"/user/{client.tenant.id}/users"


@pytest.fixture
def ann(client: Client, users: str) -> dict[str, Any]:
    body = {"userName": "ann", "email": "ann@example.com", "firstName": "Ann", "lastName": "Lee", "password": PASSWORD}
    made: dict[str, Any] = client.made(users, body)
    return made


def login(client: Client, name: str = "ann", password: str = PASSWORD) -> tuple[str, str]:
    return f"{client.tenant.id}/{name}", password


def test_a_user_is_made_shown_changed_and_deleted(client: Client, users: str, ann: dict[str, Any]) -> None:
    assert ann["self"].endswith(f"{users}/ann")
    assert (ann["userName"], ann["firstName"], ann["enabled"]) == ("ann", "Ann", True)
    assert "password" not in ann
    shown = client.get(f"{users}/ann").body
    assert (shown["email"], shown["lastName"], shown["groups"]["references"]) == ("ann@example.com", "Lee", [])
    assert (
        client.get(f"{users}/{ann['id']}").body == shown == client.get(f"/user/{client.tenant.id}/userByName/ann").body
    )
    changed = client.call("PUT", f"{users}/ann", {"lastName": "Low", "email": "low@example.com"}).body
    assert (changed["firstName"], changed["lastName"], changed["email"]) == ("Ann", "Low", "low@example.com")
    assert client.call("DELETE", f"{users}/ann").status == 204
    assert client.get(f"{users}/ann").status == 404
    again = client.made(users, {"userName": "ann"})
    assert "firstName" not in again
    assert "email" not in again


def test_a_user_comes_in_with_what_it_was_given(client: Client, users: str, ann: dict[str, Any]) -> None:
    assert client.call("GET", "/inventory/managedObjects", auth=login(client)).status == 403
    role = {"role": {"self": "user/roles/ROLE_INVENTORY_READ"}}
    assert client.call("POST", f"{users}/ann/roles", role).status == 201
    client.ports.clock.advance(seconds=61)
    assert client.call("GET", "/inventory/managedObjects", auth=login(client)).status == 200
    assert client.call("DELETE", f"{users}/ann/roles/ROLE_INVENTORY_READ").status == 204
    client.ports.clock.advance(seconds=61)
    assert client.call("GET", "/inventory/managedObjects", auth=login(client)).status == 403


def test_a_group_gives_its_roles(client: Client, users: str, ann: dict[str, Any]) -> None:
    groups = f"/user/{client.tenant.id}/groups"
    member = {"user": {"self": ann["self"]}}
    assert client.call("POST", f"{groups}/2/users", member).status == 201
    assert [one["user"]["userName"] for one in client.get(f"{groups}/2/users").body["references"]] == ["ann"]
    assert [one["group"]["name"] for one in client.get(f"{users}/ann/groups").body["references"]] == ["business"]
    client.ports.clock.advance(seconds=61)
    assert client.call("POST", "/inventory/managedObjects", {}, auth=login(client)).status == 201
    assert client.call("GET", users, auth=login(client)).status == 403
    found = client.get(users, groups="2").body["users"]
    assert [one["userName"] for one in found] == ["ann"]
    assert client.get(users, groups="1").body["users"] == []
    assert client.call("DELETE", f"{groups}/2/users/ann").status == 204
    assert client.get(f"{users}/ann/roles").body["references"] == []


def test_groups_and_roles_are_listed(client: Client) -> None:
    groups = client.get(f"/user/{client.tenant.id}/groups").body["groups"]
    assert [(one["id"], one["name"]) for one in groups] == [
        (1, "admins"),
        (2, "business"),
        (3, "readers"),
        (4, "devices"),
    ]
    readers = client.get(f"/user/{client.tenant.id}/groupByName/readers").body
    assert readers == client.get(f"/user/{client.tenant.id}/groups/3").body
    roles = [one["role"]["name"] for one in readers["roles"]["references"]]
    assert "ROLE_ALARM_READ" in roles
    assert all(name.endswith("_READ") for name in roles)
    every = client.get("/user/roles", pageSize=100).body["roles"]
    assert {"ROLE_USER_MANAGEMENT_ADMIN", *roles} <= {one["name"] for one in every}
    assert client.get("/user/roles/ROLE_ALARM_READ").body["id"] == "ROLE_ALARM_READ"
    assert client.get("/user/roles/ROLE_NONE").status == 404
    assert client.get(f"/user/{client.tenant.id}/groups/9").status == 404


def test_users_are_listed_page_by_page_and_by_what_their_names_begin_with(client: Client, users: str) -> None:
    for name in ("bob", "Bea", "cid"):
        client.made(users, {"userName": name})
    pages = [client.get(users, pageSize=2, currentPage=n, withTotalPages="true").body for n in (1, 2)]
    assert [one["userName"] for page in pages for one in page["users"]] == ["Bea", "bob", "cid"]
    assert pages[0]["statistics"]["totalPages"] == 2
    assert [one["userName"] for one in client.get(users, username="B").body["users"]] == ["Bea", "bob"]
    assert [one["userName"] for one in client.get(users, usernameContains="I").body["users"]] == ["cid"]
    assert client.get(users, owner="bob").body["users"] == []


def test_devices_are_listed_apart(client: Client, users: str) -> None:
    auth = registered(client, "d1")
    client.made(users, {"userName": "bob"})
    assert [one["userName"] for one in client.get(users, onlyDevices="true").body["users"]] == ["device_d1"]
    assert [one["userName"] for one in client.get(users).body["users"]] == ["bob"]
    devices = client.get(f"/user/{client.tenant.id}/groups/4/users").body["references"]
    assert [one["user"]["id"] for one in devices] == ["device_d1"]
    one = f"{users}/device_d1"
    assert client.call("PUT", one, {"password": PASSWORD}).status == 422
    assert client.call("PUT", one, {"enabled": False}).body["enabled"] is False
    client.ports.clock.advance(seconds=61)
    assert client.call("GET", "/platform", auth=auth).status == 401
    assert client.call("DELETE", one).status == 204
    assert client.get(one).status == 404
    assert client.call("POST", f"/user/{client.tenant.id}/groups/4/users", {"user": {"id": "bob"}}).status == 422


def test_one_changes_ones_own_password_with_the_present_one(client: Client, ann: dict[str, Any]) -> None:
    path = "/user/currentUser/password"
    wrong = {"currentUserPassword": ANOTHER, "newPassword": ANOTHER}
    assert client.call("PUT", path, wrong, auth=login(client)).status == 401
    weak = {"currentUserPassword": PASSWORD, "newPassword": "weak"}
    assert client.call("PUT", path, weak, auth=login(client)).status == 422
    missing = client.call("PUT", path, {"newPassword": ANOTHER}, auth=login(client))
    assert (missing.status, "currentUserPassword" in missing.message) == (422, True)
    right = {"currentUserPassword": PASSWORD, "newPassword": ANOTHER}
    assert client.call("PUT", path, right, auth=login(client)).status == 200
    client.ports.clock.advance(seconds=61)
    assert client.call("GET", "/user/currentUser", auth=login(client)).status == 401
    assert client.call("GET", "/user/currentUser", auth=login(client, password=ANOTHER)).status == 200


def test_who_may_change_users_gives_another_one_a_password_by_showing_their_own(
    client: Client, users: str, ann: dict[str, Any]
) -> None:
    client.made(users, {"userName": "bob", "password": PASSWORD})
    path, given = f"{users}/ann/password", {"newPassword": ANOTHER, "currentUserPassword": PASSWORD}
    assert client.call("PUT", path, given, auth=login(client, "bob")).status == 403
    assert client.call("POST", f"/user/{client.tenant.id}/groups/1/users", {"user": {"id": "bob"}}).status == 201
    client.ports.clock.advance(seconds=61)
    for body, status in (
        ({**given, "currentUserPassword": ANOTHER}, 401),
        ({**given, "newPassword": "weak"}, 422),
        ({"newPassword": ANOTHER}, 422),
        ({"currentUserPassword": PASSWORD}, 422),
    ):
        assert client.call("PUT", path, body, auth=login(client, "bob")).status == status
    assert client.call("PUT", f"{users}/nobody/password", given, auth=login(client, "bob")).status == 404
    assert client.call("GET", "/user/currentUser", auth=login(client)).status == 200
    assert client.call("PUT", path, given, auth=login(client, "bob")).status == 200
    client.ports.clock.advance(seconds=61)
    assert client.call("GET", "/user/currentUser", auth=login(client)).status == 401
    assert client.call("GET", "/user/currentUser", auth=login(client, password=ANOTHER)).status == 200
    own = f"{users}/bob/password"
    assert client.call("PUT", own, {**given, "currentUserPassword": ANOTHER}, auth=login(client, "bob")).status == 401
    assert client.call("PUT", own, given, auth=login(client, "bob")).status == 200
    assert client.call("GET", "/user/currentUser", auth=login(client, "bob", ANOTHER)).status == 200


def test_a_device_is_given_no_password_by_a_user(client: Client, users: str) -> None:
    name = registered(client, "bob")[0].partition("/")[2]
    given = {"newPassword": ANOTHER, "currentUserPassword": PASSWORD}
    assert client.call("PUT", f"{users}/{name}/password", given).status == 422


def test_one_changes_oneself_and_gets_no_rights_by_it(client: Client, users: str, ann: dict[str, Any]) -> None:
    shown = client.call("PUT", "/user/currentUser", {"firstName": "Anna"}, auth=login(client)).body
    assert (shown["firstName"], shown["userName"]) == ("Anna", "ann")
    for body, status in (({"password": ANOTHER}, 422), ({"enabled": False}, 403), ({"userName": "root"}, 422)):
        assert client.call("PUT", "/user/currentUser", body, auth=login(client)).status == status
    role = {"role": {"self": "user/roles/ROLE_USER_MANAGEMENT_ADMIN"}}
    assert client.call("POST", f"{users}/ann/roles", role, auth=login(client)).status == 403


def test_nobody_gives_what_they_do_not_have(client: Client, users: str, ann: dict[str, Any]) -> None:
    manager = client.credentials_with(Role.USER_R, Role.USER_W)
    assert (
        client.call("POST", f"/user/{client.tenant.id}/groups/1/users", {"user": {"id": "ann"}}, auth=manager).status
        == 403
    )
    assert client.call("GET", f"{users}/ann", auth=client.credentials_with(Role.DEVICE_R)).status == 403
    assert (
        client.call("PUT", f"{users}/ann", {"enabled": False}, auth=client.credentials_with(Role.USER_R)).status == 403
    )


def test_a_user_that_was_disabled_is_out_within_a_minute(client: Client, users: str, ann: dict[str, Any]) -> None:
    assert client.call("GET", "/platform", auth=login(client)).status == 200
    client.call("PUT", f"{users}/ann", {"enabled": False})
    client.ports.clock.advance(seconds=61)
    assert client.call("GET", "/platform", auth=login(client)).status == 401


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"userName": "with blank"},
        {"userName": "a:b"},
        {"userName": "t1/ann"},
        {"userName": "device_d1"},
        {"userName": "DEVICE_d1"},
        {"userName": "ann\0"},
        {"userName": "\u202eann"},
        {"userName": "."},
        {"userName": ".."},
        {"userName": "bob", "email": "bob\0@example.org"},
        {"userName": "x" * 255},
        {"userName": 7},
        {"userName": "bob", "email": "none"},
        {"userName": "bob", "enabled": "yes"},
        {"userName": "bob", "password": "weak"},
        {"userName": "bob", "firstName": {}},
        [],
    ],
    ids=str,
)
def test_what_is_no_user_is_refused(client: Client, users: str, body: Any) -> None:
    assert client.call("POST", users, body).status == 422
    assert client.get(users).body["users"] == []


def test_a_name_is_taken_once(client: Client, users: str, ann: dict[str, Any]) -> None:
    assert client.call("POST", users, {"userName": "ANN"}).status == 409


@pytest.mark.parametrize("what", ["users", "users/ann", "groups", "groups/1", "groups/1/users", "users/ann/groups"])
def test_another_tenants_users_are_not_there(client: Client, ann: dict[str, Any], what: str) -> None:
    other = Client(client.ports, "other")
    assert other.get(f"/user/{client.tenant.id}/{what}").status == 404
    if what.startswith("users/"):
        assert other.get(f"/user/{other.tenant.id}/{what}").status == 404
    assert other.call("DELETE", f"/user/{other.tenant.id}/users/ann").status == 404


def test_who_logs_out_comes_in_again(client: Client) -> None:
    assert client.call("POST", "/user/logout").status == 200
