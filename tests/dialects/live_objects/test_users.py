"""Manual 4.2: users, their passwords, and the sessions that they log in to."""

from typing import Any

import pytest

from chalicelib.fleet.access.attempts import LOCKED, MOST_FAILURES
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.access.users import MOST, SESSION
from tests.dialects.live_objects.client import DEVICES, Client, Reply
from tests.fakes import START

pytestmark = pytest.mark.row("A4")
USERS = "/api/v0/users"
KEYS = "/api/v0/apiKeys"
PASSWORD = "Corr3ct-horse"


def body(client: Client, **fields: Any) -> dict[str, Any]:
    return {
        "login": "ada",
        "email": "ada@example.com",
        "roles": ["DEVICE_R", "API_KEY_W"],
        "tenantId": client.tenant.id,
        "password": PASSWORD,
        **fields,
    }


def created(client: Client, **fields: Any) -> Any:
    reply = client.call("POST", USERS, body(client, **fields))
    assert reply.status == 200, reply.raw
    return reply.body


def log_in(client: Client, password: str = PASSWORD, **name: str) -> Reply:
    return client.call("POST", "/api/v0/auth", {"password": password, **(name or {"login": "ada"})}, key=None)


def session(client: Client, **name: str) -> str:
    secret: str = log_in(client, **name).body["apiKey"]["value"]
    return secret


def test_a_user_is_shown_without_the_password(client: Client) -> None:
    user = created(client, language="fr")
    assert user == {
        "id": user["id"],
        "tenantId": client.tenant.id,
        "login": "ada",
        "email": "ada@example.com",
        "roles": ["API_KEY_W", "DEVICE_R"],
        "state": "enabled",
        "language": "fr",
        "mainUser": False,
    }
    assert client.get(f"{USERS}/{user['id']}").body == user
    assert client.get(USERS).body == {"page": 0, "size": 20, "totalCount": 1, "data": [user]}


def test_nothing_stored_shows_the_password(client: Client) -> None:
    created(client)
    assert PASSWORD not in repr(client.ports.users.rows)


def test_a_login_gives_a_temporary_key_with_the_roles_of_the_user(client: Client) -> None:
    user = created(client)
    reply = log_in(client)
    assert reply.body["admin"] is False
    key = reply.body["apiKey"]
    assert (key["sessionKey"], key["userId"], key["roles"]) == (True, user["id"], user["roles"])
    assert key["to"] == START + SESSION
    assert client.call("GET", DEVICES, key=key["value"]).status == 200
    assert client.call("GET", USERS, key=key["value"]).status == 403
    assert client.call("GET", f"{USERS}/me", key=key["value"]).body["lastAuthentication"] == START


@pytest.mark.parametrize("name", [{"login": "ADA"}, {"email": "Ada@Example.com"}], ids=str)
def test_a_user_logs_in_by_login_or_email_in_any_case(client: Client, name: dict[str, str]) -> None:
    created(client)
    assert log_in(client, **name).status == 200


def test_a_session_ends(client: Client) -> None:
    created(client)
    secret = session(client)
    client.ports.clock.advance(ms=SESSION)
    assert client.call("GET", DEVICES, key=secret).status == 401


def test_logging_out_ends_the_session(client: Client) -> None:
    created(client)
    secret = session(client)
    assert client.call("POST", "/api/v0/logout", key=secret).status == 204
    assert client.call("GET", DEVICES, key=secret).status == 403


def test_a_key_that_is_no_session_is_not_logged_out(client: Client) -> None:
    assert client.call("POST", "/api/v0/logout").status == 400
    assert client.get(DEVICES).status == 200


def test_an_administrator_is_told_so(client: Client) -> None:
    created(client, roles=[role.value for role in Role])
    assert log_in(client).body["admin"] is True


