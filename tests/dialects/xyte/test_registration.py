"""Register Device, as devices do it."""

import re
from dataclasses import dataclass, field
from typing import Any

import pytest

from chalicelib.fleet.access.directory import Entry
from chalicelib.fleet.errors import Contended
from chalicelib.web import brokers
from tests.dialects.xyte.client import Client, Device, send
from tests.fakes import MemoryDirectory

GOOD = {"mac": "00:11:22:AA:bb:cc", "sn": "SN-1", "firmware_version": "1.2.3"}
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def register(client: Client, body: Any, **options: Any) -> Any:
    return send(client.ports, "POST", "/v1/devices", body, **options)


@pytest.mark.row("I1")
def test_a_device_registers_without_a_key_and_is_given_one() -> None:
    client = Client()
    reply = register(client, {"hardware_key": client.model(), **GOOD, "anything": {"else": 1}})
    assert reply.status == 201
    assert UUID.fullmatch(reply.body["id"])
    assert re.fullmatch(r"[0-9a-f]{32}", reply.body["access_key"])
    assert reply.body["hub_url"] == reply.body["hub_url_static_cert"] == "http://hub.example.com:8443"
    assert reply.body["mqtt_hub_url"] == "mqtts://hub.example.com:8883"
    me = send(client.ports, "GET", f"/v1/devices/{reply.body['id']}", key=reply.body["access_key"])
    assert (me.status, me.body["sn"], me.body["mac"]) == (200, "SN-1", "00:11:22:AA:bb:cc")


@pytest.mark.parametrize(
    ("secured", "plain", "host", "told"),
    [
        ("mqtt.example.com:443", "", "hub.example.com", "mqtts://mqtt.example.com:443"),
        (":18883", ":11883", "hub.example.com:8080", "mqtt://hub.example.com:11883"),
        (":18883", "", "hub.example.com", "mqtts://hub.example.com:18883"),
        ("", "", "[::1]:8443", "mqtts://[::1]:8883"),
    ],
)
def test_a_device_is_told_where_the_broker_of_the_stage_is(
    monkeypatch: pytest.MonkeyPatch, secured: str, plain: str, host: str, told: str
) -> None:
    monkeypatch.setenv(brokers.SECURED, secured)
    monkeypatch.setenv(brokers.PLAIN, plain)
    client = Client()
    assert (
        register(client, {"hardware_key": client.model(), **GOOD}, headers={"Host": host}).body["mqtt_hub_url"] == told
    )


@pytest.mark.parametrize("written", ["001122aabbcc", "00-11-22-AA-BB-CC", " 00:11:22:aa:bb:CC "])
def test_a_device_registers_once_however_it_writes_its_address(written: str) -> None:
    client = Client()
    key = client.model()
    client.register(key)
    again = register(client, {"hardware_key": key, **GOOD, "mac": written, "sn": "sn1"})
    assert (again.status, again.error) == (422, "Sn has already been taken")
    other = register(client, {"hardware_key": client.model(), **GOOD})
    assert other.status == 201


def test_a_cloud_id_is_taken_once() -> None:
    client = Client()
    key = client.model(auth="cloud_id")
    sent = {"hardware_key": key, "cloud_id": "Qz-1", "sn": "1", "firmware_version": "1.0.0"}
    assert register(client, sent).status == 201
    again = register(client, {**sent, "cloud_id": "qz1"})
    assert (again.status, again.error) == (422, "Cloud has already been taken")


@pytest.mark.parametrize(
    ("version", "left_out", "status", "error"),
    [
        ("1.0.7", "mac", 422, "Invalid MAC"),
        ("1.0.2", "sn", 422, "Invalid SN"),
        ("1.0.1", "sn", 201, ""),
        ("1.0.4", "firmware_version", 422, "Invalid firmware version"),
        ("1.0.3", "firmware_version", 201, ""),
    ],
)
def test_what_a_device_has_to_say_grows_with_its_models_version(
    version: str, left_out: str, status: int, error: str
) -> None:
    client = Client()
    body = {"hardware_key": client.model(api_version=version), **GOOD}
    del body[left_out]
    reply = register(client, body)
    assert reply.status == status
    assert not error or reply.error == error


