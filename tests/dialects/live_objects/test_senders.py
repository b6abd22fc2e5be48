"""Manual 4.3: messages are enriched with the id and the roles of the key that they came with."""

import base64
from typing import Any

import pytest

from chalicelib.fleet.access import callers
from chalicelib.fleet.access.callers import Kind
from chalicelib.fleet.access.records import ApiKey
from chalicelib.fleet.access.roles import ALL_ROLES, Role
from chalicelib.fleet.data import senders
from chalicelib.fleet.data.senders import Sender
from chalicelib.triggers import uplink
from tests.dialects.live_objects.client import Client
from tests.triggers.test_authorizer import knock

URN = "urn:lo:nsid:sender:s1"
STREAM = f"/api/v0/data/streams/{URN}"


ID = "1a2b3c4d5e6f708192a3b4c5"


def sent(*roles: Role) -> str:
    return str(senders.of(callers.of_key(ApiKey("tenant", ID, frozenset(roles), 1))))


@pytest.mark.parametrize("roles", [(), (Role.DEVICE_ACCESS,), (Role.API_KEY_R, Role.LOGS_R), tuple(ALL_ROLES)])
def test_a_sender_is_told_as_it_was(roles: tuple[Role, ...]) -> None:
    assert senders.told(sent(*roles)) == Sender(Kind.KEY, ID, tuple(sorted(roles)))


def test_a_person_with_a_password_is_told_by_their_id() -> None:
    ada = callers.of_user("tenant", ID, frozenset({Role.DATA_W}))
    assert senders.told(senders.of(ada)) == Sender(Kind.USER, ID, (Role.DATA_W,))


def test_of_a_session_the_key_is_told() -> None:
    session = ApiKey("tenant", ID, frozenset(), 1, user="ada", session=True)
    assert senders.told(senders.of(callers.of_key(session))) == Sender(Kind.KEY, ID, ())


def test_the_messages_of_a_device_with_a_secret_of_its_own_name_it_themselves() -> None:
    assert senders.of(callers.of_device("tenant", URN, frozenset({Role.DEVICE_ACCESS}), "s1")) is None


def test_a_sender_is_short() -> None:
    assert len(sent(*ALL_ROLES)) <= 31


def test_every_role_has_a_place_that_it_keeps() -> None:
    assert sorted(senders.ROLES) == sorted(ALL_ROLES)
    assert sent(Role.DEVICE_ACCESS).endswith(".100000")
    assert sent(Role.LOGS_R).endswith(".400000")


def metadata(client: Client) -> Any:
    (message,) = client.get(STREAM).body
    return message["metadata"]


def test_what_a_client_posts_bears_its_key(client: Client) -> None:
    secret = client.key(Role.DATA_W, Role.DEVICE_R)
    used = client.call("GET", "/api/v0/apiKeys/current_key", key=secret).body["id"]
    assert client.call("POST", STREAM, {"value": {"n": 1}}, key=secret).status == 202
    found = metadata(client)
    assert (found["apiKeyId"], found["roles"]) == (used, ["DATA_W", "DEVICE_R"])


def test_what_a_device_publishes_bears_the_key_of_its_connection(client: Client) -> None:
    secret = client.key(Role.DEVICE_ACCESS)
    used = client.call("GET", "/api/v0/apiKeys/current_key", key=secret).body["id"]
    assert knock(client.ports, secret, URN)["isAuthenticated"]
    payload = base64.b64encode(b'{"v": {"n": 1}}').decode()
    at = client.ports.clock.now()
    uplink.handle(client.ports, {"client": URN, "topic": "dev/data", "payload": payload, "at": at, "id": "e1"})
    found = metadata(client)
    assert (found["apiKeyId"], found["roles"]) == (used, ["DEVICE_ACCESS"])
