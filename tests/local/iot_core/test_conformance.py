"""The interoperability cases of MQTT 3.1.1 that AWS IoT Core supports, named after the specification's statements."""

import struct

import pytest

from infra.local.iot_core import packets
from infra.local.iot_core.packets import Publish

from .conftest import Site
from .device import DISCONNECT, PINGREQ, connect_packet, string, subscribe_packet, unsubscribe_packet

# -- 3.1 CONNECT


def test_mqtt_3_1_0_1_the_first_packet_is_connect(site: Site) -> None:
    device = site.device()
    device.send(PINGREQ)
    assert device.closed


def test_mqtt_3_1_0_2_a_second_connect_closes_the_connection(site: Site) -> None:
    device = site.connected()
    device.send(connect_packet())
    assert device.closed
    assert site.cloud.lifecycle("disconnected")["disconnectReason"] == "CLIENT_ERROR"


def test_mqtt_3_1_2_1_another_protocol_is_closed_without_connack(site: Site) -> None:
    device = site.device()
    device.send(connect_packet(name="AMQP"))
    assert device.closed


@pytest.mark.parametrize(("level", "name"), [(3, "MQIsdp"), (6, "MQTT"), (3, "MQTT")])
def test_mqtt_3_1_2_2_another_level_is_answered_with_1(site: Site, level: int, name: str) -> None:
    device = site.device()
    assert device.connect(level=level, name=name) == (False, packets.UNACCEPTABLE_PROTOCOL)
    assert device.closed


def test_mqtt_3_1_2_3_the_reserved_connect_flag_closes_the_connection(site: Site) -> None:
    packet = bytearray(connect_packet())
    packet[9] |= 1
    device = site.device()
    device.send(bytes(packet))
    assert device.closed


def test_mqtt_3_1_3_6_an_empty_client_id_gets_a_name_of_its_own(open_site: Site) -> None:
    for _ in range(2):
        assert open_site.device().connect("") == (False, packets.ACCEPTED)
    open_site.cloud.wait_until(lambda: len(open_site.core.broker.sessions) == 2)


def test_mqtt_3_1_3_8_an_empty_client_id_needs_a_clean_session(site: Site) -> None:
    device = site.device()
    assert device.connect("", clean=False) == (False, packets.IDENTIFIER_REJECTED)
    assert device.closed


@pytest.mark.parametrize("client_id", ["A-z0", "ü 日本/§", "x" * 128])
def test_mqtt_3_1_3_4_client_ids_are_any_utf_8(open_site: Site, client_id: str) -> None:
    assert open_site.device().connect(client_id) == (False, packets.ACCEPTED)


def test_mqtt_3_1_4_2_a_second_client_takes_the_id_over(site: Site) -> None:
    old, new = site.connected(), site.connected()
    assert old.closed
    new.ping()


def test_mqtt_3_1_4_5_packets_behind_connect_need_not_wait_for_connack(site: Site) -> None:
    device = site.device()
    device.send(
        connect_packet(),
        subscribe_packet(("dev/cmd", 1), packet_id=5),
        packets.publish(Publish("dev/data", b"early", 1, packet_id=6)),
    )
    assert device.expect(packets.CONNACK) == b"\0\0"
    assert device.expect(packets.SUBACK) == b"\0\5\1"
    assert device.expect(packets.PUBACK) == b"\0\6"
    assert site.cloud.uplinks() == [("dev/data", b"early")]


# -- 3.3 PUBLISH, 3.4 PUBACK


def test_mqtt_3_3_1_9_retain_is_cleared_for_existing_subscribers(open_site: Site) -> None:
    device = open_site.connected()
    device.subscribe(("a", 0))
    device.send(packets.publish(Publish("a", b"x", retain=True)))
    assert not device.message().retain


@pytest.mark.parametrize(("published", "granted", "delivered"), [(0, 0, 0), (0, 1, 0), (1, 0, 0), (1, 1, 1)])
def test_mqtt_3_8_4_6_the_lower_qos_of_both_counts(
    open_site: Site,
    published: int,
    granted: int,
    delivered: int,
) -> None:
    device = open_site.connected("reader")
    device.subscribe(("a", granted))
    open_site.connected("writer").publish("a", b"x", qos=published)
    assert device.message().qos == delivered


def test_mqtt_3_3_2_2_a_wildcard_in_a_topic_name_closes_the_connection(open_site: Site) -> None:
    device = open_site.connected()
    device.send(packets.publish(Publish("a/#", b"x")))
    assert device.closed


def test_mqtt_3_3_1_4_qos_3_closes_the_connection(open_site: Site) -> None:
    device = open_site.connected()
    device.send(packets.packet(packets.PUBLISH, 0x06, string("a") + b"\0\1x"))
    assert device.closed


def test_mqtt_4_6_0_2_pubacks_come_in_the_order_of_the_publishes(open_site: Site) -> None:
    device = open_site.connected()
    order = [("dev/data", 3), ("no/rule", 1), ("dev/data", 2), ("no/rule", 9)]
    device.send(*(packets.publish(Publish(topic, b"x", 1, packet_id=number)) for topic, number in order))
    assert [device.expect(packets.PUBACK) for _ in order] == [struct.pack("!H", number) for _topic, number in order]


def test_mqtt_4_6_0_5_messages_reach_a_subscriber_in_their_order(open_site: Site) -> None:
    reader = open_site.connected("reader")
    reader.subscribe(("a", 1))
    writer = open_site.connected("writer")
    for number in range(20):
        writer.publish("a", str(number).encode(), packet_id=number + 1)
    assert [reader.message().payload for _ in range(20)] == [str(number).encode() for number in range(20)]


