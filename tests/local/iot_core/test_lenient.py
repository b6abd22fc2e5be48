"""Lenient mode: what an edge broker lifts for firmware that IoT Core cannot carry."""

import pytest

from infra.local.iot_core import packets
from infra.local.iot_core.packets import Publish

from .cloud import EVERYTHING
from .conftest import MakeSite, Site
from .device import Device


@pytest.fixture
def site(make_site: MakeSite) -> Site:
    site = make_site(lenient=True)
    site.cloud.policy = EVERYTHING
    return site


def test_mqtt_3_1_is_spoken(site: Site) -> None:
    device = site.device()
    assert device.connect("old", level=3, name="MQIsdp") == (False, packets.ACCEPTED)
    device.publish("dev/data", b"x")
    assert site.cloud.uplinks() == [("dev/data", b"x")]


def test_mqtt_3_1_knows_no_empty_client_id(site: Site) -> None:
    assert site.device().connect("", level=3, name="MQIsdp") == (False, packets.IDENTIFIER_REJECTED)


def test_plain_tcp_is_served(site: Site) -> None:
    device = Device(site.core.listen_plain("127.0.0.1", 0), None)
    site.devices.append(device)
    assert device.connect() == (False, packets.ACCEPTED)
    assert site.cloud.asked[0]["protocols"] == ["mqtt"]


def test_plain_tcp_needs_lenient_mode(make_site: MakeSite) -> None:
    with pytest.raises(ValueError, match="lenient"):
        make_site().core.listen_plain("127.0.0.1", 0)


@pytest.mark.parametrize(("extra", "code"), [({"connackCode": 4}, 4), ({"connackCode": 2}, 2), ({}, 5)])
def test_a_refusal_has_the_code_of_the_original_platform(site: Site, extra: dict[str, int], code: int) -> None:
    site.cloud.answer = lambda _event: {"isAuthenticated": False, **extra}
    assert site.device().connect() == (False, code)


def test_strict_mode_ignores_that_code(make_site: MakeSite) -> None:
    site = make_site()
    site.cloud.answer = lambda _event: {"isAuthenticated": False, "connackCode": 4}
    assert site.device().connect() == (False, packets.NOT_AUTHORIZED)


def test_topics_may_have_more_slashes_and_messages_come_at_any_rate(site: Site) -> None:
    device = site.connected()
    for number in range(150):
        device.publish("dev/" + "/".join("123456789"), b"x", packet_id=number + 1)
    assert len(site.cloud.uplinks()) == 150


def test_a_reserved_topic_is_acknowledged_and_of_no_effect(site: Site) -> None:
    site.connected().publish("$aws/things/x/shadow/update")


def test_mqtt_4_7_1_2_a_hash_covers_the_parent_level(site: Site) -> None:
    device = site.connected()
    device.subscribe(("sensor/#", 0))
    device.publish("sensor", b"x", qos=0)
    assert device.message().topic == "sensor"


def test_a_keep_alive_of_0_means_none(site: Site) -> None:
    device = site.connected(keep_alive=0)
    site.cloud.elapsed += 100_000
    device.ping()
    assert site.core.get_connection("urn:lo:nsid:dev:1")["keepAliveDuration"] == 0


class TestWithoutTrafficBetweenClients:
    @pytest.fixture
    def site(self, make_site: MakeSite) -> Site:
        site = make_site(lenient=True, between_clients=False)
        site.cloud.policy = EVERYTHING
        return site

    def test_what_a_client_publishes_reaches_the_rules_alone(self, site: Site) -> None:
        reader = site.connected("reader")
        reader.subscribe(("#", 1))
        site.connected("writer").publish("dev/data", b"x", retain=True)
        assert site.cloud.uplinks() == [("dev/data", b"x")]
        assert site.core.list_retained_messages() == []
        reader.ping()

    def test_so_does_its_will(self, site: Site) -> None:
        reader = site.connected("reader")
        reader.subscribe(("#", 1))
        site.connected("writer", will=Publish("dev/gone", b"x")).shut()
        site.cloud.wait_for("uplink", lambda event: event["topic"] == "dev/gone")
        reader.ping()

    def test_a_will_is_ignored_where_the_original_ignores_it(self, make_site: MakeSite) -> None:
        site = make_site(lenient=True, between_clients=False, ignored_wills=("dev/gone/#",))
        site.cloud.policy = EVERYTHING
        site.connected("a", will=Publish("dev/gone", b"x")).shut()
        site.connected("b", will=Publish("dev/other", b"x")).shut()
        site.cloud.wait_for("uplink", lambda event: event["topic"] == "dev/other")
        assert "dev/gone" not in [topic for topic, _ in site.cloud.uplinks()]

    def test_the_back_end_reaches_every_subscriber(self, site: Site) -> None:
        reader = site.connected("reader")
        reader.subscribe(("#", 0))
        site.core.publish("room", b"x")
        assert reader.message().payload == b"x"


