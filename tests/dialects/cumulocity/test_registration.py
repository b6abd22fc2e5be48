"""Devices that register, and their credentials (reference, "New device requests" and "Device credentials")."""

import re
from collections.abc import Callable

import pytest

from chalicelib.dialects.cumulocity import bootstrap, device_users, registration
from chalicelib.dialects.cumulocity.errors import RequestNotFound
from chalicelib.dialects.cumulocity.registration import Status
from tests.dialects.cumulocity.client import Client
from tests.dialects.cumulocity.registering import (
    BOOTSTRAP,
    CREDENTIALS,
    REQUESTS,
    accept,
    open_door,
    poll,
    registered,
)

pytestmark = pytest.mark.row("A6", "G1")
DEVICE = "0000000017b769d5"
ONE = f"{REQUESTS}/{DEVICE}"
CURRENT = "/user/currentUser"


@pytest.fixture
def client() -> Client:
    client = Client()
    open_door(client)
    return client


def status(client: Client) -> str:
    reply = client.get(ONE)
    return str(reply.body["status"]) if reply.status == 200 else "none"


def logged_in(client: Client, given: dict[str, str]) -> int:
    auth = (f"{given['tenantId']}/{given['username']}", given["password"])
    return client.call("GET", CURRENT, auth=auth).status


def test_a_device_comes_by_its_credentials_step_by_step(client: Client) -> None:
    made = client.made(REQUESTS, {"id": DEVICE, "type": "pump"})
    assert (made["status"], made["type"], made["tenantId"]) == ("WAITING_FOR_CONNECTION", "pump", client.tenant.id)
    assert made["self"].endswith(ONE)
    asked = poll(client, DEVICE)
    assert (asked.status, asked.error) == (404, "devicecontrol/Not Found")
    assert asked.message == f"There is no newDeviceRequest for device id {DEVICE}."
    assert status(client) == "PENDING_ACCEPTANCE"
    assert accept(client, DEVICE).body["status"] == "ACCEPTED"
    given = poll(client, DEVICE)
    assert given.status == 201
    assert (given.body["tenantId"], given.body["username"]) == (client.tenant.id, f"device_{DEVICE}")
    assert re.fullmatch("[0-9a-f]{48}", given.body["password"])
    assert logged_in(client, given.body) == 200
    assert status(client) == "none"
    assert poll(client, DEVICE).status == 404
    assert client.get(REQUESTS).body["newDeviceRequests"] == []


Step = Callable[[Client], object]
WAYS: dict[str, Step] = {
    "asks": lambda client: poll(client, DEVICE),
    "is accepted": lambda client: accept(client, DEVICE),
    "is deleted": lambda client: client.call("DELETE", ONE),
    "is registered": lambda client: client.call("POST", REQUESTS, {"id": DEVICE}),
    "waits ten minutes": lambda client: client.ports.clock.advance(seconds=600),
    "waits a month": lambda client: client.ports.clock.advance(seconds=31 * 86_400),
}
ROADS = {
    "none": (),
    "WAITING_FOR_CONNECTION": ("is registered",),
    "PENDING_ACCEPTANCE": ("is registered", "asks"),
    "ACCEPTED": ("is registered", "asks", "is accepted"),
    "DELIVERED": ("is registered", "asks", "is accepted", "asks"),
}
TABLE = {
    ("none", "asks"): "none",
    ("none", "is accepted"): "none",
    ("none", "is deleted"): "none",
    ("none", "is registered"): "WAITING_FOR_CONNECTION",
    ("none", "waits ten minutes"): "none",
    ("none", "waits a month"): "none",
    ("WAITING_FOR_CONNECTION", "asks"): "PENDING_ACCEPTANCE",
    ("WAITING_FOR_CONNECTION", "is accepted"): "ACCEPTED",
    ("WAITING_FOR_CONNECTION", "is deleted"): "none",
    ("WAITING_FOR_CONNECTION", "is registered"): "WAITING_FOR_CONNECTION",
    ("WAITING_FOR_CONNECTION", "waits ten minutes"): "WAITING_FOR_CONNECTION",
    ("WAITING_FOR_CONNECTION", "waits a month"): "none",
    ("PENDING_ACCEPTANCE", "asks"): "PENDING_ACCEPTANCE",
    ("PENDING_ACCEPTANCE", "is accepted"): "ACCEPTED",
    ("PENDING_ACCEPTANCE", "is deleted"): "none",
    ("PENDING_ACCEPTANCE", "is registered"): "PENDING_ACCEPTANCE",
    ("PENDING_ACCEPTANCE", "waits ten minutes"): "PENDING_ACCEPTANCE",
    ("PENDING_ACCEPTANCE", "waits a month"): "none",
    ("ACCEPTED", "asks"): "DELIVERED",
    ("ACCEPTED", "is accepted"): "ACCEPTED",
    ("ACCEPTED", "is deleted"): "none",
    ("ACCEPTED", "is registered"): "ACCEPTED",
    ("ACCEPTED", "waits ten minutes"): "ACCEPTED",
    ("ACCEPTED", "waits a month"): "none",
    ("DELIVERED", "asks"): "DELIVERED",
    ("DELIVERED", "is accepted"): "DELIVERED",
    ("DELIVERED", "is deleted"): "none",
    ("DELIVERED", "is registered"): "WAITING_FOR_CONNECTION",
    ("DELIVERED", "waits ten minutes"): "none",
    ("DELIVERED", "waits a month"): "none",
}