@pytest.mark.parametrize("reply", ["wrong password", "unknown login", "disabled", "no password"])
def test_a_refused_login_never_says_why(client: Client, reply: str) -> None:
    user = created(client, password=None if reply == "no password" else PASSWORD)
    if reply == "disabled":
        client.call("POST", f"{USERS}/{user['id']}", {"state": "disabled"})
    name = {"login": "nobody" if reply == "unknown login" else "ada"}
    refused = log_in(client, "Wr0ng-horse" if reply == "wrong password" else PASSWORD, **name)
    assert (refused.status, refused.code) == (401, "UNAUTHORIZED")
    assert refused.body["message"].startswith("the login or the password is wrong")


def test_too_many_failures_lock_the_account_for_a_while(client: Client) -> None:
    created(client)
    for _ in range(MOST_FAILURES):
        assert log_in(client, "Wr0ng-horse").status == 401
    assert log_in(client).status == 401
    client.ports.clock.advance(ms=LOCKED)
    assert log_in(client).status == 200


@pytest.mark.parametrize("last", ["ada", "ADA", "ada@example.com", "Ada@Example.com"])
def test_guesses_at_a_login_and_at_its_e_mail_address_are_guesses_at_one_account(client: Client, last: str) -> None:
    created(client, email="ada@example.com")
    for number in range(MOST_FAILURES):
        assert log_in(client, "Wr0ng-horse", login=("ada", "ada@example.com")[number % 2]).status == 401
    assert log_in(client, login=last).status == 401
    client.ports.clock.advance(ms=LOCKED)
    assert log_in(client, login="ada@example.com").status == 200


def test_a_locked_account_is_in_the_audit_log(client: Client) -> None:
    created(client)
    for _ in range(MOST_FAILURES + 3):
        log_in(client, "Wr0ng-horse")
    (entry,) = client.ports.audit.page(client.tenant.id, start=0, end=START + 1, descending=True)
    assert entry.reason == "user ada is locked for 15 minutes: 5 logins failed"


def test_a_good_login_forgives_the_failures_before_it(client: Client) -> None:
    created(client)
    for _ in range(3):
        for _ in range(MOST_FAILURES - 1):
            log_in(client, "Wr0ng-horse")
        assert log_in(client).status == 200


@pytest.mark.parametrize(
    "password", ["Sh0rt-x", "no-upper-1", "NO-LOWER-1", "No-digit-x", "N0special", "A1-" + "b" * 126]
)
def test_a_password_that_breaks_the_rule_is_refused(client: Client, password: str) -> None:
    reply = client.call("POST", USERS, body(client, password=password))
    assert (reply.status, reply.code) == (400, "GENERIC_INVALID_PARAMETER_ERROR")
    assert "password" in reply.body["message"]
    assert client.get(USERS).body["totalCount"] == 0


NO_PERSONS = [
    {"login": "device_7"},
    {"login": "Device_7"},
    {"email": "a\0@example.com"},
    {"email": "\u202ea@example.com"},
]


@pytest.mark.parametrize("name", NO_PERSONS, ids=str)
def test_a_user_is_not_called_as_devices_are_nor_by_what_cannot_be_seen(client: Client, name: dict[str, str]) -> None:
    assert client.call("POST", USERS, body(client, **name)).status == 400
    user = created(client)
    refused = client.call("POST", f"{USERS}/{user['id']}", {"state": "enabled", **name})
    assert (refused.status, refused.body["code"]) == (400, "GENERIC_INVALID_PARAMETER_ERROR")
    assert log_in(client).status == 200


@pytest.mark.parametrize(
    "taken", [{"login": "Ada", "email": "b@example.com"}, {"login": "bob", "email": "ADA@example.com"}]
)
def test_a_login_and_an_email_belong_to_one_user_of_the_installation(client: Client, taken: dict[str, str]) -> None:
    created(client)
    other = Client(client.ports, "other")
    reply = other.call("POST", USERS, body(other, **taken))
    assert (reply.status, reply.code) == (409, "USER_DUPLICATE")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("login", "a b"),
        ("login", "ab"),
        ("email", "nobody"),
        ("roles", ["KING"]),
        ("language", "french"),
        ("tenantId", 1),
    ],
)
def test_a_field_out_of_its_bounds_is_named(client: Client, field: str, value: Any) -> None:
    reply = client.call("POST", USERS, body(client, **{field: value}))
    assert (reply.status, reply.code) == (400, "GENERIC_INVALID_PARAMETER_ERROR")
    assert field in reply.body["message"]


