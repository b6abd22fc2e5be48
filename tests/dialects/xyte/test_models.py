"""Models as documents of their maker."""

from typing import Any

import pytest

from tests.dialects.xyte.client import Client, send

MODELS = "/core/v1/models"


def test_a_model_is_made_read_changed_and_listed() -> None:
    client = Client()
    made = client.made(MODELS, {"name": "Pump"})
    assert made == {
        "id": made["hardware_key"],
        "hardware_key": made["hardware_key"],
        "name": "Pump",
        "model_id": made["hardware_key"],
        "auth": "mac_sn",
        "api_version": "1.0.7",
        "offline_threshold": 120,
        "commands": True,
        "claim": "open",
    }
    one = f"{MODELS}/{made['id']}"
    assert client.call("GET", one).body == made
    changed = client.call("PUT", one, {"offline_threshold": 0, "claim": "automatic"})
    assert (changed.status, changed.body) == (200, {**made, "offline_threshold": 0, "claim": "automatic"})
    others = [client.model() for _ in range(2)]
    first = client.call("GET", MODELS, per_page=2).body
    rest = client.call("GET", MODELS, per_page=2, page=first["next_page"]).body
    assert {one["id"] for one in first["items"] + rest["items"]} == {made["id"], *others}
    assert rest["next_page"] is None


def test_a_hardware_key_that_firmware_has_is_brought_along_and_is_one_tenants() -> None:
    client = Client()
    other = Client(client.ports, "other")
    key = "4623234a-710e-4bc5-a6c5-923de6d5f433"
    assert client.model(hardware_key=key) == key
    for who in (client, other):
        taken = who.call("POST", MODELS, {"name": "Mine", "hardware_key": key})
        assert (taken.status, taken.error) == (422, "Hardware key has already been taken")
    assert other.call("GET", MODELS).body == {"items": [], "next_page": None}
    assert [one["name"] for one in client.call("GET", MODELS).body["items"]] == ["Pump"]
    for method, body in (("GET", None), ("PUT", {"name": "x"}), ("DELETE", None)):
        assert other.call(method, f"{MODELS}/{key}", body).status == 404


def test_a_deleted_model_takes_no_new_devices_and_its_own_go_on() -> None:
    client = Client()
    key = client.model()
    device = client.register(key)
    assert client.call("DELETE", f"{MODELS}/{key}").body == {"success": True}
    assert client.call("GET", f"{MODELS}/{key}").status == 404
    assert client.call("DELETE", f"{MODELS}/{key}").status == 404
    assert client.call("GET", MODELS).body["items"] == []
    assert device.call("GET").status == 200
    body = {"hardware_key": key, "mac": "1", "sn": "2", "firmware_version": "1.0.0"}
    assert send(client.ports, "POST", "/v1/devices", body).status == 404
    assert client.model(hardware_key=key) == key
    assert send(client.ports, "POST", "/v1/devices", body).status == 201


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "x", "auth": "none"},
        {"name": "x", "api_version": "2.0"},
        {"name": "x", "offline_threshold": -1},
        {"name": "x", "hardware_key": "a b c d e f"},
        {"name": "x", "more": 1},
    ],
)
def test_a_model_that_is_none_is_refused(body: dict[str, Any]) -> None:
    assert Client().call("POST", MODELS, body).status == 422