class TestQos2FromAClient:
    def test_mqtt_4_3_3_2_runs_through_its_four_packets(self, site: Site) -> None:
        device = site.connected()
        device.send(packets.publish(Publish("dev/data", b"x", 2, packet_id=5)))
        assert device.expect(packets.PUBREC) == b"\0\5"
        device.send(packets.pubrel(5))
        assert device.expect(packets.PUBCOMP) == b"\0\5"
        assert site.cloud.uplinks() == [("dev/data", b"x")]

    def test_mqtt_4_3_3_2_a_repeated_publish_counts_once(self, site: Site) -> None:
        device = site.connected()
        for dup in (False, True):
            device.send(packets.publish(Publish("dev/data", b"x", 2, dup=dup, packet_id=5)))
            assert device.expect(packets.PUBREC) == b"\0\5"
        assert len(site.cloud.uplinks()) == 1

    def test_it_counts_once_over_two_connections_of_a_session(self, site: Site) -> None:
        device = site.connected(clean=False)
        device.send(packets.publish(Publish("dev/data", b"x", 2, packet_id=5)))
        device.expect(packets.PUBREC)
        device.shut()
        site.cloud.lifecycle("disconnected")
        device = site.connected(clean=False)
        device.send(packets.publish(Publish("dev/data", b"x", 2, dup=True, packet_id=5)))
        assert device.expect(packets.PUBREC) == b"\0\5"
        assert len(site.cloud.uplinks()) == 1

    def test_after_pubrel_the_identifier_is_free_again(self, site: Site) -> None:
        device = site.connected()
        for payload in (b"one", b"two"):
            device.send(packets.publish(Publish("dev/data", payload, 2, packet_id=5)))
            device.expect(packets.PUBREC)
            device.send(packets.pubrel(5))
            device.expect(packets.PUBCOMP)
        assert [payload for _topic, payload in site.cloud.uplinks()] == [b"one", b"two"]

    def test_an_unknown_pubrel_is_confirmed(self, site: Site) -> None:
        device = site.connected()
        device.send(packets.pubrel(9))
        assert device.expect(packets.PUBCOMP) == b"\0\x09"


class TestQos2ToAClient:
    def test_mqtt_4_3_3_1_runs_through_its_four_packets(self, site: Site) -> None:
        device = site.connected("reader")
        assert device.subscribe(("a", 2)) == [2]
        writer = site.connected("writer")
        writer.send(packets.publish(Publish("a", b"x", 2, packet_id=1)))
        message = device.message()
        assert message.qos == 2
        device.send(packets.pubrec(message.packet_id))
        device.expect(packets.PUBREL)
        device.send(packets.pubcomp(message.packet_id))
        device.ping()
        assert not site.core.broker.sessions["reader"].in_flight

    def test_mqtt_4_4_0_1_pubrel_is_sent_again_on_reconnection(self, site: Site) -> None:
        device = site.connected("reader", clean=False)
        device.subscribe(("a", 2))
        site.connected("writer").send(packets.publish(Publish("a", b"x", 2, packet_id=1)))
        message = device.message()
        device.send(packets.pubrec(message.packet_id))
        released = device.expect(packets.PUBREL)
        device.shut()
        site.cloud.lifecycle("disconnected", "reader")
        device = site.connected("reader", clean=False)
        assert device.expect(packets.PUBREL) == released

    def test_a_puback_does_not_end_it(self, site: Site) -> None:
        device = site.connected("reader")
        device.subscribe(("a", 2))
        site.connected("writer").send(packets.publish(Publish("a", b"x", 2, packet_id=1)))
        message = device.message()
        device.send(packets.puback(message.packet_id), packets.pubrec(message.packet_id))
        device.expect(packets.PUBREL)