def test_a_user_of_another_tenant_is_not_made(client: Client) -> None:
    assert client.call("POST", USERS, body(client, tenantId="other1")).status == 403


def test_there_are_only_so_many_users(client: Client) -> None:
    for number in range(MOST):
        created(client, login=f"user{number}", email=f"user{number}@example.com")
    assert client.call("POST", USERS, body(client)).status == 403


def test_the_list_is_filtered(client: Client) -> None:
    ada = created(client)
    created(client, login="bob", email="bob@example.com", roles=["DATA_R"])
    for query in ({"login": "ada"}, {"email": "ada@example.com"}, {"roles": "DEVICE_R"}):
        assert [u["id"] for u in client.get(USERS, **query).body["data"]] == [ada["id"]]
    assert client.get(USERS, userState="disabled").body["totalCount"] == 0
    assert client.get(USERS, userState="gone").status == 400


def test_a_new_name_takes_the_place_of_the_old(client: Client) -> None:
    user = created(client)
    client.call("POST", f"{USERS}/{user['id']}", {"state": "enabled", "login": "lovelace"})
    assert log_in(client).status == 401
    assert log_in(client, login="lovelace").status == 200
    assert created(client, login="ada", email="ada2@example.com")


@pytest.mark.parametrize("change", [{"state": "disabled"}, {"state": "enabled", "roles": ["DATA_R"]}], ids=str)
def test_taking_rights_away_ends_the_sessions(client: Client, change: dict[str, Any]) -> None:
    user = created(client)
    secret = session(client)
    client.call("POST", f"{USERS}/{user['id']}", change)
    assert client.call("GET", DEVICES, key=secret).status == 403


def test_a_deleted_user_is_gone_with_the_sessions(client: Client) -> None:
    user = created(client)
    secret = session(client)
    assert client.call("DELETE", f"{USERS}/{user['id']}").status == 200
    assert client.get(f"{USERS}/{user['id']}").code == "USER_NOT_FOUND"
    assert client.call("GET", DEVICES, key=secret).status == 403
    assert created(client)


def test_users_change_their_password_by_giving_the_old_one(client: Client) -> None:
    user = created(client)
    secret, other = session(client), session(client)
    path = f"{USERS}/{user['id']}/password"
    wrong = client.call("POST", path, {"newPassword": "N3w-horse", "oldPassword": "Wr0ng-horse"}, key=secret)
    assert wrong.status == 401
    new = {"newPassword": "N3w-horse", "oldPassword": PASSWORD, "captcha": "x", "captchaToken": "y", "tokenId": "z"}
    assert client.call("POST", path, new, key=secret).status == 200
    assert (log_in(client).status, log_in(client, "N3w-horse").status) == (401, 200)
    assert [client.call("GET", DEVICES, key=key).status for key in (secret, other)] == [200, 403]


def test_guessing_the_old_password_locks_the_account_too(client: Client) -> None:
    user = created(client)
    secret = session(client)
    path = f"{USERS}/{user['id']}/password"
    for _ in range(MOST_FAILURES):
        client.call("POST", path, {"newPassword": "N3w-horse", "oldPassword": "Wr0ng-horse"}, key=secret)
    right = {"newPassword": "N3w-horse", "oldPassword": PASSWORD}
    assert client.call("POST", path, right, key=secret).status == 401


def test_whoever_writes_users_sets_a_first_password(client: Client) -> None:
    user = created(client, password=None)
    path = f"{USERS}/{user['id']}/password"
    assert client.call("POST", path, {"newPassword": PASSWORD}, key=client.key(Role.DEVICE_R)).status == 403
    assert client.call("POST", path, {"newPassword": PASSWORD}).status == 200
    assert log_in(client).status == 200


