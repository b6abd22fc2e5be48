"""Manual 8.3."""

from typing import Any

import pytest

from chalicelib.fleet.commands import finishing
from chalicelib.fleet.commands.records import Status
from tests.dialects.live_objects.client import DEVICES, Client
from tests.dialects.live_objects.conftest import URN
from tests.fakes import START

pytestmark = pytest.mark.row("D2")
COMMANDS = "/api/v1/deviceMgt/commands"
REQUEST = {"connector": "mqtt", "value": {"req": "reboot", "arg": {"delay": 1000}}}


def ordered(client: Client, **policy: Any) -> Any:
    reply = client.call("POST", f"{DEVICES}/{URN}/commands", {"request": REQUEST, "policy": policy})
    assert reply.status == 201, reply.raw
    return reply.body


def test_a_new_command_is_pending_with_the_defaults_of_mqtt(client: Client, device: str) -> None:
    reply = client.call("POST", f"{device}/commands", {"request": REQUEST, "notifyTo": "fifo/commandNotif"})
    assert reply.status == 201
    body = reply.body
    assert body == {
        "id": body["id"],
        "targetDeviceId": URN,
        "request": REQUEST,
        "status": "PENDING",
        "policy": {
            "expirationInSeconds": 7 * 86_400,
            "ackMode": "APPLICATIVE",
            "ackTimeoutInSeconds": 120,
            "attempts": 1,
        },
        "history": [{"timestamp": "2027-01-15T08:00:00.000Z", "status": "PENDING"}],
        "notifyTo": "fifo/commandNotif",
        "created": "2027-01-15T08:00:00.000Z",
        "updated": "2027-01-15T08:00:00.000Z",
    }
    assert len(body["id"]) == 24
    assert client.get(f"{COMMANDS}/{body['id']}").body == body


@pytest.mark.parametrize(
    ("asked", "mode", "timeout"),
    [
        ({"ackMode": "AUTO"}, "NONE", None),
        ({"ackMode": "NONE"}, "NONE", None),
        ({"ackMode": "DEVICE"}, "APPLICATIVE", 120),
        ({"ackMode": "NETWORK"}, "NETWORK", 120),
        ({"ackMode": "NETWORK", "ackTimeoutInSeconds": 10}, "NETWORK", 10),
        ({"ackMode": None, "attempts": None}, "APPLICATIVE", 120),
    ],
)
def test_a_policy_has_aliases_and_defaults(client: Client, device: str, asked: Any, mode: str, timeout: Any) -> None:
    policy = ordered(client, **asked)["policy"]
    assert (policy["ackMode"], policy.get("ackTimeoutInSeconds")) == (mode, timeout)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("expirationInSeconds", 4),
        ("expirationInSeconds", 30 * 86_400 + 1),
        ("expirationInSeconds", "120"),
        ("expirationInSeconds", True),
        ("expirationInSeconds", 5.5),
        ("ackTimeoutInSeconds", 9),
        ("ackMode", "SOMETIMES"),
        ("attempts", 0),
        ("attempts", 6),
    ],
)
def test_a_policy_out_of_bounds_is_refused_by_name(client: Client, device: str, field: str, value: Any) -> None:
    reply = client.call("POST", f"{device}/commands", {"request": REQUEST, "policy": {field: value}})
    assert (reply.status, reply.code) == (400, "GENERIC_INVALID_PARAMETER_ERROR")
    assert field in reply.body["message"] or field[:4] in reply.body["message"].replace("acknowledgement", "ackT")


def test_a_command_without_acknowledgement_has_no_time_out_for_one(client: Client, device: str) -> None:
    policy = {"ackMode": "NONE", "ackTimeoutInSeconds": 60}
    assert client.call("POST", f"{device}/commands", {"request": REQUEST, "policy": policy}).status == 400


@pytest.mark.parametrize("connector", ["lora", "sms"])
def test_a_connector_that_is_not_served_is_unavailable(client: Client, device: str, connector: str) -> None:
    reply = client.call("POST", f"{device}/commands", {"request": {"connector": connector, "value": {}}})
    assert (reply.status, reply.code) == (404, "DM_CONNECTOR_UNAVAILABLE")


