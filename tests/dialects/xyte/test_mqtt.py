"""The second door: MQTT 5, through the triggers as IoT Core calls them (MQTT Basics, MQTT Events, Subscribe Topics)."""

import hashlib
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.dialects.xyte import orders, topics
from chalicelib.fleet.commands.records import DeliveryStatus, Status
from chalicelib.fleet.configuration import fetching
from chalicelib.fleet.data import messages
from chalicelib.fleet.inventory import devices
from chalicelib.fleet.ports import Outcome
from chalicelib.fleet.resources import catalog
from chalicelib.fleet.resources.records import Resource, ResourceVersion
from tests.dialects.xyte.claimed import Owned, owning
from tests.dialects.xyte.client import Client, Device
from tests.dialects.xyte.wire import Wire
from tests.fakes import FENCE_REST

DEVICES = "/core/v1/organization/devices"
PROOF = {"mac": "00:11:22:AA:bb:cc", "sn": "SN-1"}


@pytest.fixture
def owned() -> Owned:
    return owning()


@pytest.fixture
def wire(owned: Owned) -> Wire:
    return Wire(owned.device)


def send(owned: Owned, name: str = "reboot", **about: Any) -> str:
    made = owned.organization.made(f"{DEVICES}/{owned.device.id}/commands", {"name": name, **about})
    owned.ports.run_background()
    return str(made["id"])


def stands(owned: Owned, command: str) -> tuple[Status, DeliveryStatus | None]:
    found = owned.ports.commands.get(owned.tenant, orders.id_of(command) or "")
    assert found is not None
    return found.status, found.delivery


def test_its_id_and_key_let_a_device_in_and_nothing_else_does(owned: Owned, wire: Wire) -> None:
    assert wire.knock()["isAuthenticated"]
    other = owned.another(mac="00:00:00:00:00:02", sn="SN-2")
    assert not wire.knock(other.device.key)["isAuthenticated"]
    assert not wire.knock("x")["isAuthenticated"]
    assert not wire.knock(username=other.device.id)["isAuthenticated"]
    owned.device.call("DELETE")
    assert not wire.knock()["isAuthenticated"]


def test_a_policy_gives_a_device_its_own_topics_alone(wire: Wire) -> None:
    wire.connect()
    policy = wire.policy()
    other = "00000000-0000-4000-8000-000000000000"
    up = ["telemetry", "command/update", "commands/update", "config/update", "license/update"]
    down = ["command", "commands", "command/children", "config", "license", "space_info", "incidents", "firmware"]
    for name in up:
        assert policy.allows("iot:Publish", f"topic/{wire.topic(name)}")
        assert not policy.allows("iot:Publish", f"topic/v1/device/{other}/{name}")
        assert not policy.allows("iot:Subscribe", f"topicfilter/{wire.topic(name)}")
        assert not policy.allows("iot:Receive", f"topic/{wire.topic(name)}")
    for name in (*down, "update"):
        assert policy.allows("iot:Subscribe", f"topicfilter/{wire.topic(name)}")
        assert policy.allows("iot:Receive", f"topic/{wire.topic(name)}")
        assert not policy.allows("iot:Publish", f"topic/{wire.topic(name)}")
        assert not policy.allows("iot:Subscribe", f"topicfilter/v1/device/{other}/{name}")
        assert not policy.allows("iot:Subscribe", f"topicfilter/v1/device/+/{name}")
    assert policy.allows("iot:Connect", f"client/{wire.device.id}")
    assert not policy.allows("iot:Connect", f"client/{other}")


def test_topics_fit_into_what_the_broker_takes() -> None:
    assert max(topic.filter.count("/") for topic in topics.TOPICS) <= 7