def kept(client: Client) -> str:
    try:
        return registration.find(client.ports, client.tenant.id, DEVICE).status.value
    except RequestNotFound:
        return "none"


@pytest.mark.parametrize(("before", "event"), TABLE, ids=lambda v: v)
def test_every_event_in_every_state(client: Client, before: str, event: str) -> None:
    for step in ROADS[before]:
        WAYS[step](client)
    assert kept(client) == before
    WAYS[event](client)
    assert kept(client) == TABLE[before, event]
    # Nothing but an acceptance ever made a user.
    made = device_users.find(client.ports, client.tenant.id, f"device_{DEVICE}") is not None
    assert made is (before == "DELIVERED" or kept(client) == "DELIVERED")


def test_the_table_has_every_pair() -> None:
    assert set(TABLE) == {(before, event) for before in ROADS for event in WAYS}
    assert {*ROADS} - {"none"} == {one.value for one in Status} - {Status.ENDED.value}


def test_an_answer_that_was_lost_is_given_again_until_the_device_has_come_in(client: Client) -> None:
    client.made(REQUESTS, {"id": DEVICE})
    accept(client, DEVICE)
    first = poll(client, DEVICE).body
    assert status(client) == "ACCEPTED"
    assert poll(client, DEVICE).body == first
    client.ports.clock.advance(seconds=500)
    assert poll(client, DEVICE).body == first
    assert logged_in(client, first) == 200
    assert poll(client, DEVICE).status == 404
    client.ports.clock.advance(seconds=3_600)
    assert logged_in(client, first) == 200


def test_what_was_not_fetched_again_within_ten_minutes_is_not_told_any_more(client: Client) -> None:
    client.made(REQUESTS, {"id": DEVICE})
    accept(client, DEVICE)
    given = poll(client, DEVICE).body
    client.ports.clock.advance(seconds=601)
    assert poll(client, DEVICE).status == 404
    assert logged_in(client, given) == 200


def test_a_device_that_is_registered_again_gets_another_password_and_keeps_its_object(client: Client) -> None:
    before = registered(client, DEVICE)
    number = client.call("POST", "/inventory/managedObjects", {"c8y_IsDevice": {}}, auth=before).body["id"]
    after = registered(client, DEVICE)
    assert after[0] == before[0]
    assert after[1] != before[1]
    client.ports.clock.advance(seconds=61)
    assert client.call("GET", CURRENT, auth=before).status == 401
    found = client.call("GET", f"/inventory/managedObjects/{number}", auth=after)
    assert (found.status, found.body["owner"]) == (200, f"device_{DEVICE}")


def test_no_password_is_kept_in_the_clear(client: Client) -> None:
    client.made(REQUESTS, {"id": DEVICE})
    accept(client, DEVICE)
    password = poll(client, DEVICE).body["password"]
    assert password not in repr(client.ports.records.rows)


@pytest.mark.parametrize("auth", [("management/devicebootstrap", "wrong"), ("management/other", BOOTSTRAP[1])])
def test_only_the_bootstrap_user_asks(client: Client, auth: tuple[str, str]) -> None:
    client.made(REQUESTS, {"id": DEVICE})
    assert poll(client, DEVICE, auth=auth).status == 401
    assert status(client) == "WAITING_FOR_CONNECTION"


def test_a_tenants_own_credentials_are_no_bootstrap_user(client: Client) -> None:
    assert poll(client, DEVICE, auth=client.credentials).status == 401


def test_the_bootstrap_user_opens_nothing_else(client: Client) -> None:
    for path in ("/inventory/managedObjects", CURRENT, "/platform", REQUESTS):
        assert client.call("GET", path, auth=BOOTSTRAP).status == 401


def test_without_a_bootstrap_user_nobody_asks() -> None:
    client = Client()
    assert poll(client, DEVICE, auth=("management/devicebootstrap", bootstrap.PASSWORD)).status == 401


def test_a_bootstrap_user_that_was_taken_away_is_refused_within_a_minute(client: Client) -> None:
    assert poll(client, DEVICE).status == 404
    bootstrap.remove(client.ports)
    client.ports.clock.advance(seconds=61)
    assert poll(client, DEVICE).status == 401


def test_who_asks_without_a_pause_is_kept_waiting_and_costs_no_read(client: Client) -> None:
    client.made(REQUESTS, {"id": DEVICE})
    accept(client, DEVICE)
    client.ports.clock.advance(seconds=1)
    # The whole second begins here.
    client.ports.clock.advance(ms=1_000 - client.ports.clock.now() % 1_000)
    assert client.call("POST", CREDENTIALS, {"id": "another"}, auth=BOOTSTRAP).status == 404
    assert client.ports.pauses == []
    again = client.call("POST", CREDENTIALS, {"id": "another"}, auth=BOOTSTRAP)
    assert (again.status, again.error) == (404, "devicecontrol/Not Found")
    assert client.ports.pauses == [1_000]
    assert client.call("POST", CREDENTIALS, {"id": DEVICE}, auth=BOOTSTRAP).status == 201