@pytest.mark.parametrize(
    "value", [{}, {"req": 7}, {"req": ""}, {"req": "x", "arg": [1]}, {"req": "x", "args": {}}, "reboot", None]
)
def test_the_connector_looks_at_the_value(client: Client, device: str, value: Any) -> None:
    reply = client.call("POST", f"{device}/commands", {"request": {"connector": "mqtt", "value": value}})
    assert (reply.status, reply.code) == (400, "GENERIC_INVALID_PARAMETER_ERROR")


def test_a_client_can_ask_the_connector_not_to_look(client: Client, device: str) -> None:
    body = {"request": {"connector": "mqtt", "value": {"anything": 1}}}
    assert client.call("POST", f"{device}/commands", body, validate="false").status == 201


@pytest.mark.parametrize("notify_to", ["commandNotif", "fifo/", "mailto/x", 7, "fifo/" + "x" * 251])
def test_notifications_go_to_known_kinds_of_places(client: Client, device: str, notify_to: Any) -> None:
    reply = client.call("POST", f"{device}/commands", {"request": REQUEST, "notifyTo": notify_to})
    assert (reply.status, reply.code) == (400, "GENERIC_INVALID_PARAMETER_ERROR")
    assert "notifyTo" in reply.body["message"]


def test_a_value_too_big_for_a_message_is_refused(client: Client, device: str) -> None:
    value = {"req": "x", "arg": {"blob": "x" * 101_000}}
    assert client.call("POST", f"{device}/commands", {"request": {"connector": "mqtt", "value": value}}).status == 400


def test_the_eleventh_command_that_is_not_final_is_refused(client: Client, device: str) -> None:
    for _ in range(10):
        ordered(client)
    reply = client.call("POST", f"{device}/commands", {"request": REQUEST})
    assert (reply.status, reply.code) == (403, "DM_COMMAND_LIMIT_REACHED")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_commands_are_for_registered_devices(client: Client, method: str) -> None:
    reply = client.call(method, f"{DEVICES}/{URN}/commands", {"request": REQUEST} if method == "POST" else None)
    assert (reply.status, reply.code) == (404, "DM_DEVICE_NOT_FOUND")


def test_the_list_is_newest_first_and_counted_when_asked(client: Client, device: str) -> None:
    made = []
    for _ in range(5):
        made.append(ordered(client)["id"])
        client.ports.clock.advance(seconds=1)
    reply = client.call("GET", f"{device}/commands", headers={"X-Total-Count": "true"}, limit=2, offset=1)
    assert [command["id"] for command in reply.body] == [made[3], made[2]]
    assert reply.headers["X-Total-Count"] == "5"
    oldest = client.get(f"{device}/commands", sort="created", limit=1).body
    assert oldest[0]["id"] == made[0]


def test_the_list_is_bounded_by_the_time_of_creation(client: Client, device: str) -> None:
    made = []
    for _ in range(3):
        made.append(ordered(client)["id"])
        client.ports.clock.advance(seconds=1)
    query: dict[str, Any] = {"from": "2027-01-15T08:00:01Z", "to": "2027-01-15T09:00:02.000+01:00"}
    reply = client.call("GET", f"{device}/commands", headers={"X-Total-Count": "true"}, **query)
    assert [command["id"] for command in reply.body] == [made[1]]
    assert reply.headers["X-Total-Count"] == "1"


def test_the_list_sorts_by_status(client: Client, device: str) -> None:
    first, second = ordered(client), ordered(client)
    client.call("PUT", f"{COMMANDS}/{first['id']}/status", "CANCELED")
    assert [c["id"] for c in client.get(f"{device}/commands", sort="-status").body] == [second["id"], first["id"]]
    assert [c["id"] for c in client.get(f"{device}/commands", sort='["status"]').body] == [first["id"], second["id"]]


@pytest.mark.parametrize("query", [{"from": "yesterday"}, {"sort": "age"}, {"limit": "1001"}, {"offset": "10001"}])
def test_a_list_that_cannot_be_answered_is_refused(client: Client, device: str, query: Any) -> None:
    assert client.get(f"{device}/commands", **query).code == "GENERIC_INVALID_PARAMETER_ERROR"


