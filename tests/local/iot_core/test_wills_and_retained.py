"""Will messages (MQTT 3.1.1 chapter 3.1.2.5) and retained messages (3.3.1.3), as AWS IoT Core treats them."""

import pytest

from infra.local.iot_core import packets
from infra.local.iot_core.packets import Publish

from .cloud import EVERYTHING, allow, deny, policy
from .conftest import MakeSite, Site
from .device import connect_packet

WILL = Publish("dev/gone", b"gone", qos=1)
ALL_BUT_GONE = policy(
    allow("iot:Connect", "client/*"), allow("iot:Publish", "topic/*"), deny("iot:Publish", "topic/dev/gone")
)


@pytest.fixture
def open_site(make_site: MakeSite) -> Site:
    site = make_site()
    site.cloud.policy = EVERYTHING
    return site


class TestWill:
    def test_mqtt_3_1_2_8_it_is_published_when_the_connection_is_lost(self, open_site: Site) -> None:
        open_site.connected("sensor-1", will=WILL).shut()
        event = open_site.cloud.wait_for("uplink", lambda event: event["topic"] == "dev/gone")
        assert event["client"] == "sensor-1"

    def test_mqtt_3_14_4_3_it_is_dropped_by_disconnect(self, open_site: Site) -> None:
        open_site.connected(will=WILL).leave()
        open_site.cloud.lifecycle("disconnected")
        open_site.core.publish("dev/after", b"")
        assert [topic for topic, _payload in open_site.cloud.uplinks()] == ["dev/after"]

    def test_it_is_published_when_another_takes_the_client_id(self, open_site: Site) -> None:
        open_site.connected(will=WILL)
        open_site.connected()
        open_site.cloud.wait_for("uplink", lambda event: event["topic"] == "dev/gone")

    def test_mqtt_3_1_2_17_it_may_be_retained(self, open_site: Site) -> None:
        open_site.connected(will=Publish("dev/gone", b"x", retain=True)).shut()
        open_site.cloud.wait_for("uplink", lambda event: event["topic"] == "dev/gone")
        assert open_site.core.get_retained_message("dev/gone")["payload"] == b"x"

    @pytest.mark.parametrize("retain", [False, True])
    def test_whose_will_the_policy_forbids_is_refused_and_only_an_event_tells(
        self, open_site: Site, *, retain: bool
    ) -> None:
        open_site.cloud.policy = ALL_BUT_GONE
        device = open_site.device()
        assert device.connect("a", will=Publish("dev/gone", b"x", retain=retain)) == (False, packets.NOT_AUTHORIZED)
        assert device.closed
        event = open_site.cloud.lifecycle("connect_failed", "a")
        assert event["connectFailureReason"] == "AUTHORIZATION_FAILED"
        assert event["principalIdentifier"]
        open_site.connected("a", will=Publish("dev/elsewhere", b"x")).leave()
        open_site.core.publish("dev/after", b"")
        assert [topic for topic, _payload in open_site.cloud.uplinks()] == ["dev/after"]

    def test_lenient_mode_lets_it_in_and_publishes_no_such_will(self, lenient: Site) -> None:
        lenient.cloud.policy = ALL_BUT_GONE
        lenient.connected(will=WILL).shut()
        lenient.cloud.lifecycle("disconnected")
        lenient.core.publish("dev/after", b"")
        assert [topic for topic, _payload in lenient.cloud.uplinks()] == ["dev/after"]

    def test_with_qos_2_iot_core_closes_without_connack(self, site: Site) -> None:
        device = site.device()
        device.send(connect_packet(will=Publish("dev/gone", b"x", qos=2)))
        assert device.closed


class TestRetained:
    def test_mqtt_3_3_1_6_a_new_subscription_receives_it(self, open_site: Site) -> None:
        open_site.connected("writer").publish("a/b", b"last", retain=True)
        reader = open_site.connected("reader")
        reader.subscribe(("a/b", 0))
        message = reader.message()
        assert (message.payload, message.retain, message.qos) == (b"last", True, 0)

    def test_mqtt_3_3_1_5_the_last_one_counts(self, open_site: Site) -> None:
        writer = open_site.connected("writer")
        for payload in (b"first", b"last"):
            writer.publish("a/b", payload, retain=True)
        reader = open_site.connected("reader")
        reader.subscribe(("a/b", 0))
        assert reader.message().payload == b"last"

    def test_mqtt_3_3_1_10_an_empty_payload_removes_it(self, open_site: Site) -> None:
        writer = open_site.connected("writer")
        writer.publish("a/b", b"x", retain=True)
        writer.publish("a/b", b"", retain=True)
        assert open_site.core.list_retained_messages() == []

    def test_mqtt_3_3_1_12_a_message_without_the_flag_leaves_it_alone(self, open_site: Site) -> None:
        writer = open_site.connected("writer")
        writer.publish("a/b", b"x", retain=True)
        writer.publish("a/b", b"y")
        assert open_site.core.get_retained_message("a/b")["payload"] == b"x"

    def test_iot_core_gives_none_to_a_filter_with_wildcards(self, open_site: Site) -> None:
        open_site.connected("writer").publish("a/b", b"x", retain=True)
        reader = open_site.connected("reader")
        reader.subscribe(("a/#", 0))
        reader.ping()

    def test_lenient_mode_gives_it_to_wildcards_too(self, lenient: Site) -> None:
        lenient.cloud.policy = EVERYTHING
        lenient.connected("writer").publish("a/b", b"x", retain=True)
        reader = lenient.connected("reader")
        reader.subscribe(("a/#", 0))
        assert reader.message().payload == b"x"

    def test_it_needs_a_permission_of_its_own(self, site: Site) -> None:
        device = site.connected()
        device.send(packets.publish(Publish("dev/data", b"x", 1, retain=True, packet_id=1)))
        assert device.closed
        assert site.cloud.lifecycle("disconnected")["disconnectReason"] == "FORBIDDEN_ACCESS"
