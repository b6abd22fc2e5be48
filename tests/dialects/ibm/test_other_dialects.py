"""What devices of Live Objects do, as applications of IBM hear of it."""

import json
from typing import Any

import pytest

from chalicelib.dialects.ibm import codec, listening
from chalicelib.fleet.commands import creating
from chalicelib.fleet.commands.creating import Order
from chalicelib.fleet.commands.records import Policy
from chalicelib.fleet.data.messages import store_all
from chalicelib.fleet.data.records import DataMessage, message_id
from chalicelib.fleet.errors import PolicyNotFound
from chalicelib.fleet.events import policies
from chalicelib.fleet.presence.records import Route
from tests.dialects.ibm.client import V1, Client
from tests.dialects.ibm.site import Site

pytestmark = pytest.mark.row("H5", "J2")
EVENTS = "iot-2/type/+/id/+/evt/+/fmt/+"
COMMANDS = "iot-2/type/+/id/+/cmd/+/fmt/+"
STATUS = "iot-2/type/+/id/+/mon"
SENSOR = "urn:lo:nsid:sensor:s1"


@pytest.fixture
def site() -> Site:
    return Site()


def sensor(site: Site, client: str = SENSOR) -> str:
    """A connected device of Live Objects."""
    assert site.knock(client, "json+device", site.client.token)["isAuthenticated"]
    site.connect(client)
    return client


def order(site: Site, request: Any = None) -> None:
    creating.create(site.client.ports, site.org, SENSOR, Order("mqtt", request or {"req": "blink"}, Policy()))


class TestData:
    def test_comes_as_an_event_after_the_specification(self, site: Site) -> None:
        application, device = site.application("app", EVENTS), sensor(site)
        site.publish(device, "dev/data", {"value": {"t": 21}, "model": "room", "timestamp": "2027-01-15T07:00:00Z"})
        assert site.received(application) == [
            ("iot-2/type/sensor/id/s1/evt/room/fmt/json", {"d": {"t": 21}, "ts": "2027-01-15T07:00:00.000Z"})
        ]

    def test_has_the_names_and_the_content_that_the_rest_api_shows(self, site: Site) -> None:
        application, device = site.application("app", EVENTS), sensor(site, "urn:lo:nsid:sensor:a:b")
        site.publish(device, "dev/data", {"value": {"t": 21}, "model": "room"})
        ((topic, body),) = site.received(application)
        _, _, type_, _, id_, _, event, *_ = topic.split("/")
        (record,) = site.client.get(f"{V1}/historian/{type_}/{id_}").body
        assert (record["evt_type"], record["evt"]) == (event, body["d"])

    def test_of_a_node_behind_a_connector_comes_too(self, site: Site) -> None:
        application, connector = site.application("app", EVENTS), "external"
        assert site.knock(connector, "connector", site.client.token)["isAuthenticated"]
        site.publish(connector, "connector/v1/nodes/n1/data", {"value": {"t": 3}})
        assert [t for t, _ in site.received(application)] == ["iot-2/type/x-connector/id/n1/evt/data/fmt/json"]

    def test_posted_over_http_comes_too(self, site: Site) -> None:
        application, device = site.application("app", EVENTS), sensor(site)
        at = site.client.ports.clock.now()
        metadata = {"source": device, "connector": "http"}
        message = DataMessage(site.org, message_id(at, at, "e"), device, at, at, {"t": 1}, metadata=metadata)
        store_all(site.client.ports, [(message, device)])
        assert [t for t, _ in site.received(application)] == ["iot-2/type/sensor/id/s1/evt/data/fmt/json"]

    def test_with_a_model_that_is_no_level_of_a_topic_has_a_name_that_is_one(self, site: Site) -> None:
        application, device = site.application("app", EVENTS), sensor(site)
        site.publish(device, "dev/data", {"value": {"n": 1}, "model": "a/b+#"})
        assert site.received(application)[0][0] == "iot-2/type/sensor/id/s1/evt/a_b__/fmt/json"

    def test_without_a_device_is_nobody_s_event(self, site: Site) -> None:
        application = site.application("app", EVENTS)
        at = site.client.ports.clock.now()
        store_all(site.client.ports, [(DataMessage(site.org, message_id(at, at, "e"), "s", at, at, 1), None)])
        assert site.received(application) == []

    def test_of_an_ibm_device_comes_once(self, site: Site) -> None:
        application, device = site.application("app", EVENTS), site.device()
        site.publish(device, "iot-2/evt/status/fmt/json", {"d": {}})
        assert len(site.received(application)) == 1

    def test_of_another_organization_does_not_come(self, site: Site) -> None:
        application, other = site.application("app", EVENTS), Client(site.client.ports, "globex")
        assert site.knock(SENSOR, "json+device", other.token)["isAuthenticated"]
        site.publish(SENSOR, "dev/data", {"value": {"n": 1}})
        assert site.received(application) == []

    def test_waits_in_the_buffer_of_a_durable_application(self, site: Site) -> None:
        application, device = site.application("app", EVENTS, durable=True), sensor(site)
        site.disconnect(application, durable=True)
        site.publish(device, "dev/data", {"value": {"n": 1}})
        site.connect(application)
        assert [body["d"] for _, body in site.received(application)] == [{"n": 1}]


