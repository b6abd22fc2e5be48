"""Tokens for users who come with a password (reference, "Obtain an access token")."""

import base64
import hashlib
import hmac
import json
from typing import Any
from urllib.parse import urlencode

import pytest

from chalicelib.dialects.cumulocity import tokens
from chalicelib.fleet.access import callers, stage_key, users
from chalicelib.fleet.access.records import User, UserRequest, UserState
from chalicelib.fleet.access.roles import Role
from tests.dialects.cumulocity.client import Client, Reply
from tests.dialects.cumulocity.furnished import OBJECTS
from tests.dialects.cumulocity.registering import registered

pytestmark = pytest.mark.row("A6", "G1")
PATH, SELF = "/tenant/oauth/token", "/user/currentUser"
PASSWORD, ANOTHER = "a Long enough 1 password!", "another Long enough 1!"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
MINUTE, HOUR = 60, 3_600


@pytest.fixture
def client() -> Client:
    client = Client()
    user = User(client.tenant.id, "u1", "ann", "ann@example.com", frozenset({Role.DEVICE_R}), client.ports.clock.now())
    users.create(client.ports, callers.of_key(client.key), user, PASSWORD)
    return client


def ask(client: Client, username: str, password: str, grant: str = "PASSWORD", **query: Any) -> Reply:
    form = urlencode({"grant_type": grant, "username": username, "password": password}).encode()
    return client.call("POST", PATH, raw=form, auth=None, headers=FORM, **query)


def token(client: Client, username: str = "ann", password: str = PASSWORD, **query: Any) -> str:
    reply = ask(client, username, password, **query)
    assert reply.status == 200, reply.raw
    return str(reply.body["access_token"])


def bear(client: Client, bearer: str, path: str = SELF, method: str = "GET", body: Any = None) -> Reply:
    return client.call(method, path, body, auth=None, headers={"Authorization": f"Bearer {bearer}"})


def said(bearer: str) -> dict[str, Any]:
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(bearer.split(".")[1] + "=="))
    return claims


def test_a_person_comes_with_a_token_for_an_hour(client: Client) -> None:
    given = token(client)
    assert "=" not in given
    claims = said(given)
    assert claims["iss"] == claims["aud"] == "acme.example.com"
    assert (claims["sub"], claims["ten"], claims["tfa"]) == ("ann", client.tenant.id, False)
    assert claims["exp"] - claims["iat"] == HOUR
    assert claims["nbf"] == claims["iat"] == client.ports.clock.now() // 1000
    assert bear(client, given).body["userName"] == "ann"
    assert bear(client, given, OBJECTS).status == 200
    assert bear(client, given, OBJECTS, "POST", {"name": "x"}).status == 403
    client.ports.clock.advance(seconds=HOUR - 10)
    assert bear(client, given).status == 200
    client.ports.clock.advance(seconds=10)
    assert bear(client, given).status == 401


def test_a_device_comes_with_a_token_and_reaches_what_is_its_own(client: Client) -> None:
    name, password = registered(client, "d1")
    given = token(client, name, password)
    assert said(given)["sub"] == "device_d1"
    made = bear(client, given, OBJECTS, "POST", {"name": "mine", "c8y_IsDevice": {}})
    assert made.status == 201, made.raw
    other = client.made(OBJECTS, {"name": "theirs"})["id"]
    assert bear(client, given, f"{OBJECTS}/{made.body['id']}").status == 200
    assert bear(client, given, f"{OBJECTS}/{other}").status == 403


@pytest.mark.parametrize("form", ["{tenant}/ann", "ann@example.com", "ann"])
def test_the_tenant_may_be_said_in_each_way(client: Client, form: str) -> None:
    assert bear(client, token(client, form.format(tenant=client.tenant.id))).status == 200
    assert bear(client, token(client, tenant_id=client.tenant.id)).status == 200


