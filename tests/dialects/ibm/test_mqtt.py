import base64
import json
from typing import Any

import pytest

from chalicelib.dialects.ibm import codec, terms
from chalicelib.dialects.ibm.applications import BUFFER
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.commands import creating
from chalicelib.fleet.commands.creating import Order
from chalicelib.fleet.commands.records import Command, Policy, Status
from chalicelib.fleet.data import messages
from chalicelib.fleet.ports import Outcome
from chalicelib.fleet.presence.records import Route
from chalicelib.fleet.tenancy import settings
from chalicelib.fleet.tenancy.records import Use
from tests.dialects.ibm.client import V1, Client
from tests.dialects.ibm.site import Site

EVENTS = "iot-2/type/+/id/+/evt/+/fmt/+"
COMMANDS = "iot-2/type/+/id/+/cmd/+/fmt/+"
STATUS = "iot-2/type/+/id/+/mon"


@pytest.fixture
def site() -> Site:
    return Site()


def commands(site: Site, device: str = "pump:p1") -> list[Command]:
    id_ = f"urn:lo:nsid:{device}"
    return list(creating.listing(site.client.ports, site.org, id_, start=None, end=None, descending=False))


class TestLogin:
    def test_a_device_comes_in_with_its_token(self, site: Site) -> None:
        token = site.client.registered()
        assert site.knock(f"d:{site.org}:pump:p1", "use-token-auth", token)["isAuthenticated"]

    @pytest.mark.parametrize(
        ("client", "username", "code"),
        [
            ("d:{org}:pump:p2", "use-token-auth", 5),
            ("d:zzzzzz:pump:p1", "use-token-auth", 5),
            ("d:{org}:pump", "use-token-auth", 2),
            ("a:{org}:pump", "use-token-auth", 5),
            ("", "use-token-auth", 2),
        ],
    )
    def test_a_token_opens_no_other_client_id(self, site: Site, client: str, username: str, code: int) -> None:
        token = site.client.registered()
        answer = site.knock(client.format(org=site.org), username, token)
        assert answer == {"isAuthenticated": False, "connackCode": code}

    def test_a_wrong_token_is_told_to_the_audit_log(self, site: Site) -> None:
        site.client.registered()
        assert not site.knock(f"d:{site.org}:pump:p1", "use-token-auth", "guess")["isAuthenticated"]
        assert any("the token is not that of the device" in reason for reason in site.complaints())

    def test_a_device_registered_anew_has_a_new_token(self, site: Site) -> None:
        old = site.client.registered()
        site.client.call("DELETE", f"{V1}/devices/pump/p1")
        new = site.client.registered()
        client = f"d:{site.org}:pump:p1"
        assert not site.knock(client, "use-token-auth", old)["isAuthenticated"]
        assert site.knock(client, "use-token-auth", new)["isAuthenticated"]

    def test_deleting_a_device_closes_its_connection(self, site: Site) -> None:
        device = site.device()
        site.client.call("DELETE", f"{V1}/devices/pump/p1")
        site.client.ports.run_background()
        assert site.client.ports.delivery.disconnected == [device]

    def test_an_application_comes_in_with_key_and_token(self, site: Site) -> None:
        assert site.knock(f"a:{site.org}:any thing", *site.client.credentials)["isAuthenticated"]

    def test_a_key_opens_its_own_organization_only(self, site: Site) -> None:
        other = Client(site.client.ports, "globex")
        assert not site.knock(f"a:{other.org}:app", *site.client.credentials)["isAuthenticated"]

    def test_an_application_needs_a_key_that_may_do_something_here(self, site: Site) -> None:
        key = site.client.credentials_with(Role.BUS_R)
        assert not site.knock(f"a:{site.org}:app", *key)["isAuthenticated"]

    def test_the_policies_are_within_what_iot_core_allows(self, site: Site) -> None:
        token = site.client.registered()
        for who in ((f"d:{site.org}:pump:p1", "use-token-auth", token), (f"a:{site.org}:x", *site.client.credentials)):
            documents = site.knock(*who)["policyDocuments"]
            assert all(len(document) <= 2_048 for document in documents)

    def test_a_device_may_not_publish_what_applications_listen_to(self, site: Site) -> None:
        answer = site.knock(f"d:{site.org}:pump:p1", "use-token-auth", site.client.registered())
        statements = [s for document in answer["policyDocuments"] for s in json.loads(document)["Statement"]]
        denied = [resource for s in statements if s["Effect"] == "Deny" for resource in s["Resource"]]
        assert {d.partition(":topic/")[2] for d in denied} >= {
            "iot-2/type/*/id/*/mon",
            "iot-2/app/*/mon",
            "iot-2/cmd/*/fmt/*",
            "iotdm-1/*",
        }