def test_telemetry_is_stored_as_if_it_were_posted(owned: Owned, wire: Wire) -> None:
    wire.connect()
    wire.publish("telemetry", {"status": "online", "telemetries": {"speed": 5.5}}, times=2)
    (message,) = messages.sent_by(owned.ports, owned.tenant, owned.urn)
    assert message.value == {"speed": 5.5}


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("telemetry", b"{"),
        ("telemetry", b"\xff"),
        ("telemetry", []),
        ("telemetry", {"status": "up"}),
        ("telemetry", {"status": "online", "telemetries": {"a": {}}}),
        ("command/update", {"status": "done"}),
        ("command/update", {"id": "x", "status": "done"}),
        ("command/update", {"id": 1, "status": "done"}),
        ("command/update", {"id": "x", "status": "maybe"}),
        ("config/update", {"version": "x"}),
        ("license/update", {"id": "x"}),
        ("license/update", {"id": "x", "state": "inuse"}),
        ("license/update", {"id": "x", "state": "other"}),
        ("nothing", {}),
        ("telemetry", b'{"status":"online","telemetries":{"a":NaN}}'),
        ("telemetry", b'{"status":"online","telemetries":{"a":1e400}}'),
        ("telemetry", b'{"status":"online","telemetries":{"a":-Infinity}}'),
        ("telemetry", b'{"status":"online","telemetries":{"a":1' + b"0" * 400 + b"}}"),
        ("telemetry", b'{"status":"online","telemetries":{"\\ud800":1}}'),
        ("telemetry", b'{"status":"online","telemetries":{"a":"\\udc00"}}'),
        ("telemetry", b'{"status":"online","message":"\\ud83d"}'),
        ("command/update", b'{"id":"\\ud800","status":"done"}'),
        ("commands/update", b'{"id":"x","status":"\\ud800"}'),
        ("config/update", b'{"config":{"\\ud800":1}}'),
        ("config/update", b'{"config":{"a":' + b"[" * 500 + b"]" * 500 + b"}}"),
        ("config/update", b'{"config":{"a":NaN}}'),
        ("license/update", b'{"id":"\\ud800","state":"inuse"}'),
        ("license/update", b"[" * 100_000),
        ("telemetry", b""),
    ],
)
def test_what_cannot_be_taken_is_told_to_its_owner_s_audit_log_alone(
    owned: Owned, wire: Wire, name: str, body: Any
) -> None:
    wire.connect()
    wire.publish(name, body)
    assert len(wire.complaints(owned.tenant)) == 1
    assert wire.messages() == []


def test_another_device_s_topic_means_nothing(owned: Owned, wire: Wire) -> None:
    other = owned.another(mac="00:00:00:00:00:02", sn="SN-2")
    wire.connect()
    topic = f"v1/device/{other.device.id}/telemetry"
    wire.publish("", {"status": "online", "telemetries": {"a": 1}}, topic=topic)
    assert len(wire.complaints(owned.tenant)) == 1
    assert list(messages.sent_by(owned.ports, owned.tenant, other.urn)) == []


@pytest.mark.parametrize("names", [("command",), ("commands",), ("command", "commands")])
def test_a_command_is_told_on_the_topics_that_it_listens_to_and_delivered_when_confirmed(
    owned: Owned, wire: Wire, names: tuple[str, ...]
) -> None:
    wire.connect(*names)
    command = send(owned, extra_params={"delay": 5})
    (told,) = wire.commands()
    body = {"id": command, "device_id": owned.device.id, "status": "pending", "name": "reboot"}
    assert told == (
        [wire.topic(name) for name in names],
        {**body, "parameters": {"delay": 5}},
        f"{wire.topic(names[0])}/update",
    )
    assert stands(owned, command) == (Status.PROCESSING, DeliveryStatus.DELIVERED)
    wire.publish(f"{names[0]}/update", {"id": command, "status": "in_progress"})
    wire.publish(f"{names[0]}/update", {"id": command, "status": "done", "message": "ok"})
    assert stands(owned, command) == (Status.PROCESSED, DeliveryStatus.REPLIED)


def test_the_next_one_comes_when_the_head_has_ended(owned: Owned, wire: Wire) -> None:
    wire.connect("command")
    first, second = send(owned, "first"), send(owned, "second")
    assert [body["id"] for _, body, _ in wire.commands()] == [first]
    wire.publish("command/update", {"id": first, "status": "error", "message": "broken"})
    assert stands(owned, first) == (Status.ERROR, DeliveryStatus.REPLIED)
    assert [body["id"] for _, body, _ in wire.commands()] == [second]


def test_what_was_not_confirmed_is_not_said_to_be_delivered(owned: Owned, wire: Wire) -> None:
    wire.connect("command")
    owned.ports.delivery.outcomes.append(Outcome.UNCONFIRMED)
    assert stands(owned, send(owned)) == (Status.PROCESSING, DeliveryStatus.SENT)


def test_what_waits_comes_with_the_subscription_and_again_with_the_next_until_it_is_begun(
    owned: Owned, wire: Wire
) -> None:
    command = send(owned)
    wire.connect()
    assert wire.commands() == []
    wire.subscribe("command")
    assert [body["id"] for _, body, _ in wire.commands()] == [command]
    wire.disconnect()
    wire.connect("command")
    assert [body["id"] for _, body, _ in wire.commands()] == [command]
    wire.publish("command/update", {"id": command, "status": "in_progress"})
    wire.disconnect()
    wire.connect("command")
    assert wire.commands() == []


def test_what_was_asked_for_over_http_comes_with_the_subscription_too(owned: Owned, wire: Wire) -> None:
    command = send(owned)
    assert owned.device.call("GET", "/command").body["id"] == command
    wire.connect("command")
    assert [body["id"] for _, body, _ in wire.commands()] == [command]
    assert owned.device.call("GET", "/command").body["id"] == command