def test_a_canceled_command_cannot_be_canceled_again(client: Client, device: str) -> None:
    path = f"{COMMANDS}/{ordered(client)['id']}"
    reply = client.call("PUT", f"{path}/status", "CANCELED")
    assert (reply.status, reply.raw) == (200, b"")
    assert client.get(f"{path}/status").body == {"content": "CANCELED"}
    client.ports.clock.advance(ms=1)
    again = client.call("PUT", f"{path}/status", "CANCELED", force="true")
    assert (again.status, again.code) == (409, "DM_INVALID_STATUS_UPDATE")


@pytest.mark.parametrize("kind", ["text/plain", "text/plain; charset=utf-8", "application/json", ""])
@pytest.mark.parametrize("raw", [b"CANCELED", b"CANCELED\r\n", b' "CANCELED" '])
def test_the_word_may_come_without_its_quotes(client: Client, device: str, raw: bytes, kind: str) -> None:
    path = f"{COMMANDS}/{ordered(client)['id']}/status"
    reply = client.call("PUT", path, raw=raw, headers={"Content-Type": kind})
    assert reply.status == (415 if b'"' in raw and kind.startswith("text") else 200), reply.raw
    assert client.get(path).body == {"content": "PENDING" if reply.status == 415 else "CANCELED"}


@pytest.mark.parametrize("status", ["PROCESSED", "canceled", "", 7, {"content": "CANCELED"}, None, ["CANCELED"]])
def test_a_client_can_only_cancel(client: Client, device: str, status: Any) -> None:
    path = f"{COMMANDS}/{ordered(client)['id']}/status"
    reply = client.call("PUT", path, raw=b"null") if status is None else client.call("PUT", path, status)
    assert (reply.status, reply.code) == (400, "GENERIC_INVALID_PARAMETER_ERROR")


def test_a_deleted_command_is_gone(client: Client, device: str) -> None:
    path = f"{COMMANDS}/{ordered(client)['id']}"
    reply = client.call("DELETE", path)
    assert (reply.status, reply.raw) == (200, b"")
    assert client.get(path).code == "DM_COMMAND_NOT_FOUND"
    assert client.get(f"{device}/commands").body == []


@pytest.mark.parametrize("command_id", ["ae49129f-9ce4-4782-82c4c6a2", "0" * 24, "x" * 1000, "%00"])
@pytest.mark.parametrize(("method", "tail"), [("GET", ""), ("DELETE", ""), ("GET", "/status"), ("PUT", "/status")])
def test_a_command_that_never_was_is_not_found(client: Client, command_id: str, method: str, tail: str) -> None:
    reply = client.call(method, f"{COMMANDS}/{command_id}{tail}", "CANCELED" if method == "PUT" else None)
    assert (reply.status, reply.code) == (404, "DM_COMMAND_NOT_FOUND")


def test_an_answered_command_shows_the_answer(client: Client, device: str) -> None:
    command = ordered(client)
    stored = client.ports.commands.get(client.tenant.id, command["id"])
    assert stored is not None
    mailbox = client.ports.mailboxes.get(client.tenant.id, URN)
    assert mailbox is not None
    client.ports.mailboxes.replace(mailbox, mailbox.claim(command["id"], START))
    from chalicelib.fleet.commands.transitions import claimed

    client.ports.commands.replace(stored, claimed(stored, START, 1, "node1"))
    finishing.answer(
        client.ports, client.tenant.id, URN, finishing.Answer(stored.correlation, {"success": True}, "e", "node1")
    )
    shown = client.get(f"{COMMANDS}/{command['id']}").body
    assert (shown["status"], shown["deliveryStatus"]) == (Status.PROCESSED, "REPLIED")
    assert shown["response"] == {"value": {"success": True}}
    assert [entry["status"] for entry in shown["history"]] == ["PENDING", "PROCESSING", "PROCESSED"]
    assert shown["history"][1] == {
        "timestamp": "2027-01-15T08:00:00.000Z",
        "status": "PROCESSING",
        "deliveryStatus": "SENDING",
        "nodeId": "node1",
    }


def test_an_overdue_command_is_shown_as_expired(client: Client, device: str) -> None:
    command = ordered(client, expirationInSeconds=5)
    client.ports.clock.advance(seconds=5)
    shown = client.get(f"{COMMANDS}/{command['id']}").body
    assert shown["status"] == "EXPIRED"
    assert client.call("PUT", f"{COMMANDS}/{command['id']}/status", "CANCELED").status == 409
