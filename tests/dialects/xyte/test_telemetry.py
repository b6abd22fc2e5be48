"""Telemetry, what it is answered, what becomes of it, and when a device counts as away."""

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.fleet import sweeping
from chalicelib.fleet.commands import creating
from chalicelib.fleet.commands.creating import Order
from chalicelib.fleet.commands.records import Policy
from chalicelib.fleet.data import messages
from chalicelib.fleet.inventory import devices, groups
from chalicelib.fleet.presence import asking
from chalicelib.fleet.tenancy import settings
from chalicelib.fleet.tenancy.records import Stored
from tests.dialects.xyte.client import Client, Device, send

DEVICES = "/core/v1/organization/devices"
GOOD: dict[str, Any] = {"status": "online", "telemetries": {"temperature": 21.5, "mode": "auto", "on": True, "x": None}}
NOTHING = {
    "config_version": 0,
    "command": False,
    "info_version": 0,
    "new_licenses": False,
    "latest_fw_version": None,
    "latest_fw_file_id": None,
    "space_data_version": 0,
    "success": True,
}
PROOF = {"mac": "00:11:22:AA:bb:cc", "sn": "SN-1"}


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture
def device(client: Client) -> Device:
    """A claimed one."""
    return client.register(client.model(claim="automatic"))


def kept(client: Client, device: Device) -> list[Any]:
    return messages.read(client.ports, client.tenant.id, urn(device))


def urn(device: Device) -> str:
    return f"urn:lo:nsid:xyte:{device.id}"


def status(client: Client, device: Device) -> str:
    return str(client.call("GET", f"{DEVICES}/{device.id}").body["status"])


def sweep(client: Client, seconds: int) -> None:
    """So long goes by, with a sweep every minute."""
    for _ in range(seconds // 60):
        client.ports.clock.advance(ms=60_000)
        sweeping.sweep(client.ports)


@pytest.mark.row("I2")
def test_telemetry_of_an_owners_device_is_a_message_of_its_stream(client: Client, device: Device) -> None:
    reply = device.call("POST", "/telemetry", {**GOOD, "message": "hello"})
    assert (reply.status, reply.body) == (200, {**NOTHING, "space_data_version": 1})
    (message,) = kept(client, device)
    assert (message.value, message.model) == (GOOD["telemetries"], "Pump")
    assert message.extra == {"status": "online", "message": "hello"}
    assert message.metadata == {"source": urn(device), "connector": "xyte", "group": {"id": "root", "path": "/"}}


@pytest.mark.parametrize(
    ("sent", "at"),
    [
        ("2026-01-02T03:04:05", 1_767_323_045_000),
        ("2026-01-02T03:04:05+02:00", 1_767_315_845_000),
        (1_767_323_045, 1_767_323_045_000),
        ("9999-01-01T00:00:00Z", None),
    ],
)
def test_a_device_may_tell_its_own_time(client: Client, device: Device, sent: Any, at: int | None) -> None:
    client.ports.clock.advance(ms=max(0, 1_767_400_000_000 - client.ports.clock.now()))
    assert device.call("POST", "/telemetry", {**GOOD, "timestamp": sent}).status == 200
    assert kept(client, device)[0].timestamp == (at if at is not None else client.ports.clock.now())


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "status"),
        ({"status": "fine"}, "Status must be one of online, offline, error"),
        ({**GOOD, "telemetries": {"a": {"b": 1}}}, "Common telemetries.a must be string, number or boolean"),
        ({**GOOD, "telemetries": {"a": [1]}}, "Common telemetries.a must be string, number or boolean"),
        ({**GOOD, "telemetries": {"a": "é" * 501}}, "Common telemetries.a is too long (maximum is 1000)"),
        ({**GOOD, "telemetries": 5}, "telemetries"),
        ({**GOOD, "timestamp": "yesterday"}, "Timestamp is no moment"),
        ({**GOOD, "override": "yes"}, "override"),
    ],
)
def test_telemetry_that_is_none_is_refused(client: Client, device: Device, body: Any, error: str) -> None:
    reply = device.call("POST", "/telemetry", body)
    assert reply.status == 422
    assert error in reply.error
    assert kept(client, device) == []