class TestEvents:
    def test_an_event_becomes_a_data_message(self, site: Site) -> None:
        device = site.device()
        site.publish(device, "iot-2/evt/status/fmt/json", {"d": {"cpu": 60}})
        (message,) = messages.read(site.client.ports, site.org, "urn:lo:nsid:pump:p1")
        assert (message.value, message.model) == ({"cpu": 60}, "status")
        assert message.metadata["source"] == "urn:lo:nsid:pump:p1"

    def test_a_repeated_event_is_kept_once(self, site: Site) -> None:
        device = site.device()
        at = site.client.ports.clock.at
        for _ in range(2):
            site.client.ports.clock.at = at
            site.publish(device, "iot-2/evt/status/fmt/json", {"d": {}}, event="same")
        assert len(messages.read(site.client.ports, site.org, "urn:lo:nsid:pump:p1")) == 1

    @pytest.mark.parametrize("topic", ["iot-2/evt/status", "iot-2/nothing", "iot-2/type/pump/id/p2/evt/e/fmt/json"])
    def test_a_topic_that_a_device_may_not_use_goes_to_the_audit_log(self, site: Site, topic: str) -> None:
        device = site.device()
        site.publish(device, topic, {})
        assert site.complaints() == [f"a device may not publish on topic {topic}"]

    def test_the_limit_of_the_organization_holds_for_a_device_with_its_token(self, site: Site) -> None:
        device = site.device()
        settings.set_limits(site.client.ports, site.org, {Use.MESSAGES: (2, 3600)})
        for number in range(3):
            site.publish(device, "iot-2/evt/status/fmt/json", {"d": {"n": number}})
        assert len(messages.read(site.client.ports, site.org, site.client.fleet_id())) == 2
        assert site.complaints() == [
            "too many messages: the limit of the API key, of one above it, or of the tenant is reached"
        ]

    def test_an_application_gets_the_event_as_it_was_published(self, site: Site) -> None:
        application, device = site.application("app", EVENTS), site.device()
        site.publish(device, "iot-2/evt/status/fmt/json", b'{"d":  {"cpu": 60}}')
        assert site.client.ports.delivery.sent == [
            (application, "iot-2/type/pump/id/p1/evt/status/fmt/json", b'{"d":  {"cpu": 60}}')
        ]

    @pytest.mark.parametrize(
        ("name", "comes"),
        [
            ("iot-2/type/pump/id/+/evt/+/fmt/+", True),
            ("iot-2/type/valve/id/+/evt/+/fmt/+", False),
            ("iot-2/type/+/id/p1/evt/status/fmt/json", True),
            ("iot-2/type/+/id/+/evt/other/fmt/+", False),
        ],
    )
    def test_a_subscription_chooses_type_device_and_event(self, site: Site, name: str, comes: bool) -> None:  # noqa: FBT001
        application, device = site.application("app", name), site.device()
        site.publish(device, "iot-2/evt/status/fmt/json", {"d": {}})
        assert bool(site.received(application)) is comes

    def test_overlapping_subscriptions_give_one_message(self, site: Site) -> None:
        application, device = site.application("app", EVENTS, "iot-2/type/pump/id/+/evt/+/fmt/+"), site.device()
        site.publish(device, "iot-2/evt/status/fmt/json", {"d": {}})
        assert len(site.received(application)) == 1

    def test_after_unsubscribing_nothing_comes(self, site: Site) -> None:
        application, device = site.application("app", EVENTS), site.device()
        site._tell("unsubscribed", application, topics=[EVENTS])
        site.publish(device, "iot-2/evt/status/fmt/json", {"d": {}})
        assert site.received(application) == []

    def test_an_application_publishes_for_a_device(self, site: Site) -> None:
        application = site.application("app", EVENTS)
        site.client.registered()
        site.publish(application, "iot-2/type/pump/id/p1/evt/status/fmt/json", {"d": {"cpu": 1}})
        (message,) = messages.read(site.client.ports, site.org, "urn:lo:nsid:pump:p1")
        assert message.value == {"cpu": 1}
        assert len(site.received(application)) == 1

    @pytest.mark.parametrize("name", ["pu mp/id/p1", "pump/id/a:b"])
    def test_nothing_is_published_for_what_can_be_no_device(self, site: Site, name: str) -> None:
        application = site.application("app", EVENTS)
        site.publish(application, f"iot-2/type/{name}/evt/status/fmt/json", {"d": {}})
        assert len(site.complaints()) == 1
        assert site.received(application) == []

    def test_organizations_with_the_same_names_hear_nothing_of_each_other(self, site: Site) -> None:
        other = Site(Client(site.client.ports, "globex"))
        theirs = other.application("app", EVENTS, COMMANDS, STATUS)
        other.client.registered()
        mine, device = site.application("app", EVENTS), site.device()
        site.publish(device, "iot-2/evt/status/fmt/json", {"d": {}})
        site.publish(mine, "iot-2/type/pump/id/p1/evt/status/fmt/json", {"d": {}})
        site.publish(mine, "iot-2/type/pump/id/p1/cmd/x/fmt/json", {"d": {}})
        assert other.received(theirs) == []
        assert messages.read(other.client.ports, other.org, "urn:lo:nsid:pump:p1") == []
        assert commands(other) == []


