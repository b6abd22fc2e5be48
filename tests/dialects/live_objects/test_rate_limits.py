"""What a client sees of the limits of its key and of its tenant; OpenAPI, `RateLimit`."""

import pytest

from chalicelib.fleet.access import limiting
from chalicelib.fleet.tenancy import settings
from chalicelib.fleet.tenancy.records import Cause, Use
from tests.dialects.live_objects.client import DEVICES, Client
from tests.fakes import START

pytestmark = pytest.mark.row("A8")
KEYS = "/api/v0/apiKeys"


def test_too_many_requests_are_answered_with_429_until_the_window_ends(client: Client) -> None:
    limiting.limit(client.ports, client.tenant.id, client.master.id, Use.REQUESTS, (2, 60))
    assert [client.get(DEVICES).status for _ in range(3)] == [200, 200, 429]
    reply = client.get(DEVICES)
    assert reply.code == "GENERIC_RATE_LIMIT_ERROR"
    assert int(reply.headers["Retry-After"]) == 60 - START // 1000 % 60
    client.ports.clock.advance(seconds=60)
    assert client.get(DEVICES).status == 200


def test_a_refused_request_is_in_the_audit_log_and_a_flood_of_them_does_not_fill_it(client: Client) -> None:
    limiting.limit(client.ports, client.tenant.id, client.master.id, Use.REQUESTS, (1, 60))
    for _ in range(100):
        client.get(DEVICES)
    entries = list(client.ports.audit.page(client.tenant.id, start=0, end=START + 60_000, descending=True))
    assert 1 <= len(entries) <= 10
    assert {entry.cause for entry in entries} == {Cause.RATE}


def test_a_key_shows_its_limits(client: Client) -> None:
    secret = client.key()
    limiting.limit(client.ports, client.tenant.id, client.master.id, Use.REQUESTS, (100, 60))
    limiting.limit(client.ports, client.tenant.id, client.master.id, Use.MESSAGES, (10, 1))
    shown = client.call("GET", f"{KEYS}/current_key", key=secret).body["rateLimit"]
    assert shown == {
        "httpWindowSize": 60,
        "httpMaxCalls": 100,
        "mqttDeviceWindowSize": 1,
        "mqttDeviceMaxMessages": 10,
    }


def test_the_limit_of_a_tenant_holds_for_keys_and_sessions_together(client: Client) -> None:
    user = {"login": "ada", "email": "ada@example.com", "roles": ["DEVICE_R"], "tenantId": client.tenant.id}
    client.call("POST", "/api/v0/users", {**user, "password": "Secret-1234"})
    session = client.call("POST", "/api/v0/auth", {"login": "ada", "password": "Secret-1234"}, key=None).body
    settings.set_limits(client.ports, client.tenant.id, {Use.REQUESTS: (3, 60)})
    keys = [client.secret, session["apiKey"]["value"]] * 2
    assert [client.call("GET", DEVICES, key=key).status for key in keys] == [200, 200, 200, 429]
    (entry,) = client.ports.audit.page(client.tenant.id, start=0, end=START + 60_000, descending=True)
    assert (entry.cause, entry.content["key"]) == (Cause.RATE, session["apiKey"]["id"])


def test_a_session_may_have_a_limit_of_its_own(client: Client) -> None:
    user = {"login": "ada", "email": "ada@example.com", "roles": ["DEVICE_R"], "tenantId": client.tenant.id}
    client.call("POST", "/api/v0/users", {**user, "password": "Secret-1234"})
    session = client.call("POST", "/api/v0/auth", {"login": "ada", "password": "Secret-1234"}, key=None).body["apiKey"]
    limiting.limit(client.ports, client.tenant.id, session["id"], Use.REQUESTS, (1, 60))
    assert [client.call("GET", DEVICES, key=session["value"]).status for _ in range(2)] == [200, 429]
    assert client.get(DEVICES).status == 200


def test_the_limit_of_one_tenant_is_not_that_of_another(client: Client) -> None:
    other = Client(client.ports, "other")
    settings.set_limits(client.ports, client.tenant.id, {Use.REQUESTS: (1, 60)})
    assert [client.get(DEVICES).status for _ in range(2)] == [200, 429]
    assert [other.get(DEVICES).status for _ in range(2)] == [200, 200]