def test_a_body_is_too_large(device: Device) -> None:
    assert device.call("POST", "/telemetry", {**GOOD, "x": "x" * 128 * 1024}).status == 413


def test_nobody_sees_what_a_device_says_that_nobody_has(client: Client) -> None:
    device = client.register(client.model())
    for value in (1, 2):
        reply = device.call("POST", "/telemetry", {"status": "online", "telemetries": {"a": value}})
        assert (reply.status, reply.body) == (200, NOTHING)
    assert client.ports.messages.rows == {}
    noted = client.ports.directory.noted(device.id)
    assert noted is not None
    assert noted["telemetries"] == {"a": 2}
    client.call("POST", f"{DEVICES}/claim", PROOF)
    assert client.ports.directory.noted(device.id) is None


def test_whoever_remembers_another_owner_looks_again(client: Client) -> None:
    """As another instance does that has read the entry a moment ago."""
    other, directory = Client(client.ports, "other"), client.ports.directory
    device = client.register(client.model())
    unclaimed = directory.rows[device.id]
    client.call("POST", f"{DEVICES}/claim", PROOF)
    directory.remembered[device.id] = unclaimed
    assert device.call("POST", "/telemetry", GOOD).body["space_data_version"] == 1
    assert len(kept(client, device)) == 1
    claimed = directory.rows[device.id]
    client.call("DELETE", f"{DEVICES}/{device.id}")
    directory.remembered[device.id] = claimed
    assert device.call("POST", "/telemetry", GOOD).body == NOTHING
    other.call("POST", f"{DEVICES}/claim", PROOF)
    directory.remembered[device.id] = claimed
    assert device.call("POST", "/telemetry", GOOD).status == 200
    assert (len(kept(client, device)), len(kept(other, device))) == (1, 1)
    mine = directory.rows[device.id]
    device.call("DELETE")
    for old in (unclaimed, claimed, mine):
        directory.remembered[device.id] = old
        reply = device.call("POST", "/telemetry", GOOD)
        assert (reply.status, reply.body) == (401, {"error": "Not authorized"})
    assert (len(kept(client, device)), len(kept(other, device))) == (1, 1)


def test_a_device_that_its_owner_deleted_by_another_api_is_nobodys(client: Client, device: Device) -> None:
    devices.delete(client.ports, client.tenant.id, urn(device))
    assert device.call("POST", "/telemetry", GOOD).body == NOTHING
    assert client.ports.directory.rows[device.id].owner is None


def test_flags_say_what_waits(client: Client, device: Device) -> None:
    assert device.call("POST", "/telemetry", GOOD).body["command"] is False
    creating.create(client.ports, client.tenant.id, urn(device), Order("xyte", {"req": "reboot", "arg": {}}, Policy()))
    group = groups.create(client.ports, client.tenant.id, "kitchen", "root", None)
    devices.update(client.ports, client.tenant.id, urn(device), lambda found: replace(found, group=group.id))
    client.call("PATCH", f"{DEVICES}/{device.id}", {"name": "Nr. 2"})
    flags = device.call("POST", "/telemetry", GOOD).body
    assert (flags["info_version"], flags["space_data_version"]) == (1, 2)
    assert flags["command"] is True


