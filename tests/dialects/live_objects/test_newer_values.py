"""Records in which a newer release has written fields and values that this one does not know are shown all the same."""

import json
from typing import Any

import pytest

from tests.dialects.live_objects.client import DEVICES, Client
from tests.dialects.live_objects.conftest import URN
from tests.shapes import NEWER, kinds, newer

KINDS = kinds()
COMMAND = {"request": {"connector": "mqtt", "value": {"req": "reboot", "arg": {}}}}
CONFIGURATION = {"parameters": {"level": {"type": "STRING", "value": "high"}}}


def age(name: str, rows: dict[Any, Any], *but: str, **said: str) -> None:
    """All but those fields of the records in `rows` are as a newer release might have written them, and these too."""
    kind = KINDS[name]
    assert rows
    for place, record in rows.items():
        plain = json.loads(kind.dump(record))
        body = newer(kind, plain) | {field: plain[field] for field in but} | said
        rows[place] = kind.read(body, **{field: getattr(record, field) for field in kind.own})


def shown(client: Client, path: str) -> Any:
    """Read past what holds answers to our description of the API, which has no values of a newer release."""
    reply = client._send("GET", path, {"X-API-Key": client.secret}, b"", "")
    assert reply.status == 200, reply.raw
    return reply.body


@pytest.fixture
def aged(client: Client, device: str) -> Client:
    created = client.call("POST", f"{device}/commands", COMMAND)
    assert created.status == 201
    assert client.call("POST", f"{device}/config", CONFIGURATION).status == 200
    age("store.commands.COMMAND", client.ports.commands.rows, status=NEWER)
    age("store.configurations.CONFIGURATION", client.ports.configurations.rows)
    age("store.devices.DEVICE", client.ports.devices.rows)
    age("store.mailboxes.MAILBOX", client.ports.mailboxes.rows)
    # Its roles are what opens the door.
    age("store.keys.KEY", client.ports.keys.rows, "roles")
    return client


@pytest.mark.parametrize(
    "path",
    [
        DEVICES,
        f"{DEVICES}/{URN}",
        f"{DEVICES}/{URN}/commands",
        f"{DEVICES}/{URN}/config",
        "/api/v0/apiKeys",
        "/api/v0/assets/sensor/temp001",
        "/api/v0/assets/sensor/temp001/commands",
        "/api/v0/assets/sensor/temp001/params",
    ],
)
def test_what_a_newer_release_wrote_is_shown_as_far_as_it_is_known(aged: Client, path: str) -> None:
    assert shown(aged, path)


def test_a_status_that_only_a_newer_release_has_is_shown_as_that_calls_it(aged: Client) -> None:
    (command,) = aged.ports.commands.rows.values()
    assert shown(aged, f"/api/v1/deviceMgt/commands/{command.id}")["status"] == NEWER


def test_a_command_that_stands_where_nobody_here_knows_is_not_touched(aged: Client) -> None:
    (command,) = aged.ports.commands.rows.values()
    assert aged.call("PUT", f"/api/v1/deviceMgt/commands/{command.id}/status", "CANCELED").status == 409
    assert list(aged.ports.commands.rows.values()) == [command]
