"""Persistent sessions: MQTT 3.1.1 chapters 3.1.2.4 and 4.4, and what AWS IoT Core makes of them."""

import pytest

from infra.local.iot_core import Limits, packets

from .cloud import EVERYTHING, allow, policy
from .conftest import MakeSite, Site


@pytest.fixture
def site(make_site: MakeSite) -> Site:
    site = make_site(limits=Limits(publishes_per_second=None, stored_per_second=None))
    site.cloud.policy = EVERYTHING
    return site


def _away(site: Site, *filters: tuple[str, int]) -> None:
    """A persistent session whose client has left."""
    device = site.connected("reader", clean=False)
    device.subscribe(*filters)
    device.leave()
    site.cloud.lifecycle("disconnected", "reader")


def test_mqtt_3_1_2_4_a_persistent_session_is_resumed(site: Site) -> None:
    _away(site, ("a", 1))
    device = site.device()
    assert device.connect("reader", clean=False) == (True, packets.ACCEPTED)
    site.connected("writer").publish("a", b"x")
    assert device.message().payload == b"x"


def test_a_resumed_session_sends_no_subscribed_event(site: Site) -> None:
    _away(site, ("a", 1))
    site.connected("reader", clean=False).leave()
    site.cloud.wait_until(lambda: _kinds(site).count("disconnected") == 2)
    assert _kinds(site) == ["connected", "subscribed", "disconnected", "connected", "disconnected"]


def _kinds(site: Site) -> list[str]:
    return [event["eventType"] for event in site.cloud.events("presence") if event["clientId"] == "reader"]


def test_mqtt_3_1_2_6_a_clean_session_discards_the_persistent_one(site: Site) -> None:
    _away(site, ("a", 1))
    assert site.device().connect("reader", clean=True) == (False, packets.ACCEPTED)
    assert site.core.list_subscriptions("reader") == []


def test_a_clean_session_ends_with_its_connection(site: Site) -> None:
    device = site.connected("reader")
    device.subscribe(("a", 1))
    device.leave()
    assert site.device().connect("reader", clean=False) == (False, packets.ACCEPTED)


def test_mqtt_3_1_2_5_messages_with_qos_1_wait_for_an_absent_client(site: Site) -> None:
    _away(site, ("a", 1))
    writer = site.connected("writer")
    writer.publish("a", b"qos 0", qos=0)
    writer.publish("a", b"one")
    writer.publish("a", b"two")
    device = site.device()
    assert device.connect("reader", clean=False)[0]
    assert [device.message().payload for _ in range(2)] == [b"one", b"two"]


def test_mqtt_4_4_0_1_what_was_not_acknowledged_is_sent_again(site: Site) -> None:
    device = site.connected("reader", clean=False)
    device.subscribe(("a", 1))
    writer = site.connected("writer")
    writer.publish("a", b"one")
    writer.publish("a", b"two")
    first, second = device.message(), device.message()
    device.send(packets.puback(first.packet_id))
    device.ping()
    device.shut()
    site.cloud.lifecycle("disconnected", "reader")
    again = site.connected("reader", clean=False).message()
    assert (again.payload, again.packet_id, again.dup) == (b"two", second.packet_id, True)


def test_filters_that_the_new_policy_forbids_are_dropped(site: Site) -> None:
    _away(site, ("a", 1), ("b", 1))
    site.cloud.policy = policy(
        allow("iot:Connect", "client/*"),
        allow("iot:Subscribe", "topicfilter/b"),
        allow("iot:Receive", "topic/*"),
        allow("iot:Publish", "topic/*"),
    )
    device = site.device()
    assert device.connect("reader", clean=False)[0]
    assert site.core.list_subscriptions("reader") == [{"topicFilter": "b", "qos": 1}]


def test_stored_messages_are_checked_against_the_new_policy(site: Site) -> None:
    _away(site, ("+", 1))
    writer = site.connected("writer")
    writer.publish("secret", b"no")
    writer.publish("open", b"yes")
    site.cloud.policy = policy(
        allow("iot:Connect", "client/*"),
        allow("iot:Subscribe", "topicfilter/*"),
        allow("iot:Receive", "topic/open"),
    )
    device = site.device()
    assert device.connect("reader", clean=False)[0]
    assert device.message().payload == b"yes"


def test_a_session_expires_after_an_hour(site: Site) -> None:
    _away(site, ("a", 1))
    site.cloud.elapsed += 3601
    site.cloud.wait_until(lambda: "reader" not in site.core.broker.sessions)
    assert site.device().connect("reader", clean=False) == (False, packets.ACCEPTED)


def test_stored_messages_come_at_ten_a_second(make_site: MakeSite) -> None:
    site = make_site(limits=Limits(publishes_per_second=None))
    site.cloud.policy = EVERYTHING
    _away(site, ("a", 1))
    writer = site.connected("writer")
    for number in range(12):
        writer.publish("a", b"x", packet_id=number + 1)
    device = site.device()
    assert device.connect("reader", clean=False)[0]
    for _ in range(10):
        device.message()
    device.ping()  # the eleventh has not come with the others
    site.cloud.elapsed += 1
    device.message()


def test_no_more_than_100_messages_are_in_flight(site: Site) -> None:
    device = site.connected("reader")
    device.subscribe(("a", 1))
    writer = site.connected("writer")
    for number in range(101):
        writer.publish("a", b"x", packet_id=number + 1)
    first = device.message()
    for _ in range(99):
        device.message()
    device.ping()
    device.send(packets.puback(first.packet_id))
    assert device.message().payload == b"x"


def test_a_direct_message_is_not_part_of_the_session(site: Site) -> None:
    device = site.connected("reader", clean=False)
    site.core.send_direct_message("reader", "cmd", b"x")
    device.message()
    device.shut()
    site.cloud.lifecycle("disconnected", "reader")
    assert not site.core.broker.sessions["reader"].in_flight
    site.connected("reader", clean=False).ping()
