"""Bootstrap with what clients send back as they were shown it, and with devices that tell odd things of themselves."""

import base64

import pytest

from tests.dialects.live_objects.client import Client
from tests.dialects.lwm2m.rig import ENDPOINT
from tests.dialects.lwm2m.test_bootstrap import (
    BOOTSTRAP_IDENTITY,
    CONFIGS,
    ENTRIES,
    KEY,
    OURS,
    THEIRS,
    Bootstrapping,
    activity,
    configure,
    decoded,
    enter,
    managed,
    run_security,
)


@pytest.fixture
def device_at_the_door(client: Client) -> Bootstrapping:
    return Bootstrapping(client)


def test_sending_back_what_is_shown_changes_no_secret(client: Client, device_at_the_door: Bootstrapping) -> None:
    entry = enter(client, configure(client, THEIRS), run_security("theirs", identity="run", secret="their_secret"))
    shown = client.call("GET", entry).body
    shown["security"]["pskInfo"]["secret"] = "***"
    assert client.call("PUT", entry, shown).status == 200
    door = device_at_the_door
    assert door.connect()
    assert door.key == bytes.fromhex(KEY)
    door.begin()
    door.work(awaited=True)
    assert decoded(door.written["/0/0/5"]) == b"their_secret"


def test_a_secret_that_is_only_hidden_is_none(client: Client, device_at_the_door: Bootstrapping) -> None:
    body = {"endpointName": ENDPOINT, "security": {"pskInfo": {"identity": BOOTSTRAP_IDENTITY, "secret": "***"}}}
    assert client.call("POST", ENTRIES, body).status == 400
    enter(client, configure(client, THEIRS), run_security("theirs", secret="***"))
    door = device_at_the_door
    door.connect()
    assert door.begin() == "4.00"


def test_a_server_is_the_platform_itself_only_where_it_says_so_as_clients_do(
    client: Client, device_at_the_door: Bootstrapping
) -> None:
    device = managed(client)
    enter(client, configure(client, {**THEIRS, "ours": True}), run_security("theirs", secret="their_secret"))
    door = device_at_the_door
    door.connect()
    assert door.begin() == "2.04"
    (shown,) = client.call("GET", f"{device}/interfaces").body
    assert "security" not in shown["definition"]


@pytest.mark.parametrize("instance", ["9" * 5000, "65535", "٣", "-1", ""])
def test_a_discovery_that_tells_no_instance_is_one_that_told_nothing(
    client: Client, device_at_the_door: Bootstrapping, instance: str
) -> None:
    entry = enter(client, configure(client, THEIRS), run_security("theirs", secret="their_secret"))
    door = device_at_the_door
    door.connect()
    links = base64.b64encode(f"</0/{instance}>".encode()).decode()
    door.discovered = {"code": "2.05", "format": 40, "payload": links}
    door.begin()
    door.work(awaited=True)
    assert activity(client, entry)["status"] == "FINISHED"


def test_a_configuration_that_an_entry_could_not_hold_is_refused(client: Client) -> None:
    body = {"name": "n", "runServers": [{**THEIRS, "note": "x" * 200_000}]}
    assert client.call("POST", CONFIGS, body).status in (400, 413)
    config = configure(client, THEIRS)
    assert client.call("PUT", f"{CONFIGS}/{config}", body).status in (400, 413)


def test_a_device_asks_for_so_many_bootstraps_a_minute(client: Client, device_at_the_door: Bootstrapping) -> None:
    managed(client)
    enter(client, configure(client, {**OURS, "renewSecurityOnBootstrap": True}))
    door = device_at_the_door
    door.connect()
    assert [door.begin() for _ in range(21)] == ["2.04"] * 20 + ["5.03"]
    client.ports.clock.at += 61_000
    assert door.begin() == "2.04"