def test_a_puback_for_nothing_is_ignored(open_site: Site) -> None:
    device = open_site.connected()
    device.send(packets.puback(77))
    device.ping()


def test_a_payload_may_be_empty(open_site: Site) -> None:
    device = open_site.connected()
    device.subscribe(("a", 0))
    device.publish("a", b"", qos=0)
    assert device.message().payload == b""


# -- 3.8 SUBSCRIBE to 3.11 UNSUBACK


def test_mqtt_3_9_3_1_return_codes_are_in_the_order_of_the_filters(site: Site) -> None:
    assert site.connected().subscribe(("dev/cfg", 0), ("forbidden", 1), ("dev/cmd", 1)) == [0, 0x80, 1]


def test_mqtt_3_8_4_3_the_same_filter_again_replaces_the_subscription(open_site: Site) -> None:
    device = open_site.connected("reader")
    device.subscribe(("a", 0))
    device.subscribe(("a", 1))
    open_site.connected("writer").publish("a", b"x")
    assert device.message().qos == 1
    device.ping()  # and there was only one message


def test_mqtt_3_3_5_1_overlapping_subscriptions_deliver_once_with_the_highest_qos(open_site: Site) -> None:
    device = open_site.connected("reader")
    device.subscribe(("a/#", 0), ("a/+", 1))
    open_site.connected("writer").publish("a/b", b"x")
    assert device.message().qos == 1
    device.ping()


@pytest.mark.parametrize("topic_filter", ["a/#/b", "a#", "+a"])
def test_mqtt_4_7_1_a_malformed_filter_closes_the_connection(open_site: Site, topic_filter: str) -> None:
    device = open_site.connected()
    device.send(subscribe_packet((topic_filter, 0)))
    assert device.closed


def test_mqtt_3_10_4_1_an_unsubscribed_filter_delivers_no_more(open_site: Site) -> None:
    device = open_site.connected()
    device.subscribe(("a", 0), ("b", 0))
    device.send(unsubscribe_packet("a", packet_id=4))
    assert device.expect(packets.UNSUBACK) == b"\0\4"
    device.publish("a", b"x", qos=0)
    device.publish("b", b"y", qos=0)
    assert device.message().topic == "b"


def test_mqtt_3_10_4_5_unsuback_comes_also_when_nothing_matched(open_site: Site) -> None:
    device = open_site.connected()
    device.send(unsubscribe_packet("never", packet_id=4))
    assert device.expect(packets.UNSUBACK) == b"\0\4"


def test_mqtt_4_7_2_1_a_hash_does_not_reach_lifecycle_events(open_site: Site) -> None:
    device = open_site.connected()
    device.subscribe(("#", 0))
    device.publish("a", b"x", qos=0)
    assert device.message().topic == "a"


def test_lifecycle_events_reach_subscribers_of_their_topics(open_site: Site) -> None:
    watcher = open_site.connected("watcher")
    watcher.subscribe(("$aws/events/presence/connected/+", 0))
    open_site.connected("sensor-1")
    assert watcher.message().topic == "$aws/events/presence/connected/sensor-1"


# -- 3.12 PINGREQ, 3.14 DISCONNECT


def test_mqtt_3_12_4_1_pingreq_is_answered(site: Site) -> None:
    site.connected().ping()


def test_mqtt_3_14_4_the_server_closes_after_disconnect(site: Site) -> None:
    device = site.connected()
    device.send(DISCONNECT)
    assert device.closed
    event = site.cloud.lifecycle("disconnected")
    assert (event["disconnectReason"], event["clientInitiatedDisconnect"]) == ("CLIENT_INITIATED_DISCONNECT", True)


def test_what_follows_disconnect_is_not_read(site: Site) -> None:
    device = site.connected()
    device.send(DISCONNECT, packets.publish(Publish("dev/data", b"late")))
    assert device.closed
    site.cloud.lifecycle("disconnected")
    assert site.cloud.uplinks() == []


@pytest.mark.parametrize("packet", [b"\xe1\x00", b"\xe0\x01\x00", b"\xc0\x01\x00", b"\xf0\x00", b"\x20\x02\x00\x00"])
def test_mqtt_4_8_0_1_a_violation_closes_the_connection(site: Site, packet: bytes) -> None:
    device = site.connected()
    device.send(packet)
    assert device.closed
    assert site.cloud.lifecycle("disconnected")["disconnectReason"] == "CLIENT_ERROR"


def test_a_socket_that_just_ends_is_a_lost_connection(site: Site) -> None:
    site.connected().shut()
    assert site.cloud.lifecycle("disconnected")["disconnectReason"] == "CONNECTION_LOST"


# -- 3.1.2.10 keep-alive


def test_mqtt_3_1_2_24_silence_of_one_and_a_half_keep_alives_ends_the_connection(site: Site) -> None:
    device = site.connected(keep_alive=60)
    site.cloud.elapsed += 89
    device.ping()
    site.cloud.elapsed += 89
    device.ping()
    site.cloud.elapsed += 91
    assert device.closed
    assert site.cloud.lifecycle("disconnected")["disconnectReason"] == "MQTT_KEEP_ALIVE_TIMEOUT"


@pytest.mark.parametrize(("asked", "given"), [(0, 1200), (1, 30), (29, 30), (30, 30), (1200, 1200), (65_535, 1200)])
def test_iot_core_clamps_the_keep_alive(site: Site, asked: int, given: int) -> None:
    site.connected(keep_alive=asked)
    assert site.core.get_connection("urn:lo:nsid:dev:1")["keepAliveDuration"] == given


def test_who_never_sends_connect_is_dropped(site: Site) -> None:
    device = site.device()
    site.cloud.wait_until(lambda: bool(site.core.broker.connections))
    site.cloud.elapsed += 11
    assert device.closed