class TestCommands:
    def test_a_command_reaches_a_device_that_subscribed_to_its_kind(self, site: Site) -> None:
        application, device = site.application("app"), site.device()
        site.subscribe(device, "iot-2/cmd/+/fmt/json")
        site.publish(application, "iot-2/type/pump/id/p1/cmd/reboot/fmt/json", {"delay": 50})
        site.client.ports.run_background()
        ((route, command),) = site.client.ports.delivery.commands
        downlink = codec.command(command, route)
        assert (route.client, downlink.topic) == (device, "iot-2/cmd/reboot/fmt/json")
        assert json.loads(downlink.payload) == {"delay": 50}

    def test_the_device_s_puback_ends_a_command(self, site: Site) -> None:
        application, device = site.application("app"), site.device()
        site.subscribe(device, "iot-2/cmd/+/fmt/+")
        site.client.ports.delivery.outcomes.append(Outcome.CONCLUDED)
        site.publish(application, "iot-2/type/pump/id/p1/cmd/reboot/fmt/json", {})
        site.client.ports.run_background()
        assert [c.status for c in commands(site)] == [Status.PROCESSED]

    def test_a_repeated_message_is_one_command(self, site: Site) -> None:
        application = site.application("app")
        site.client.registered()
        at = site.client.ports.clock.at
        for _ in range(2):
            site.client.ports.clock.at = at
            site.publish(application, "iot-2/type/pump/id/p1/cmd/reboot/fmt/json", {}, event="same")
        assert len(commands(site)) == 1

    def test_a_payload_goes_through_byte_for_byte(self, site: Site) -> None:
        application = site.application("app")
        site.client.registered()
        site.publish(application, "iot-2/type/pump/id/p1/cmd/x/fmt/bin", b"\x00\xff")
        (command,) = commands(site)
        assert codec.published(command) == ("x", "bin", b"\x00\xff")

    def test_applications_hear_of_commands(self, site: Site) -> None:
        application = site.application("app", COMMANDS)
        site.client.registered()
        site.publish(application, "iot-2/type/pump/id/p1/cmd/reboot/fmt/json", {"delay": 1})
        assert site.received(application) == [("iot-2/type/pump/id/p1/cmd/reboot/fmt/json", {"delay": 1})]

    def test_a_key_that_may_not_write_commands_nothing(self, site: Site) -> None:
        key = site.client.credentials_with(Role.DATA_R)
        client = f"a:{site.org}:reader"
        assert site.knock(client, *key)["isAuthenticated"]
        site.client.registered()
        site.publish(client, "iot-2/type/pump/id/p1/cmd/reboot/fmt/json", {})
        assert commands(site) == []
        assert site.complaints() == ["the API key lacks the role DEVICE_W"]

    def test_a_command_beyond_the_queue_is_dropped_and_told(self, site: Site) -> None:
        application = site.application("app")
        site.client.registered()
        for _ in range(terms.TERMS[""].queue + 1):
            site.publish(application, "iot-2/type/pump/id/p1/cmd/reboot/fmt/json", {})
        assert len(commands(site)) == terms.TERMS[""].queue
        assert "dropped" in site.complaints()[0]

    @pytest.mark.parametrize(
        ("request_", "topic", "body"),
        [
            ({"req": "reboot", "arg": {"delay": 5}}, "iot-2/cmd/reboot/fmt/json", {"d": {"delay": 5}}),
            ({"req": "a/b+#"}, "iot-2/cmd/a_b__/fmt/json", {"d": {}}),
            ({"colour": "red"}, "iot-2/cmd/command/fmt/json", {"d": {"colour": "red"}}),
            ("on", "iot-2/cmd/command/fmt/json", {"d": {"value": "on"}}),
        ],
    )
    def test_a_command_of_another_dialect_is_written_after_the_specification(
        self, site: Site, request_: Any, topic: str, body: Any
    ) -> None:
        site.client.registered()
        order = Order("mqtt", request_, Policy())
        command = creating.create(site.client.ports, site.org, "urn:lo:nsid:pump:p1", order)
        downlink = codec.command(command, Route("ibm", "d:x:pump:p1", "mqtt", "d:x:pump:p1", "s"))
        assert (downlink.topic, json.loads(downlink.payload)) == (topic, body)
        assert not downlink.answerable