class TestStatus:
    def test_comes_as_a_connection_of_an_ibm_device(self, site: Site) -> None:
        application = site.application("app", STATUS)
        sensor(site)
        ((topic, body),) = site.received(application)
        assert topic == "iot-2/type/sensor/id/s1/mon"
        assert (body["Action"], body["ClientID"]) == ("Connect", f"d:{site.org}:sensor:s1")
        assert (body["User"], body["ClientAddr"], body["Time"]) == ("json+device", "192.0.2.7", body["ConnectTime"])

    def test_tells_the_end_with_the_fields_of_the_manual(self, site: Site) -> None:
        application, device = site.application("app", STATUS), sensor(site)
        site.received(application)
        site.disconnect(device)
        ((_, body),) = site.received(application)
        assert body["Action"] == "Disconnect"
        assert body["ConnectTime"] < body["Time"]
        assert body.keys() >= {"WriteMsg", "ReadMsg", "Reason", "ReadBytes", "WriteBytes"}

    def test_of_an_ibm_device_comes_once(self, site: Site) -> None:
        application = site.application("app", STATUS)
        site.device()
        assert len(site.received(application)) == 1

    def test_is_what_a_new_subscription_begins_with(self, site: Site) -> None:
        sensor(site)
        application = site.application("app", STATUS)
        assert [(t, b["Action"]) for t, b in site.received(application)] == [("iot-2/type/sensor/id/s1/mon", "Connect")]


class TestCommands:
    def test_of_another_dialect_are_heard_when_they_are_new(self, site: Site) -> None:
        application, device = site.application("app", COMMANDS), sensor(site)
        order(site, {"req": "blink", "arg": {"times": 3}})
        site.subscribe(device, "dev/cmd")
        site.client.ports.run_background()
        heard = [m for m in site.received(application) if m[0].startswith("iot-2")]
        assert heard == [("iot-2/type/sensor/id/s1/cmd/blink/fmt/json", {"d": {"times": 3}})]

    def test_of_ibm_are_heard_once(self, site: Site) -> None:
        application = site.application("app", COMMANDS)
        sensor(site)
        site.publish(application, "iot-2/type/sensor/id/s1/cmd/blink/fmt/json", {"d": {}})
        assert len(site.received(application)) == 1

    @pytest.mark.parametrize(
        "raw", [{}, {"format": 1}, {"format": "a/b", "payload": ""}, {"format": "x", "payload": "?"}]
    )
    def test_that_only_look_like_ours_are_written_after_the_specification(self, site: Site, raw: Any) -> None:
        sensor(site)
        order(site, {"req": "blink", "ibm": raw})
        (command,) = creating.listing(site.client.ports, site.org, SENSOR, start=None, end=None, descending=False)
        downlink = codec.command(command, Route("ibm", "d:x:sensor:s1", "mqtt", "d:x:sensor:s1", "s"))
        assert (downlink.topic, json.loads(downlink.payload)) == ("iot-2/cmd/blink/fmt/json", {"d": {"ibm": raw}})


class TestPrice:
    def test_without_applications_nothing_is_looked_for(self, site: Site) -> None:
        device = sensor(site)
        asked = site.client.ports.records.asked
        site.publish(device, "dev/data", {"value": {"n": 1}})
        assert site.client.ports.records.asked == asked

    @pytest.mark.parametrize("filters", [(), ("iot-2/app/+/mon",)])
    def test_applications_that_listen_to_no_device_cost_nothing_either(self, site: Site, filters: tuple[str]) -> None:
        site.application("app", *filters)
        assert site.client.ports.policies.all(site.org) == []

    def test_when_the_last_application_has_left_it_is_as_before(self, site: Site) -> None:
        one, other = site.application("one", EVENTS), site.application("other", STATUS)
        site.disconnect(one)
        (policy,) = site.client.ports.policies.all(site.org)
        assert set(policy.triggers) == {"device status"}
        site.disconnect(other)
        assert site.client.ports.policies.all(site.org) == []

    def test_the_policy_is_nobody_s_to_see_or_to_change(self, site: Site) -> None:
        site.application("app", EVENTS)
        assert policies.every(site.client.ports, site.org) == []
        with pytest.raises(PolicyNotFound):
            policies.delete(site.client.ports, site.org, listening.POLICY)