@pytest.mark.parametrize(
    "limits", [{"roles": ["USER_W"]}, {"scope": {"fifos": ["a"]}}, {"to": START + 3_600_000}], ids=str
)
def test_a_limited_key_makes_and_takes_over_no_user_who_may_do_more(client: Client, limits: Any) -> None:
    user = created(client)
    fields = {"parentId": client.master.id, "roles": [role.value for role in Role], **limits}
    key = client.call("POST", KEYS, fields).body["value"]
    for method, path, sent in (
        ("POST", USERS, body(client, login="bob", email="bob@example.com")),
        ("POST", f"{USERS}/{user['id']}", {"state": "disabled"}),
        ("POST", f"{USERS}/{user['id']}/password", {"newPassword": PASSWORD}),
        ("DELETE", f"{USERS}/{user['id']}", None),
    ):
        assert client.call(method, path, sent, key=key).status == 403


def test_users_give_no_roles_to_themselves(client: Client) -> None:
    user = created(client, roles=["USER_W"])
    change = {"state": "enabled", "roles": ["USER_W", "DEVICE_W"]}
    assert client.call("POST", f"{USERS}/{user['id']}", change, key=session(client)).status == 403


def test_a_session_makes_keys_within_its_rights_below_others_only(client: Client) -> None:
    created(client)
    login = log_in(client).body["apiKey"]
    good = {"parentId": client.master.id, "roles": ["DEVICE_R"]}
    assert client.call("POST", KEYS, good, key=login["value"]).status == 200
    assert client.call("POST", KEYS, {**good, "roles": ["DEVICE_W"]}, key=login["value"]).status == 403
    assert client.call("POST", KEYS, {**good, "parentId": login["id"]}, key=login["value"]).status == 400


def test_a_session_cannot_be_made_longer_or_mightier(client: Client) -> None:
    created(client)
    login = log_in(client).body["apiKey"]
    for change in ({"to": START + 10 * SESSION}, {"roles": ["DEVICE_W"]}, {"label": "mine"}):
        assert client.call("POST", f"{KEYS}/{login['id']}", change, key=login["value"]).status == 403


def test_sessions_are_listed_when_asked_for(client: Client) -> None:
    created(client)
    session(client)
    assert client.get(KEYS).body["totalCount"] == 1
    assert client.get(KEYS, showSessionKeys="true").body["totalCount"] == 2


def test_the_key_of_a_program_is_nobody(client: Client) -> None:
    assert client.get(f"{USERS}/me").code == "USER_NOT_FOUND"


@pytest.mark.parametrize(
    "sent", [{}, {"login": "ada"}, {"password": PASSWORD}, {"login": 1, "password": PASSWORD}], ids=str
)
def test_a_login_that_lacks_something_is_refused(client: Client, sent: Any) -> None:
    reply = client.call("POST", "/api/v0/auth", sent, key=None)
    assert (reply.status, reply.code) == (400, "GENERIC_INVALID_PARAMETER_ERROR")


def test_keys_in_cookies_are_refused(client: Client) -> None:
    created(client)
    sent = {"login": "ada", "password": PASSWORD}
    assert client.call("POST", "/api/v0/auth", sent, key=None, cookie="true").status == 400


def test_the_portal_keeps_something_of_each_user(client: Client) -> None:
    created(client)
    own = session(client)
    path = "/api/v0/users/me/portaldata"
    assert client.call("GET", path, key=own).body == {}
    kept = {"theme": "dark", "columns": ["id", "name"]}
    assert client.call("PUT", path, kept, key=own).status == 204
    assert client.call("GET", path, key=own).body == kept
    assert client.call("PUT", path, ["no object"], key=own).status == 400
    assert client.call("PUT", path, {"long": "x" * 40_000}, key=own).status == 413
    for method, body in (("GET", None), ("PUT", kept)):
        assert client.call(method, path, body).code == "USER_NOT_FOUND"


def test_cookies_are_forgotten_where_none_were_set(client: Client) -> None:
    assert client.call("DELETE", "/api/v0/cookies").status == 204