def test_another_tenant_gives_no_token(client: Client) -> None:
    other = Client(client.ports, "other")
    assert ask(client, "ann", PASSWORD, tenant_id=other.tenant.id).status == 401
    assert ask(client, f"{other.tenant.id}/ann", PASSWORD).status == 401


@pytest.mark.parametrize(
    ("username", "password", "grant"),
    [
        ("ann", ANOTHER, "PASSWORD"),
        ("ann", PASSWORD, "CLIENT_CREDENTIALS"),
        ("ann", PASSWORD, ""),
        ("ann", "", "PASSWORD"),
        ("", PASSWORD, "PASSWORD"),
        ("device_nobody", "0" * 48, "PASSWORD"),
    ],
)
def test_nothing_else_is_given_a_token(client: Client, username: str, password: str, grant: str) -> None:
    reply = ask(client, username, password, grant)
    assert (reply.status, reply.error) == (401, "security/Unauthorized")


def test_a_key_needs_no_token(client: Client) -> None:
    assert ask(client, *client.credentials).status == 401


@pytest.mark.parametrize(
    "raw", [b"", b"\xff=\xfe", b"a=1&" * 40, b"{}", b"grant_type=PASSWORD&username=%00&password=x"]
)
def test_an_odd_form_is_refused(client: Client, raw: bytes) -> None:
    assert client.call("POST", PATH, raw=raw, auth=None, headers=FORM).status in (401, 422)


def _disabled(client: Client) -> None:
    users.update(client.ports, callers.of_key(client.key), "u1", UserRequest(state=UserState.DISABLED))


def _deleted(client: Client) -> None:
    users.delete(client.ports, callers.of_key(client.key), "u1")


def _given_another_password(client: Client) -> None:
    users.set_password(client.ports, callers.of_key(client.key), "u1", ANOTHER, PASSWORD)


@pytest.mark.parametrize("change", [_disabled, _deleted, _given_another_password])
@pytest.mark.parametrize("used", [False, True])
def test_whoever_has_lost_their_access_is_out_within_a_minute(client: Client, change: Any, *, used: bool) -> None:
    given = token(client)
    assert not used or bear(client, given).status == 200
    change(client)
    client.ports.clock.advance(seconds=MINUTE)
    assert bear(client, given).status == 401


def test_a_password_that_was_proven_a_while_ago_gives_no_token_of_the_new_one(client: Client) -> None:
    token(client)
    _given_another_password(client)
    # This process still believes the old one for less than a minute.
    assert client.call("GET", SELF, auth=("ann", PASSWORD)).status == 200
    assert ask(client, "ann", PASSWORD).status == 401


def test_whoever_is_deleted_and_made_again_has_a_token_of_their_own(client: Client) -> None:
    token(client)
    _deleted(client)
    user = User(client.tenant.id, "u2", "ann", "ann@example.com", frozenset({Role.DEVICE_R}), client.ports.clock.now())
    users.create(client.ports, callers.of_key(client.key), user, PASSWORD)
    assert ask(client, "ann", PASSWORD).status == 401
    client.ports.clock.advance(seconds=MINUTE)
    assert bear(client, token(client)).body["id"] == "u2"


def test_other_roles_count_within_a_minute(client: Client) -> None:
    given = token(client)
    assert bear(client, given, OBJECTS).status == 200
    users.update(client.ports, callers.of_key(client.key), "u1", UserRequest(roles=frozenset({Role.DATA_R})))
    client.ports.clock.advance(seconds=MINUTE)
    assert bear(client, given, OBJECTS).status == 403


def test_a_device_that_is_disabled_or_registered_again_is_out(client: Client) -> None:
    name, password = registered(client, "d1")
    given = token(client, name, password)
    assert bear(client, given).status == 200
    number = bear(client, given, OBJECTS, "POST", {"name": "mine", "c8y_IsDevice": {}}).body["id"]
    assert client.call("PUT", f"{OBJECTS}/{number}/user", {"enabled": False}).status == 200
    client.ports.clock.advance(seconds=MINUTE)
    assert bear(client, given).status == 401
    assert ask(client, name, password).status == 401