def test_before_they_had_to_be_named_the_head_is_meant() -> None:
    owned = owning(api_version="1.0.0")
    wire, command = Wire(owned.device), send(owned)
    wire.connect("commands")
    wire.publish("commands/update", {"status": "done"})
    assert stands(owned, command)[0] is Status.PROCESSED


@pytest.mark.parametrize("version", ["1.0.4", "1.0.7"])
def test_a_configuration_comes_as_it_would_be_answered_once_a_version_and_session(version: str) -> None:
    owned = owning(api_version=version)
    wire = Wire(owned.device)
    fetching.want(owned.ports, owned.tenant, owned.urn, {"input": "hdmi"})
    wire.connect("config")
    (told,) = wire.configurations()
    assert told == owned.device.call("GET", "/config").body
    send(owned)
    assert wire.configurations() == []
    fetching.want(owned.ports, owned.tenant, owned.urn, {"input": "vga"})
    owned.ports.run_background()
    (told,) = wire.configurations()
    assert told["version"] == 2
    wire.disconnect()
    wire.connect("config")
    assert wire.configurations() == [told]
    wire.publish("config/update", told)
    assert fetching.get(owned.ports, owned.tenant, owned.urn).settled
    wire.disconnect()
    wire.connect("config")
    assert wire.configurations() == []


def test_a_configuration_that_the_broker_could_not_take_comes_later(owned: Owned, wire: Wire) -> None:
    wire.connect("config")
    owned.ports.delivery.outcomes.append(Outcome.ABSENT)
    owned.ports.delivery.subscriptions.pop(owned.device.id)
    fetching.want(owned.ports, owned.tenant, owned.urn, {"input": "hdmi"})
    owned.ports.run_background()
    wire.configurations()
    wire.connect("config")
    assert [told["version"] for told in wire.configurations()] == [1]


def test_all_else_that_waits_comes_with_its_subscription(owned: Owned, wire: Wire) -> None:
    licence = owned.organization.made(f"{DEVICES}/{owned.device.id}/licenses", {"data": {"seats": 5}})["id"]
    incident = owned.device.call("POST", "/incidents", {"title": "Too hot"}).body
    now, md5 = owned.ports.clock.now(), hashlib.md5(b"x", usedforsecurity=False).hexdigest()
    catalog.create(owned.ports, Resource(owned.tenant, "fw", now, now, metadata={"models": "Pump"}))
    catalog.add_version(owned.ports, ResourceVersion(owned.tenant, "fw", "9.0.0", now, now, md5, 0, "f"), b"x")
    wire.connect("command")
    assert wire.messages() == []
    wire.subscribe("license", "incidents", "firmware")
    told = dict(wire.messages())
    (one,) = told["license"]
    assert one == {**owned.device.call("GET", "/license").body, "current_time": one["current_time"]}
    assert told["incidents"] == [incident]
    responses = owned.ports.delivery.responses
    assert responses[wire.topic("license")] == wire.topic("license/update")
    assert responses[wire.topic("incidents")] == responses[wire.topic("firmware")] == ""
    assert told["firmware"]["latest_fw_version"] == "9.0.0"
    wire.publish("license/update", {"id": licence, "state": "inuse"})
    assert owned.device.call("GET", "/license").body == {}
    wire.subscribe("license")
    assert wire.messages() == []


def test_a_licence_is_told_as_it_is_given(owned: Owned, wire: Wire) -> None:
    wire.connect("license")
    owned.organization.made(f"{DEVICES}/{owned.device.id}/licenses", {"data": {"seats": 5}})
    ((name, (one,)),) = wire.messages()
    assert (name, one["data"], one["add"]) == ("license", {"seats": 5}, True)
    assert owned.ports.delivery.responses[wire.topic("license")] == wire.topic("license/update")


def test_a_device_of_nobody_may_come_in_and_its_telemetry_is_noted_only() -> None:
    organization = Client()
    device = organization.register(organization.model())
    wire = Wire(device)
    wire.connect("command", "config", "license", "incidents", "firmware")
    wire.publish("telemetry", {"status": "online", "telemetries": {"speed": 1}})
    wire.publish("config/update", {"a": 1})
    wire.publish("telemetry", b"{")
    noted = device.ports.directory.noted(device.id)
    assert noted is not None
    assert noted["telemetries"] == {"speed": 1}
    assert (device.ports.claims.rows, device.ports.mailboxes.rows, wire.messages()) == ({}, {}, [])