@pytest.mark.parametrize(
    ("version", "status"), [("1.2", 422), ("v1.2.3", 422), ("01.2.3", 422), ("1.2.3-rc.1+5", 201), ("1.2.3\n", 422)]
)
def test_versions_of_firmware_are_semantic_from_1_0_4_on(version: str, status: int) -> None:
    client = Client()
    assert register(client, {"hardware_key": client.model(), **GOOD, "firmware_version": version}).status == status
    old = client.model(api_version="1.0.3")
    assert register(client, {"hardware_key": old, **GOOD, "firmware_version": version}).status == 201


def test_older_names_of_a_model_are_taken_too() -> None:
    client = Client()
    key = client.model(model_id="m-7")
    for number, body in enumerate(({"partner_key": key, "model_id": "m-7"}, {"hardware_key": key, "nano_id": "m-7"})):
        assert register(client, {**GOOD, **body, "sn": f"{number}"}).status == 201
    assert register(client, {**GOOD, "partner_key": key, "model_id": "m-8"}).status == 404


@pytest.mark.parametrize("key", ["nobodys", "", None, "a" * 64])
def test_nobody_knows_that_hardware_key(key: str | None) -> None:
    reply = register(Client(), {"hardware_key": key, **GOOD})
    assert (reply.status, reply.error) == (404, "Hardware key not found")


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"null", b'"x"', b'{"hardware_key": 5}', b"\xff"])
def test_what_cannot_be_read_is_said_in_json(raw: bytes) -> None:
    reply = register(Client(), None, raw=raw)
    assert reply.status == 422
    assert isinstance(reply.body["error"], str)


def test_a_body_is_too_large() -> None:
    client = Client()
    assert register(client, {"hardware_key": client.model(), **GOOD, "x": "x" * 128 * 1024}).status == 413


def test_many_are_answered_each_in_its_place() -> None:
    client = Client()
    key = client.model()
    good = {"hardware_key": key, **GOOD}
    reply = send(client.ports, "POST", "/v1/devices/bulk_create", [good, {**good, "mac": None}, good, {}])
    assert reply.status == 200
    assert [sorted(one) for one in reply.body[1:]] == [["error"]] * 3
    assert "access_key" in reply.body[0]
    assert send(client.ports, "POST", "/v1/devices/bulk_create", [good] * 26).status == 422


@pytest.mark.parametrize(
    ("failure", "told"),
    [(Contended("written by too many"), "written by too many"), (RuntimeError("oops"), "Internal server error")],
)
def test_of_several_all_that_registered_are_told_their_keys_whatever_becomes_of_one(
    failure: Exception, told: str
) -> None:
    client = Client()
    directory = client.ports.directory = Failing(failure=failure, at=2)
    key = client.model()
    bodies = [{"hardware_key": key, **GOOD, "sn": f"{n}"} for n in range(3)]
    reply = send(client.ports, "POST", "/v1/devices/bulk_create", [bodies[0], {"sn": 5}, *bodies[1:]])
    assert reply.status == 200
    assert [sorted(one) == ["error"] for one in reply.body] == [False, True, True, False]
    assert reply.body[2] == {"error": told}
    made = [Device(client.ports, one["id"], one["access_key"]) for one in (reply.body[0], reply.body[3])]
    assert [one.call("GET").status for one in made] == [200, 200]
    assert len([name for name in directory.rows if not name.startswith("model/")]) == 2


@dataclass
class Failing(MemoryDirectory):
    """One that does not take the device of that number."""

    failure: Exception = field(kw_only=True)
    at: int = field(kw_only=True)
    made: int = 0

    def create(self, entry: Entry) -> bool:
        self.made += not entry.id.startswith("model/")
        if self.made == self.at and not entry.id.startswith("model/"):
            raise self.failure
        return super().create(entry)


def test_an_address_registers_so_many_a_minute() -> None:
    client = Client()
    body = {"hardware_key": client.model(), **GOOD}
    statuses = [register(client, {**body, "sn": f"{n}"}, address="198.51.100.7").status for n in range(21)]
    assert statuses == [201] * 20 + [429]
    limited = register(client, {**body, "sn": "21"}, address="198.51.100.7")
    assert 1 <= int(limited.headers["Retry-After"]) <= 60
    assert register(client, {**body, "sn": "22"}, address="198.51.100.8").status == 201
    client.ports.clock.advance(ms=60_000)
    assert register(client, {**body, "sn": "23"}, address="198.51.100.7").status == 201