def test_a_token_begins_no_session_and_changes_with_the_stage_key(client: Client) -> None:
    given = token(client)
    assert callers.of_user(client.tenant.id, "u1", frozenset()).proven is None
    assert tokens.authenticate(client.ports, given).proven is None
    ports = client.ports
    for _ in range(2):
        ports.stage_key.key = stage_key.rotated(ports.stage_key.current(), ports.clock.now(), ports.chance(32))
        ports.clock.advance(ms=stage_key.SETTLED)
    assert bear(client, given).status == 401
    assert bear(client, token(client)).status == 200


def _signed(key: bytes, head: Any, claims: Any) -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(one).encode()).decode().rstrip("=") for one in (head, claims)]
    text = ".".join(parts)
    return text + "." + base64.urlsafe_b64encode(hmac.digest(key, text.encode(), hashlib.sha256)).decode().rstrip("=")


def test_what_we_have_not_signed_is_none_of_ours(client: Client) -> None:
    given = token(client)
    head, claims, signature = given.split(".")
    longer = said(given) | {"exp": said(given)["exp"] + HOUR}
    forged = [
        _signed(b"", {"alg": "HS256", "kid": "1"}, longer),
        _signed(b"", {"alg": "none", "kid": "1"}, longer),
        _signed(b"", {"alg": "HS256", "kid": ["1"]}, longer),
        _signed(b"", {"alg": "HS256"}, longer),
        _signed(b"", [], []),
        f"{head}.{claims}.",
        f"{head}.{claims}",
        f"{head}..{signature}",
        f".{claims}.{signature}",
        f"{given}A",
        given[:-2],
        f"{given}.{signature}",
        "",
        ".",
        "..",
        "é.é.é",
        "A" * 20_000,
        f"{base64.urlsafe_b64encode(b'[' * 2_000).decode()}.{claims}.{signature}",
    ]
    for one in forged:
        with pytest.raises(Exception, match="token"):
            tokens.authenticate(client.ports, one)
    assert [bear(client, one).status for one in forged if one.isascii()] == [401] * (len(forged) - 1)


def test_a_token_of_one_tenant_opens_no_other(client: Client) -> None:
    other = Client(client.ports, "other")
    theirs = other.made(OBJECTS, {"name": "theirs"})["id"]
    assert bear(client, token(client), f"{OBJECTS}/{theirs}").status == 404


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("600", 600),
        (" 86400 ", 86_400),
        ("1", 300),
        ("0", 300),
        ("9" * 5_000, 366 * 24 * 3_600),
        ("-5", HOUR),
        ("1e3", HOUR),
        ("\u0661\u0662\u0663\u0664", HOUR),
        ("", HOUR),
        ("an hour", HOUR),
    ],
    ids=lambda value: str(value)[:8],
)
def test_a_tenant_says_how_long_tokens_of_devices_last(client: Client, value: str, seconds: int) -> None:
    option = {"category": "oauth.internal", "key": "device-token.lifespan.seconds", "value": value}
    assert client.call("POST", "/tenant/options", option).status == 200
    for (name, password), lasts in ((registered(client, "pi"), seconds), (("ann", PASSWORD), HOUR)):
        claims = said(token(client, name, password))
        assert claims["exp"] - claims["iat"] == lasts


def test_a_token_counts_for_as_long_as_the_tenant_said_then(client: Client) -> None:
    option = {"category": "oauth.internal", "key": "device-token.lifespan.seconds", "value": "7200"}
    assert client.call("POST", "/tenant/options", option).status == 200
    given = token(client, *registered(client, "pi"))
    assert client.call("DELETE", "/tenant/options/oauth.internal/device-token.lifespan.seconds").status == 204
    client.ports.clock.advance(seconds=7_199)
    assert bear(client, given).status == 200
    client.ports.clock.advance(seconds=1)
    assert bear(client, given).status == 401
