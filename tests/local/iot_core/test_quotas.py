"""The quotas of AWS IoT Core in strict mode; each can be set for a test."""

import threading

import pytest

from infra.local.iot_core import Limits, packets
from infra.local.iot_core.connection import Connection
from infra.local.iot_core.packets import Publish

from .cloud import EVERYTHING
from .conftest import MakeSite, Site
from .device import connect_packet, subscribe_packet


@pytest.fixture
def site(make_site: MakeSite) -> Site:
    site = make_site()
    site.cloud.policy = EVERYTHING
    return site


def _refused(site: Site, packet: bytes) -> None:
    device = site.connected()
    device.send(packet)
    assert device.closed
    assert site.cloud.lifecycle("disconnected")["disconnectReason"] == "CLIENT_ERROR"


def test_a_subscribe_has_at_most_8_filters(site: Site) -> None:
    assert site.connected("ok").subscribe(*((f"a/{n}", 0) for n in range(8))) == [0] * 8
    _refused(site, subscribe_packet(*((f"a/{n}", 0) for n in range(9))))


def test_a_connection_has_at_most_50_subscriptions(site: Site) -> None:
    device = site.connected()
    for start in range(0, 48, 8):
        device.subscribe(*((f"a/{n}", 0) for n in range(start, start + 8)))
    assert device.subscribe(("a/48", 0), ("a/49", 1), ("a/50", 1), ("a/0", 1)) == [0, 1, 0x80, 1]


def test_a_topic_has_at_most_256_bytes(site: Site) -> None:
    site.connected("ok").publish("é" * 128)
    _refused(site, packets.publish(Publish("é" * 128 + "x", b"")))


def test_a_topic_has_at_most_7_slashes(site: Site) -> None:
    site.connected("ok").publish("/".join("12345678"))
    _refused(site, packets.publish(Publish("/".join("123456789"), b"")))


def test_a_filter_has_the_limits_of_a_topic(site: Site) -> None:
    device = site.connected()
    assert device.subscribe(("/".join("123456789"), 0), ("x" * 257, 0), ("/".join("1234567#"), 0)) == [0x80, 0x80, 0]


def test_a_payload_has_at_most_128_kib(site: Site) -> None:
    site.connected("ok").publish("dev/data", b"x" * 128 * 1024)
    assert len(site.cloud.uplinks()[0][1]) == 128 * 1024
    _refused(site, packets.publish(Publish("dev/data", b"x" * (128 * 1024 + 1))))


def test_a_packet_far_over_the_payload_limit_is_not_even_read(site: Site) -> None:
    _refused(site, b"\x30" + packets.remaining_length(10_000_000))


@pytest.mark.parametrize("client_id", ["x" * 129, "$device"])
def test_a_client_id_has_at_most_128_bytes_and_no_dollar(site: Site, client_id: str) -> None:
    device = site.device()
    assert device.connect(client_id) == (False, packets.IDENTIFIER_REJECTED)
    assert device.closed


def test_more_than_100_messages_a_second_are_discarded_unacknowledged(site: Site) -> None:
    device = site.connected()
    device.send(*(packets.publish(Publish("dev/data", b"x", 1, packet_id=n)) for n in range(1, 121)))
    assert [device.expect(packets.PUBACK)[1] for _ in range(100)] == list(range(1, 101))
    device.ping()
    site.cloud.elapsed += 1
    device.publish("dev/data", b"y", packet_id=200)
    assert len(site.cloud.uplinks()) == 101


def test_both_directions_count_for_the_100(site: Site) -> None:
    device = site.connected()
    device.subscribe(("room", 0))
    device.send(*(packets.publish(Publish("room", b"x")) for _ in range(80)))
    for _ in range(50):
        device.message()
    device.ping()
    assert site.core.broker.discarded == 30


def _sorted(site: Site) -> list[Connection]:
    return sorted(site.core.broker.connections.copy(), key=lambda connection: connection.name)