def test_one_address_looks_for_so_many_ids_a_second(client: Client) -> None:
    client.ports.clock.advance(ms=1_000 - client.ports.clock.now() % 1_000)
    for n in range(20):
        client.call("POST", CREDENTIALS, {"id": f"d{n}"}, auth=BOOTSTRAP)
    assert client.ports.pauses == []
    assert client.call("POST", CREDENTIALS, {"id": "one more"}, auth=BOOTSTRAP).status == 404
    assert client.ports.pauses == [1_000]


@pytest.mark.parametrize(
    "body", [{}, {"id": ""}, {"id": 7}, {"id": "x" * 1_001}, {"id": "a", "type": {}}, {"id": "a", "groupId": 5}, []]
)
def test_what_is_no_registration_is_refused(client: Client, body: object) -> None:
    assert client.call("POST", REQUESTS, body).status == 422


@pytest.mark.parametrize("device", [".", "..", "acceptAll", "limit", "a\0", "\x7f", "a\u202eb", "a\u2028"])
def test_an_id_that_has_no_address_is_refused_and_waits_nowhere(client: Client, device: str) -> None:
    assert client.call("POST", REQUESTS, {"id": device}).status == 422
    assert client.get(f"{REQUESTS}/limit").body["waiting"] == 0
    # Whoever asks goes on asking, as of any id that nobody knows.
    assert poll(client, device).status == 404


@pytest.mark.parametrize("device", ["a/b", "a b", "ü", "...", "acceptall", "limits", "%2e", "a?b#c"])
def test_any_other_text_is_one(client: Client, device: str) -> None:
    address = client.made(REQUESTS, {"id": device})["self"].removeprefix("http://acme.example.com")
    assert client.get(address).body["id"] == device
    assert poll(client, device).status == 404
    assert client.call("PUT", address, {"status": "ACCEPTED"}).status == 200
    assert client.call("DELETE", address).status == 204


@pytest.mark.parametrize("body", [{}, {"id": ""}, {"id": 7}, {"id": "x" * 1_001}, {"id": "a", "securityToken": 1}, []])
def test_what_asks_for_nothing_is_refused(client: Client, body: object) -> None:
    client.ports.clock.advance(seconds=1)
    assert client.call("POST", CREDENTIALS, body, auth=BOOTSTRAP).status == 422


@pytest.mark.parametrize("body", [{}, {"status": "PENDING_ACCEPTANCE"}, {"status": None}, {"status": "accepted"}])
def test_nothing_can_be_said_of_one_but_that_it_is_accepted(client: Client, body: dict[str, str]) -> None:
    client.made(REQUESTS, {"id": DEVICE})
    assert client.call("PUT", ONE, body).status == 422


@pytest.mark.parametrize("device", ["a/b", "c:d:e", "with blanks", "ä%2F", "device_x", "x" * 1_000, "管理"])
def test_any_id_comes_in(client: Client, device: str) -> None:
    from urllib.parse import quote

    client.made(REQUESTS, {"id": device})
    poll(client, device)
    one = f"{REQUESTS}/{quote(device, safe='')}"
    assert client.get(one).body["id"] == device
    assert client.call("PUT", one, {"status": "ACCEPTED"}).status == 200
    assert logged_in(client, poll(client, device).body) == 200


def test_all_that_have_asked_are_accepted_at_once(client: Client) -> None:
    for device in ("a", "b", "c", "d"):
        client.made(REQUESTS, {"id": device})
    for device in ("a", "b"):
        poll(client, device)
    poll(client, "c", securityToken="x")
    reply = client.call("POST", f"{REQUESTS}/acceptAll", accept=None)
    assert [one["id"] for one in reply.body["newDeviceRequests"]] == ["a", "b"]
    listed = {one["id"]: one["status"] for one in client.get(REQUESTS).body["newDeviceRequests"]}
    assert listed == {
        "a": "ACCEPTED",
        "b": "ACCEPTED",
        "c": "PENDING_ACCEPTANCE",
        "d": "WAITING_FOR_CONNECTION",
    }


def test_so_many_wait_at_once(client: Client) -> None:
    for n in range(registration.MOST):
        registration.create(client.ports, client.tenant.id, f"d{n}", "x", {})
    assert client.get(f"{REQUESTS}/limit").body["waiting"] == registration.MOST
    assert client.call("POST", REQUESTS, {"id": DEVICE}).status == 422
    client.call("DELETE", f"{REQUESTS}/d7")
    client.made(REQUESTS, {"id": DEVICE})


def test_who_may_read_may_not_register(client: Client) -> None:
    from chalicelib.fleet.access.roles import Role

    reader = client.credentials_with(Role.DEVICE_R)
    assert client.call("POST", REQUESTS, {"id": DEVICE}, auth=reader).status == 403
    assert client.call("GET", REQUESTS, auth=reader).status == 200