class TestStatus:
    def test_a_connection_is_told_with_the_fields_of_the_manual(self, site: Site) -> None:
        application = site.application("app", STATUS)
        device = site.device()
        ((topic, body),) = site.received(application)
        assert topic == "iot-2/type/pump/id/p1/mon"
        assert body == {
            "Action": "Connect",
            "Time": body["Time"],
            "ClientAddr": "192.0.2.7",
            "ClientID": device,
            "ConnectTime": body["Time"],
            "Port": 8883,
            "Protocol": "mqtt4",
            "Secure": True,
            "User": "use-token-auth",
        }

    def test_a_disconnection_is_told_with_its_reason(self, site: Site) -> None:
        application, device = site.application("app", STATUS), site.device()
        site.received(application)
        site.disconnect(device, reason="MQTT_KEEP_ALIVE_TIMEOUT")
        ((_, body),) = site.received(application)
        assert (body["Action"], body["CloseCode"]) == ("Disconnect", 160)
        assert {body[name] for name in ("WriteMsg", "ReadMsg", "ReadBytes", "WriteBytes")} == {0}
        assert body["ConnectTime"] < body["Time"]

    def test_a_late_disconnection_of_an_older_session_is_not_told(self, site: Site) -> None:
        application, device = site.application("app", STATUS), site.device()
        old = site.sessions[device]
        site.connect(device)
        site.received(application)
        site.sessions[device] = old
        site.disconnect(device)
        assert site.received(application) == []

    def test_a_new_subscription_begins_with_the_last_status(self, site: Site) -> None:
        here, gone = site.device("pump", "p1"), site.device("pump", "p2")
        site.disconnect(gone)
        site.client.registered("pump", "p3")
        application = site.application("app", STATUS)
        assert {(b["ClientID"], b["Action"]) for _, b in site.received(application)} == {
            (here, "Connect"),
            (gone, "Disconnect"),
        }

    @pytest.mark.parametrize(
        ("name", "level"),
        [("app", "app"), ("x/y", "x%2Fy"), ("+", "%2B"), ("#", "%23"), ("a#/+b", "a%23%2F%2Bb"), ("50%2F", "50%252F")],
    )
    def test_an_application_has_a_status_whatever_its_name(self, site: Site, name: str, level: str) -> None:
        watcher = site.application("watcher", "iot-2/app/+/mon")
        other = site.application(name)
        site.disconnect(other)
        told = site.received(watcher)
        assert [(t, b["Action"]) for t, b in told] == [
            (f"iot-2/app/{level}/mon", "Connect"),
            (f"iot-2/app/{level}/mon", "Disconnect"),
        ]
        assert {b["ClientID"].split(":", 2)[2] for _, b in told} == {name}


