"""What a device is told over MQTT while it is connected: incidents, its children's commands, newer firmware."""

import hashlib
from typing import Any

import pytest

from chalicelib.dialects.xyte import lifecycle, listening
from chalicelib.fleet.data import alarms
from chalicelib.fleet.data.alarm_records import Severity
from chalicelib.fleet.data.alarms import Report
from chalicelib.fleet.resources import catalog
from chalicelib.fleet.resources.records import Resource, ResourceVersion
from tests.dialects.xyte.claimed import Owned, owning
from tests.dialects.xyte.client import Client, Device
from tests.dialects.xyte.wire import Wire

DEVICES = "/core/v1/organization/devices"
PROOF = {"mac": "00:11:22:AA:bb:cc", "sn": "SN-1"}
TELEMETRY = {"status": "online", "telemetries": {"speed": 1}}
pytestmark = pytest.mark.row("I5")


@pytest.fixture
def owned() -> Owned:
    lifecycle.forget()
    return owning()


@pytest.fixture
def wire(owned: Owned) -> Wire:
    return Wire(owned.device)


@pytest.fixture
def child(owned: Owned) -> Device:
    made = owned.device.call("POST", "/children", {"sn": "c", "firmware_version": "1.0.0"}).body
    return Device(owned.ports, made["id"], made["access_key"])


def order(owned: Owned, device: Device, name: str) -> str:
    return str(owned.organization.made(f"{DEVICES}/{device.id}/commands", {"name": name})["id"])


def raise_alarm(owned: Owned, type_: str) -> None:
    """By another API."""
    report = Report(owned.urn, type_, Severity.MAJOR, "Too hot", owned.ports.clock.advance(ms=1))
    alarms.raise_(owned.ports, owned.tenant, report, alarms.stamp(owned.ports))


def add_firmware(owned: Owned, version: str) -> None:
    now, md5 = owned.ports.clock.now(), hashlib.md5(b"x", usedforsecurity=False).hexdigest()
    if owned.ports.catalog.get(owned.tenant, "fw") is None:
        catalog.create(owned.ports, Resource(owned.tenant, "fw", now, now, metadata={"models": "Pump"}))
    catalog.add_version(owned.ports, ResourceVersion(owned.tenant, "fw", version, now, now, md5, 0, "f"), b"x")


def issues(told: list[tuple[str, Any]]) -> list[tuple[str, list[str]]]:
    return [(name, [one["issue"] for one in body]) for name, body in told]


def test_what_is_open_is_told_as_it_changes_whoever_opened_it(owned: Owned, wire: Wire) -> None:
    wire.connect("incidents")
    raise_alarm(owned, "heat")
    assert issues(wire.messages()) == [("incidents", ["heat"])]
    opened = owned.device.call("POST", "/incidents", {"title": "Noise", "issue": "noise"}).body
    assert issues(wire.messages()) == [("incidents", ["heat", "noise"])]
    owned.device.call("DELETE", f"/incidents/{opened['id']}")
    assert issues(wire.messages()) == [("incidents", ["heat"])]
    owned.device.call("DELETE", "/incidents")
    assert issues(wire.messages()) == [("incidents", [])]


def test_who_does_not_listen_or_is_away_is_told_nothing(owned: Owned, wire: Wire) -> None:
    other = owned.another(mac="00:00:00:00:00:02", sn="SN-2")
    theirs = Wire(other.device)
    theirs.connect("incidents")
    wire.connect("command")
    raise_alarm(owned, "heat")
    assert (wire.messages(), theirs.messages()) == ([], [])
    wire.subscribe("incidents")
    assert issues(wire.messages()) == [("incidents", ["heat"])]
    wire.disconnect()
    raise_alarm(owned, "noise")
    assert wire.messages() == []
    wire.connect("incidents")
    assert issues(wire.messages()) == [("incidents", ["heat", "noise"])]


def test_where_nobody_listens_no_event_is_looked_at(owned: Owned, wire: Wire) -> None:
    wire.connect("command", "config", "license", "firmware")
    assert owned.ports.policies.rows == {}
    wire.subscribe("incidents")
    other = Wire(owned.another(mac="00:00:00:00:00:02", sn="SN-2").device)
    other.connect("command/children")
    (policy,) = owned.ports.policies.rows.values()
    assert set(policy.triggers) == {str(kind) for kinds in listening.KINDS.values() for kind in kinds}


def test_a_parent_is_told_its_childrens_commands_and_answers_for_them(owned: Owned, wire: Wire, child: Device) -> None:
    first = order(owned, child, "mute")
    wire.connect("command/children")
    ((name, (told,)),) = wire.messages()
    assert (name, told) == (
        "command/children",
        {"id": first, "device_id": child.id, "status": "pending", "name": "mute", "parameters": {}},
    )
    assert owned.ports.delivery.responses[wire.topic("command/children")] == wire.topic("command/update")
    second = order(owned, child, "unmute")
    wire.messages()
    for status in ("in_progress", "done"):
        wire.publish("command/update", {"id": first, "device_id": child.id, "status": status})
    assert [body[0]["id"] for _, body in wire.messages()] == [second]
    wire.publish("command/update", {"id": second, "status": "failed", "message": "broken"})
    items = owned.organization.call("GET", f"{DEVICES}/{child.id}/commands").body["items"]
    assert [one["status"] for one in items] == ["failed", "done"]
    assert wire.complaints(owned.tenant) == []


def test_nobody_answers_for_a_device_that_is_no_child_of_theirs(owned: Owned, wire: Wire) -> None:
    other = owned.another(mac="00:00:00:00:00:02", sn="SN-2")
    command = order(owned, other.device, "mute")
    wire.connect("command", "command/children")
    wire.publish("command/update", {"id": command, "status": "done"})
    assert len(wire.complaints(owned.tenant)) == 1
    (one,) = owned.organization.call("GET", f"{DEVICES}/{other.device.id}/commands").body["items"]
    assert one["status"] == "pending"


def test_newer_firmware_is_told_to_a_device_that_speaks(owned: Owned, wire: Wire) -> None:
    wire.connect("firmware")
    wire.publish("telemetry", TELEMETRY)
    assert wire.messages() == []
    for version in ("9.0.0", "9.1.0"):
        add_firmware(owned, version)
        wire.publish("telemetry", TELEMETRY)
        wire.publish("telemetry", TELEMETRY)
        assert [body["latest_fw_version"] for _, body in wire.messages()] == [version]
    assert wire.complaints(owned.tenant) == []


def test_the_next_owner_is_told_nothing_of_the_one_before(owned: Owned, wire: Wire) -> None:
    wire.connect("incidents")
    raise_alarm(owned, "heat")
    wire.messages()
    assert owned.organization.call("DELETE", f"{DEVICES}/{owned.device.id}").status == 200
    other = Client(owned.ports, "other")
    assert other.call("POST", f"{DEVICES}/claim", PROOF).status == 200
    raise_alarm(owned, "late")
    assert wire.messages() == []