class TestPresence:
    def test_a_device_is_there_while_it_speaks_and_nothing_is_written_of_that(
        self, client: Client, device: Device
    ) -> None:
        assert status(client, device) == "offline"
        device.call("POST", "/telemetry", GOOD)
        mailbox = client.ports.mailboxes.rows[client.tenant.id, urn(device)]
        for _ in range(15):
            client.ports.clock.advance(ms=10_000)
            device.call("POST", "/telemetry", GOOD)
        assert client.ports.mailboxes.rows[client.tenant.id, urn(device)] == mailbox
        assert status(client, device) == "online"

    def test_it_is_away_once_its_threshold_is_over(self, client: Client, device: Device) -> None:
        device.call("POST", "/telemetry", GOOD)
        sweep(client, 60)
        device.call("POST", "/telemetry", GOOD)
        sweep(client, 60)
        assert status(client, device) == "online"
        sweep(client, 60)
        assert status(client, device) == "offline"
        (alarm,) = client.ports.alarms.rows.values()
        assert (alarm.source, alarm.type, alarm.open) == (urn(device), "offline", True)
        sweep(client, 600)
        assert len(client.ports.alarms.rows) == 1
        device.call("POST", "/telemetry", GOOD)
        assert status(client, device) == "online"
        assert [one.open for one in client.ports.alarms.rows.values()] == [False]
        sweep(client, 300)
        assert status(client, device) == "offline"

    def test_any_request_says_that_it_is_there(self, client: Client, device: Device) -> None:
        for _ in range(12):
            assert device.call("GET").status == 200
            sweep(client, 60)
        assert status(client, device) == "online"

    def test_own_times_of_the_past_do_not_make_it_seem_away(self, client: Client, device: Device) -> None:
        device.call("POST", "/telemetry", GOOD)
        for _ in range(8):
            device.call("POST", "/telemetry", {**GOOD, "timestamp": "2020-01-01T00:00:00Z"})
            sweep(client, 60)
        assert status(client, device) == "online"

    def test_it_may_say_so_itself(self, client: Client, device: Device) -> None:
        device.call("POST", "/telemetry", {**GOOD, "status": "error"})
        assert status(client, device) == "error"
        device.call("POST", "/telemetry", GOOD)
        assert status(client, device) == "online"
        device.call("POST", "/telemetry", {**GOOD, "status": "offline"})
        assert status(client, device) == "offline"
        sweep(client, 300)
        assert client.ports.alarms.rows == {}
        assert device.call("GET").body["state"] == {"status": "online", "firmware_version": "1.2.3"}

    @pytest.mark.parametrize(("threshold", "away_after"), [(600, 660), (0, None)])
    def test_its_model_says_after_how_long(self, threshold: int, away_after: int | None) -> None:
        client = Client()
        device = client.register(client.model(claim="automatic", offline_threshold=threshold))
        device.call("POST", "/telemetry", GOOD)
        sweep(client, (away_after or 7_200) - 120)
        assert status(client, device) == "online"
        sweep(client, 180)
        assert status(client, device) == ("offline" if away_after else "online")

    def test_one_that_is_gone_is_looked_at_no_more(self, client: Client, device: Device) -> None:
        device.call("POST", "/telemetry", GOOD)
        device.call("DELETE")
        sweep(client, 300)
        assert [name for name in client.ports.records.rows if name[1] == asking.ABSENCES.name] == []