class TestBuffers:
    def test_a_durable_application_gets_what_it_missed_in_order(self, site: Site) -> None:
        application, device = site.application("app", EVENTS, durable=True), site.device()
        site.disconnect(application, durable=True)
        for n in range(5):
            site.publish(device, "iot-2/evt/status/fmt/json", {"d": {"n": n}})
        site.connect(application)
        assert [body["d"]["n"] for _, body in site.received(application)] == [0, 1, 2, 3, 4]
        site.publish(device, "iot-2/evt/status/fmt/json", {"d": {"n": 5}})
        assert [body["d"]["n"] for _, body in site.received(application)] == [5]

    def test_another_application_misses_what_came_meanwhile(self, site: Site) -> None:
        application, device = site.application("app", EVENTS), site.device()
        site.disconnect(application)
        site.publish(device, "iot-2/evt/status/fmt/json", {"d": {}})
        site.application("app", EVENTS)
        assert site.received(application) == []

    def test_a_clean_session_empties_the_buffer(self, site: Site) -> None:
        application, device = site.application("app", EVENTS, durable=True), site.device()
        site.disconnect(application, durable=True)
        site.publish(device, "iot-2/evt/status/fmt/json", {"d": {}})
        site.application("app", EVENTS)
        assert site.received(application) == []
        assert not [key for key in site.client.ports.records.rows if key[1].startswith("ibm.buffer")]

    def test_a_full_buffer_drops_the_oldest(self, site: Site) -> None:
        application, device = site.application("app", EVENTS, durable=True), site.device()
        site.disconnect(application, durable=True)
        for n in range(BUFFER + 3):
            site.publish(device, "iot-2/evt/status/fmt/json", {"d": {"n": n}})
        site.connect(application)
        assert [body["d"]["n"] for _, body in site.received(application)] == list(range(3, BUFFER + 3))

    def test_what_is_not_acknowledged_on_return_stays(self, site: Site) -> None:
        application, device = site.application("app", EVENTS, durable=True), site.device()
        site.disconnect(application, durable=True)
        site.publish(device, "iot-2/evt/status/fmt/json", {"d": {"n": 1}})
        site.client.ports.delivery.outcomes.extend([Outcome.ABSENT] * 3)
        site.connect(application)
        site.publish(device, "iot-2/evt/status/fmt/json", {"d": {"n": 2}})
        assert site.received(application) == []
        site.connect(application)
        assert [body["d"]["n"] for _, body in site.received(application)] == [1, 2]

    def test_an_application_that_left_unnoticed_is_forgotten(self, site: Site) -> None:
        application, device = site.application("app", EVENTS), site.device()
        del site.client.ports.delivery.sessions[application]
        site.client.ports.delivery.outcomes.append(Outcome.ABSENT)
        site.publish(device, "iot-2/evt/status/fmt/json", {"d": {}})
        assert not [key for key in site.client.ports.records.rows if key[1] == "ibm.applications"]


def test_a_token_is_never_told(site: Site) -> None:
    token = site.client.registered()
    site.knock(f"d:{site.org}:pump:p1", "use-token-auth", token + "x")
    assert token not in repr(site.client.ports.audit.rows)
    assert base64.b64encode(token.encode()).decode() not in repr(site.client.ports.audit.rows)
