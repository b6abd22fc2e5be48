"""Bayeux 1.0 as clients speak it (reference, "Real-time notifications"): sessions, errors, limits."""

import json
from typing import Any

import pytest

from chalicelib.fleet.access.roles import Role
from tests.dialects.cumulocity.bayeux_client import OPERATIONS, REALTIME, Poller
from tests.dialects.cumulocity.client import Client
from tests.dialects.cumulocity.furnished import OBJECTS

pytestmark = pytest.mark.row("G5")
HOUR = 3_600
EVERY = (OPERATIONS, "/devicecontrol/notifications", REALTIME, "/cep/realtime", "/cep/notifications")
AGAIN = {"reconnect": "handshake", "interval": 0}


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.mark.parametrize("path", EVERY)
@pytest.mark.parametrize("below", ["", "/", "/handshake", "//handshake/"])
def test_every_path_that_clients_know_is_the_same_place(client: Client, path: str, below: str) -> None:
    asked = {"channel": "/meta/handshake", "version": "1.0", "supportedConnectionTypes": ["long-polling"]}
    reply = client.call("POST", path + below, asked, accept=None)
    (said,) = reply.body
    assert (reply.status, said["successful"], len(said["clientId"])) == (200, True, 33)
    assert said["supportedConnectionTypes"] == ["long-polling"]
    assert said["advice"] == {"reconnect": "retry", "interval": 0, "timeout": 60_000}


def test_what_a_handshake_says_is_answered(client: Client) -> None:
    poller = Poller(client)
    reply = poller.handshake(minimumVersion="1.0", ext={"ack": True}, advice={"timeout": 60_000, "interval": 0})
    assert (reply["id"], reply["channel"], reply["version"]) == ("1", "/meta/handshake", "1.0")
    (reply,) = poller.send({"channel": "meta/connect", "clientId": poller.id, "connectionType": "long-polling"})
    assert reply["successful"]


def test_who_cannot_poll_or_may_read_nothing_has_no_session(client: Client) -> None:
    reply = Poller(client).handshake(supportedConnectionTypes=["callback-polling"])
    assert (reply["successful"], reply["error"][:5], reply["advice"]) == (False, "400::", {"reconnect": "none"})
    nothing = Poller(client, OPERATIONS, client.credentials_with(Role.DATA_R))
    reply = nothing.handshake()
    assert (reply["successful"], reply["error"]) == (False, "403::Handshake denied")
    assert client.call("POST", OPERATIONS, {"channel": "/meta/handshake"}, auth=("x", "y")).status == 401


@pytest.mark.parametrize("channel", ["/meta/connect", "/meta/subscribe", "/meta/unsubscribe", "/meta/disconnect"])
@pytest.mark.parametrize("known", ["", "nobody", "x" * 33])
def test_a_session_that_is_not_there_begins_anew(client: Client, channel: str, known: str) -> None:
    poller = Poller(client)
    poller.handshake()
    poller.id = poller.id[:8] + known[8:] if len(known) == len(poller.id) else known
    (reply,) = poller.send(poller.message(channel, subscription="/1"))
    assert (reply["successful"], reply["error"], reply["advice"]) == (False, "402::Unknown client", AGAIN)


def test_a_session_is_of_one_endpoint_and_ends(client: Client) -> None:
    poller = Poller(client)
    poller.handshake()
    elsewhere = Poller(client, REALTIME, id=poller.id)
    assert elsewhere.connect()[1]["error"] == "402::Unknown client"
    for _ in range(3):
        client.ports.clock.advance(seconds=2 * HOUR - 60)
        assert poller.connect()[1]["successful"]
    client.ports.clock.advance(seconds=2 * HOUR)
    assert poller.connect()[1]["error"] == "402::Unknown client"


def test_a_session_that_was_ended_is_over(client: Client) -> None:
    poller = Poller(client, REALTIME).listening("/alarms/*")
    assert poller.send(poller.message("/meta/disconnect"))[0]["successful"]
    assert poller.connect()[1]["error"] == "402::Unknown client"
    assert client.ports.policies.all(client.tenant.id) == []


@pytest.mark.parametrize("path", [OPERATIONS, REALTIME])
def test_of_more_than_ten_the_oldest_goes(client: Client, path: str) -> None:
    number = client.made(OBJECTS, {"c8y_IsDevice": {}})["id"]
    channel = f"/{number}" if path == OPERATIONS else "/alarms/*"
    first, *others = [Poller(client, path).listening(channel) for _ in range(11)]
    assert first.connect()[1]["error"] == "402::Unknown client"
    assert all(one.connect()[1]["successful"] for one in others)
    somebody = Poller(client, path, client.credentials_with(Role.DEVICE_R, Role.DATA_R)).listening(channel)
    assert somebody.connect()[1]["successful"]
    assert others[0].connect()[1]["successful"]


def test_channels_are_left_and_may_lack_the_slash(client: Client) -> None:
    number = client.made(OBJECTS, {"c8y_IsDevice": {}})["id"]
    poller = Poller(client).listening(number)
    (reply,) = poller.send(poller.message("/meta/unsubscribe", subscription=number))
    assert (reply["successful"], reply["subscription"]) == (True, number)
    client.made("/devicecontrol/operations", {"deviceId": number, "c8y_Restart": {}})
    assert poller.told() == []


def test_several_messages_are_answered_in_order(client: Client) -> None:
    number = client.made(OBJECTS, {"c8y_IsDevice": {}})["id"]
    poller = Poller(client)
    poller.handshake()
    replies = poller.send(
        poller.message("/meta/subscribe", subscription=[f"/{number}", "/nothing"]),
        poller.message("/meta/connect", connectionType="long-polling"),
        poller.message("/1", data={"x": 1}),
    )
    assert [(one["channel"], one["successful"]) for one in replies] == [
        ("/meta/subscribe", True),
        ("/meta/subscribe", False),
        ("/meta/connect", True),
        ("/1", False),
    ]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b"1",
        b"[1]",
        b"[[]]",
        b"{}",
        b'{"channel": 1}',
        b'{"channel": ""}',
        json.dumps({"channel": "x" * 300}).encode(),
        json.dumps([{"channel": "/meta/connect"}] * 65).encode(),
        json.dumps([{"channel": "/meta/connect"}, {"channel": "meta/connect"}]).encode(),
        b"\xff",
    ],
)
def test_what_is_no_message_is_told_so(client: Client, raw: bytes) -> None:
    assert client.call("POST", OPERATIONS, raw=raw).status == 400


def test_there_is_nothing_below_but_what_clients_write(client: Client) -> None:
    assert client.call("POST", f"{OPERATIONS}/publish", {"channel": "/meta/connect"}).status == 404
    assert client.call("GET", OPERATIONS).status == 405


@pytest.mark.parametrize(
    "said",
    [
        {"id": {"a": 1}},
        {"id": 7},
        {"clientId": 5},
        {"subscription": {"a": 1}},
        {"subscription": [1, None]},
        {"advice": "now"},
        {"advice": {"timeout": "x", "interval": -1}},
        {"advice": {"timeout": 1e300, "interval": True}},
        {"connectionType": 3},
    ],
)
def test_odd_values_harm_nobody(client: Client, said: dict[str, Any]) -> None:
    poller = Poller(client)
    poller.handshake()
    for channel in ("/meta/handshake", "/meta/connect", "/meta/subscribe", "/meta/unsubscribe"):
        asked = {"channel": channel, "clientId": poller.id, **said}
        assert client.call("POST", OPERATIONS, asked).status == 200