class TestChildren:
    def child(self, parent: Device, sn: str = "c1") -> Device:
        body = {"sn": sn, "firmware_version": "1.0.0"}
        made = parent.call("POST", "/children", body).body
        return Device(parent.ports, made["id"], made["access_key"])

    def test_a_parent_speaks_for_its_children(self, client: Client, device: Device) -> None:
        one, two, foreign = self.child(device), self.child(device, "c2"), client.register(client.model())
        body = {
            one.id: GOOD,
            two.id: {"status": "online", "telemetries": {"speed": {}}},
            foreign.id: GOOD,
            "x": GOOD,
            device.id: GOOD,
        }
        assert device.call("POST", "/children/telemetries", body).body == {
            one.id: {**NOTHING, "space_data_version": 1},
            two.id: {"error": "Common telemetries.speed must be string, number or boolean"},
            foreign.id: {"error": "Invalid access token"},
            "x": {"error": "Invalid access token"},
            device.id: {"error": "Invalid access token"},
        }
        assert (len(kept(client, one)), len(kept(client, device))) == (1, 0)

    def test_another_device_is_shown_by_its_key(self, client: Client, device: Device) -> None:
        foreign = client.register(client.model(claim="automatic"))
        body = {foreign.id: {**GOOD, "access_token": foreign.key}}
        assert device.call("POST", "/children/telemetries", body).body[foreign.id]["success"] is True
        for token in (device.key, "", 5):
            wrong = {foreign.id: {**GOOD, "access_token": token}}
            assert device.call("POST", "/children/telemetries", wrong).body[foreign.id] == {
                "error": "Invalid access token"
            }
        assert len(kept(client, foreign)) == 1

    def test_a_child_that_registered_a_moment_ago_is_known_everywhere(self, client: Client, device: Device) -> None:
        before = client.ports.directory.rows[device.id]
        child = self.child(device)
        client.ports.directory.remembered[device.id] = before
        assert device.call("POST", "/children/telemetries", {child.id: GOOD}).body[child.id]["success"] is True

    def test_one_that_there_is_no_room_for_registers_and_follows_once_there_is(
        self, client: Client, device: Device
    ) -> None:
        settings.set_quotas(client.ports, client.tenant.id, {Stored.DEVICES: 1})
        client.ports.clock.advance(ms=61_000)
        child = self.child(device)
        assert child.call("POST", "/telemetry", GOOD).body == NOTHING
        settings.set_quotas(client.ports, client.tenant.id, {Stored.DEVICES: None})
        assert child.call("POST", "/telemetry", GOOD).body["space_data_version"] == 1
        assert len(kept(client, child)) == 1

    def test_so_many_at_once(self, device: Device) -> None:
        assert device.call("POST", "/children/telemetries", {f"{n}": GOOD for n in range(101)}).status == 422

    def test_a_child_whose_parent_was_given_up_is_nobodys(self, client: Client, device: Device) -> None:
        child = self.child(device)
        client.call("DELETE", f"{DEVICES}/{device.id}")
        assert child.call("POST", "/telemetry", GOOD).body == NOTHING


class TestUpdate:
    def test_a_device_says_what_it_is_now(self, client: Client, device: Device) -> None:
        body = {"firmware_version": "2.0.0", "name": "New", "sub_model": "b", "details": {"a": 1}, "config_version": 0}
        reply = device.call("PUT", "", body)
        assert reply.status == 200
        told = client.call("GET", f"{DEVICES}/{device.id}").body
        assert (told["firmware"], told["name"], told["model"]["sub_model"]) == ({"version": "2.0.0"}, "New", "b")
        assert told["details"] == reply.body["details"] == {"a": 1}
        assert device.call("PUT", "", {"details": {"b": 2}}).body["details"] == {"b": 2}
        assert device.call("GET").body["name"] == "New"

    def test_unknown_parameters_are_refused_from_1_0_6_on(self, client: Client) -> None:
        new = client.register(client.model(api_version="1.0.6"))
        old = client.register(client.model(api_version="1.0.5"), sn="2")
        assert new.call("PUT", "", {"colour": "red"}).status == 400
        assert old.call("PUT", "", {"colour": "red"}).status == 200

    def test_details_are_small(self, client: Client, device: Device) -> None:
        large = {"a": "x" * 17_000}
        assert device.call("PUT", "", {"details": large}).status == 422
        body = {"hardware_key": client.model(), **PROOF, "firmware_version": "1.0.0", "details": large}
        assert send(client.ports, "POST", "/v1/devices", body).status == 422

    @pytest.mark.parametrize("body", [{"firmware_version": "x"}, {"name": 5}, {"details": "x"}, {"config_version": -1}])
    def test_what_is_wrong_is_said(self, device: Device, body: Any) -> None:
        assert device.call("PUT", "", body).status == 422
        assert device.call("PUT", "", {"config_version": 7}).status == 422

    def test_so_often_an_hour(self, device: Device) -> None:
        statuses = []
        for _ in range(11):
            device.ports.clock.advance(ms=1_000)
            statuses.append(device.call("PUT", "", {"name": "x"}).status)
        assert statuses == [200] * 10 + [429]
        assert send(device.ports, "GET", f"/v1/devices/{device.id}", key=device.key).status == 200