def test_who_waits_for_its_acknowledgements_is_not_taken_for_silent(make_site: MakeSite) -> None:
    site = make_site(limits=Limits(unacknowledged_in=1))
    written = threading.Event()

    def write_slowly(function: str, _event: object) -> None:
        if function == "uplink":
            assert written.wait(10)

    site.cloud.before_invoke = write_slowly
    device = site.connected()
    device.send(*(packets.publish(Publish("dev/data", b"x", 1, packet_id=n)) for n in (1, 2)))
    silent = site.connected("silent")
    site.cloud.wait_until(lambda: [each.held_back for each in _sorted(site)] == [False, True])
    site.cloud.elapsed += 10_000
    assert silent.closed
    written.set()
    assert [device.expect(packets.PUBACK) for _ in range(2)] == [b"\0\1", b"\0\2"]
    device.ping()


def test_bytes_over_the_quota_wait_and_are_not_lost(make_site: MakeSite) -> None:
    site = make_site(limits=Limits(bytes_per_second=2000))
    device = site.connected()
    for number in range(4):
        device.publish("dev/data", b"x" * 900, packet_id=number + 1)
    assert len(site.cloud.uplinks()) == 4


def test_connects_a_second_of_one_client_id_can_be_limited(make_site: MakeSite) -> None:
    site = make_site(limits=Limits(connects_per_second=1))
    site.connected("sensor-1")
    site.connected("sensor-2")
    device = site.device()
    assert device.connect("sensor-1") == (False, packets.SERVER_UNAVAILABLE)
    assert device.closed
    site.cloud.elapsed += 1
    site.connected("sensor-1")


def test_a_publish_with_qos_2_is_left_unanswered(site: Site) -> None:
    device = site.connected()
    device.send(packets.publish(Publish("dev/data", b"x", 2, packet_id=1)))
    device.ping()
    assert site.cloud.uplinks() == []


def test_a_subscribe_with_qos_2_is_left_unanswered(site: Site) -> None:
    device = site.connected()
    device.send(subscribe_packet(("a", 2), ("b", 0)))
    device.ping()
    assert site.core.list_subscriptions("urn:lo:nsid:dev:1") == []


@pytest.mark.parametrize("topic", ["$aws/things/x/shadow/update", "$aws/rules/uplink", "$SYS/x", "$aws/rules//x"])
def test_a_publish_on_a_reserved_topic_ends_the_connection(site: Site, topic: str) -> None:
    _refused(site, packets.publish(Publish(topic, b"x")))


def test_basic_ingest_goes_to_its_rule_and_to_nobody_else(site: Site) -> None:
    device = site.connected()
    device.subscribe(("$aws/rules/uplink/any/topic", 0), ("any/topic", 0))
    device.publish("$aws/rules/uplink/any/topic", b"x")
    assert site.cloud.uplinks() == [("any/topic", b"x")]
    device.ping()


def test_the_prefix_of_basic_ingest_is_free_of_slashes(site: Site) -> None:
    site.connected().publish("$aws/rules/uplink/" + "/".join("12345678"))


@pytest.mark.parametrize("topic_filter", ["$share/group/a", "$SYS/#"])
def test_other_dollar_filters_are_refused(site: Site, topic_filter: str) -> None:
    assert site.connected().subscribe((topic_filter, 0)) == [0x80]


def test_a_client_id_with_a_wildcard_has_no_events(site: Site) -> None:
    for client_id in ("a+b", "a#"):
        site.connected(client_id).leave()
    site.connected("sensor-1").leave()
    site.cloud.lifecycle("disconnected", "sensor-1")
    assert {event["clientId"] for event in site.cloud.events("presence")} == {"sensor-1"}


def test_mqtt_3_1_is_refused_before_the_authorizer_is_asked(site: Site) -> None:
    device = site.device()
    device.send(connect_packet(level=3, name="MQIsdp"))
    assert device.expect(packets.CONNACK) == b"\0\1"
    assert site.cloud.asked == []