def test_claiming_closes_the_session_which_comes_back_as_the_owner_s() -> None:
    organization = Client()
    device = organization.register(organization.model())
    wire = Wire(device)
    wire.connect("command")
    assert organization.call("POST", f"{DEVICES}/claim", PROOF).status == 200
    assert device.id in device.ports.background.disconnects
    before = wire.principal
    wire.publish("telemetry", {"status": "online", "telemetries": {"secret": 1}})
    owned = Owned(organization, device, "")
    assert list(messages.sent_by(device.ports, owned.tenant, owned.urn)) == []
    wire.connect("command")
    assert wire.principal != before
    command = send(owned)
    assert [body["id"] for _, body, _ in wire.commands()] == [command]


def test_giving_up_closes_the_session_and_the_next_owner_waits_for_the_fence(owned: Owned, wire: Wire) -> None:
    wire.connect("command")
    assert owned.organization.call("DELETE", f"{DEVICES}/{owned.device.id}").status == 200
    owned.ports.run_background()
    assert owned.device.id in owned.ports.delivery.disconnected
    wire.publish("telemetry", {"status": "online", "telemetries": {"late": 1}})
    other = Client(owned.ports, "other")
    assert other.call("POST", f"{DEVICES}/claim", PROOF).status == 200
    owned.ports.delivery.subscriptions.pop(owned.device.id, None)
    assert not wire.knock()["isAuthenticated"]
    wire.publish("telemetry", {"status": "online", "telemetries": {"late": 2}})
    owned.ports.run_background()
    owned.ports.clock.advance(ms=FENCE_REST + 60_000)
    theirs = Owned(other, owned.device, owned.model)
    wire.connect("command")
    command = send(theirs)
    assert [body["id"] for _, body, _ in wire.commands()] == [command]
    wire.publish("telemetry", {"status": "online", "telemetries": {"theirs": 1}})
    (message,) = messages.sent_by(owned.ports, theirs.tenant, theirs.urn)
    assert message.value == {"theirs": 1}


def delete_elsewhere(owned: Owned) -> None:
    devices.delete(owned.ports, owned.tenant, owned.urn)
    owned.ports.run_background()


def test_coming_in_brings_no_device_back_that_its_owner_has_deleted(owned: Owned, wire: Wire) -> None:
    wire.connect("command")
    delete_elsewhere(owned)
    wire.disconnect()
    wire.connect("command")
    wire.publish("telemetry", {"status": "online", "telemetries": {"late": 1}})
    assert owned.organization.call("GET", DEVICES).body["items"] == []
    assert list(messages.sent_by(owned.ports, owned.tenant, owned.urn)) == []
    owned.ports.clock.advance(ms=FENCE_REST + 60_000)
    other = Client(owned.ports, "other")
    assert other.call("POST", f"{DEVICES}/claim", PROOF).status == 200
    assert owned.device.id in owned.ports.background.disconnects
    wire.connect("command")
    theirs = Owned(other, owned.device, owned.model)
    command = send(theirs)
    assert [body["id"] for _, body, _ in wire.commands()] == [command]


def test_who_came_in_as_nobodys_while_it_was_claimed_is_sent_back_for_its_owner() -> None:
    organization = Client()
    device = organization.register(organization.model())
    wire = Wire(device)
    wire.connect("command")
    assert organization.call("POST", f"{DEVICES}/claim", PROOF).status == 200
    # There was no session to close yet.
    device.ports.background.disconnects.clear()
    wire.publish("telemetry", {"status": "online", "telemetries": {"n": 1}})
    assert device.id in device.ports.background.disconnects


def test_who_deletes_itself_while_it_is_nobodys_has_no_session_any_more() -> None:
    organization = Client()
    device = organization.register(organization.model())
    wire = Wire(device)
    wire.connect()
    assert device.call("DELETE").status == 200
    wire.publish("telemetry", {"status": "online"})
    assert device.id in device.ports.background.disconnects


def test_a_child_that_was_left_behind_follows_as_it_speaks_and_comes_in_again(owned: Owned) -> None:
    made = owned.device.call("POST", "/children", {"sn": "c", "firmware_version": "1.0.0"}).body
    child = Device(owned.ports, made["id"], made["access_key"])
    rows = owned.ports.directory.rows
    rows[child.id] = replace(rows[child.id], owner=None, transfers=2)
    devices.delete(owned.ports, owned.tenant, f"urn:lo:nsid:xyte:{child.id}")
    wire = Wire(child)
    wire.connect()
    wire.publish("telemetry", {"status": "online", "telemetries": {"n": 1}})
    assert rows[child.id].owner == owned.tenant
    assert child.id in owned.ports.background.disconnects
    assert list(messages.sent_by(owned.ports, owned.tenant, f"urn:lo:nsid:xyte:{child.id}")) == []
