"""MQTT 5 as far as AWS IoT Core speaks it, chapters 3.3 to 3.11 and 4; tests bear the specification's statements."""

import pytest

from infra.local.iot_core import (
    Limits,
    ResourceNotFoundException,
    packets,
)

from .cloud import EVERYTHING
from .conftest import MakeSite, Site
from .device5 import (
    ALIAS,
    CONTENT_TYPE,
    CORRELATION,
    EXPIRY,
    FORMAT,
    MAXIMUM_SIZE,
    PROBLEM_INFORMATION,
    REASON,
    RESPONSE_TOPIC,
    SESSION_EXPIRY,
    USER,
    connected5,
    publish5,
    subscribe5,
)

CLIENT = "urn:lo:nsid:dev:1"
NOT_AUTHORIZED, PROTOCOL_ERROR, TOO_LARGE = 0x87, 0x82, 0x95
NO_LOCAL, AS_PUBLISHED = 0x04, 0x08
WHEN_NEW, NEVER = 0x10, 0x20


# -- 3.3 PUBLISH


def test_mqtt_3_3_2_4_and_18_what_a_publisher_tells_reaches_subscribers_as_it_is(open_site: Site) -> None:
    reader, writer = connected5(open_site, "reader"), connected5(open_site, "writer")
    reader.subscribe(("room/#", 1))
    given = [
        (FORMAT, 1),
        (CONTENT_TYPE, "application/json"),
        (RESPONSE_TOPIC, "room/answers"),
        (CORRELATION, b"\0\xff7"),
        (USER, ("b", "1")),
        (USER, ("a", "2")),
        (USER, ("b", "3")),
    ]
    writer.publish("room/1", b"{}", *given)
    assert reader.message().told == {
        FORMAT: 1,
        CONTENT_TYPE: "application/json",
        RESPONSE_TOPIC: "room/answers",
        CORRELATION: b"\0\xff7",
        USER: [("b", "1"), ("a", "2"), ("b", "3")],
    }


@pytest.mark.parametrize("transport_of_reader", [4, 5])
def test_mqtt_3_3_2_5_a_message_nobody_wants_any_more_is_not_delivered(
    open_site: Site, transport_of_reader: int
) -> None:
    if transport_of_reader == 5:
        reader = connected5(open_site, "reader", (SESSION_EXPIRY, 3000), clean=False)
        reader.subscribe(("room/#", 1))
        reader.leave()
    else:
        old = open_site.connected("reader", clean=False)
        old.subscribe(("room/#", 1))
        old.leave()
    writer = connected5(open_site, "writer", keep_alive=1200)
    writer.publish("room/1", b"short", (EXPIRY, 60))
    writer.publish("room/1", b"long", (EXPIRY, 600))
    writer.publish("room/1", b"for ever")
    open_site.cloud.elapsed += 90
    if transport_of_reader == 5:
        back = connected5(open_site, "reader", (SESSION_EXPIRY, 3000), clean=False)
        found = back.message()
        assert (found.payload, found.told) == (b"long", {EXPIRY: 510})  # [MQTT-3.3.2-6]
        assert back.message().told == {}
    else:
        device = open_site.device()
        assert device.connect("reader", clean=False) == (True, 0)
        assert [device.message().payload, device.message().payload] == [b"long", b"for ever"]


def test_a_retained_message_expires(open_site: Site) -> None:
    writer = connected5(open_site, "writer", keep_alive=1200)
    writer.publish("room/1", b"x", (EXPIRY, 60), (USER, ("a", "b")), retain=True)
    open_site.cloud.elapsed += 20
    reader = connected5(open_site, "reader", keep_alive=1200)
    reader.subscribe(("room/1", 1))
    found = reader.message()
    assert (found.retain, found.told) == (True, {EXPIRY: 40, USER: [("a", "b")]})
    open_site.cloud.elapsed += 50
    open_site.cloud.wait_until(lambda: not open_site.core.list_retained_messages())
    with pytest.raises(ResourceNotFoundException):
        open_site.core.get_retained_message("room/1")


def test_mqtt_3_3_2_7_a_topic_alias_stands_for_its_topic(site: Site) -> None:
    device = connected5(site)
    device.publish("dev/data", b"1", (ALIAS, 8))
    device.publish("", b"2", (ALIAS, 8))
    device.publish("dev/other", b"3", (ALIAS, 8))
    device.publish("", b"4", (ALIAS, 8))
    assert site.cloud.uplinks() == [
        ("dev/data", b"1"),
        ("dev/data", b"2"),
        ("dev/other", b"3"),
        ("dev/other", b"4"),
    ]


def test_mqtt_3_3_2_10_a_topic_alias_ends_with_its_connection(open_site: Site) -> None:
    device = connected5(open_site, CLIENT, (SESSION_EXPIRY, 600))
    device.publish("dev/data", b"1", (ALIAS, 1))
    device.leave()
    again = connected5(open_site, CLIENT, (SESSION_EXPIRY, 600), clean=False)
    again.send(publish5("", b"2", (ALIAS, 1)))
    assert again.disconnected()[0] == PROTOCOL_ERROR


@pytest.mark.parametrize("alias", [0, 9, 65_535])
def test_mqtt_3_3_2_8_and_9_topic_aliases_are_1_to_8(site: Site, alias: int) -> None:
    device = connected5(site)
    device.send(publish5("dev/data", b"1", (ALIAS, alias)))
    assert device.disconnected()[0] == 0x94


def test_a_topic_alias_is_judged_by_the_topic_it_stands_for(site: Site) -> None:
    device = connected5(site)
    assert device.publish("dev/cmd", b"1", (ALIAS, 1))[0] == NOT_AUTHORIZED
    assert device.publish("", b"2", (ALIAS, 1))[0] == NOT_AUTHORIZED
    assert site.cloud.uplinks() == []


def test_mqtt_3_3_1_13_retain_as_published(open_site: Site) -> None:
    reader, writer = connected5(open_site, "reader"), connected5(open_site, "writer")
    reader.subscribe(("room/1", AS_PUBLISHED), ("room/2", 0))
    writer.publish("room/1", b"x", retain=True)
    writer.publish("room/1", b"y")
    writer.publish("room/2", b"z", retain=True)
    assert [reader.message().retain for _ in range(3)] == [True, False, False]


def test_mqtt_3_3_1_9_to_11_retain_handling(open_site: Site) -> None:
    writer = connected5(open_site, "writer")
    writer.publish("room/1", b"kept", retain=True)
    reader = connected5(open_site, "reader")
    reader.subscribe(("room/1", NEVER))
    reader.wire.ping()
    reader.unsubscribe("room/1")
    reader.subscribe(("room/1", WHEN_NEW))
    assert reader.message().payload == b"kept"
    reader.subscribe(("room/1", WHEN_NEW))
    reader.wire.ping()
    reader.subscribe(("room/1", 0))
    assert reader.message().payload == b"kept"


def test_mqtt_3_8_3_3_no_local(open_site: Site) -> None:
    device, other = connected5(open_site, "one"), connected5(open_site, "two")
    device.subscribe(("room/1", NO_LOCAL), ("room/2", 0))
    device.send(publish5("room/1", b"mine"), publish5("room/2", b"mine too"))
    assert device.message().topic == "room/2"
    other.publish("room/1", b"theirs")
    assert device.message().payload == b"theirs"


def test_mqtt_3_2_2_11_a_message_with_qos_2_is_a_violation_in_strict_mode(site: Site) -> None:
    device = connected5(site)
    device.send(publish5("dev/data", qos=2))
    assert device.disconnected()[0] == 0x9B


def test_qos_2_is_served_in_lenient_mode(lenient: Site) -> None:
    lenient.cloud.policy = EVERYTHING
    device = connected5(lenient)
    assert device.subscribe(("room/1", 2)) == [2]
    device.send(publish5("room/1", b"x", (USER, ("a", "b")), qos=2, packet_id=9))
    sent = device.message()
    assert (sent.qos, sent.told) == (2, {USER: [("a", "b")]})
    assert device.acknowledgement(packets.PUBREC, 9) == (0, {})
    device.send(packets.pubrel(9))
    assert device.acknowledgement(packets.PUBCOMP, 9) == (0, {})
    device.send(packets.pubrec(sent.packet_id))
    assert device.acknowledgement(packets.PUBREL, sent.packet_id) == (0, {})
    device.send(packets.pubcomp(sent.packet_id))
    device.wire.ping()
    assert not lenient.core.broker.sessions[CLIENT].in_flight


def test_a_denied_message_with_qos_2_is_refused_in_pubrec(lenient: Site) -> None:
    device = connected5(lenient)
    device.send(publish5("dev/cmd", b"x", qos=2, packet_id=9))
    assert device.acknowledgement(packets.PUBREC, 9)[0] == NOT_AUTHORIZED
    device.wire.ping()


def test_a_pubrec_that_refuses_ends_the_exchange(lenient: Site) -> None:
    lenient.cloud.policy = EVERYTHING
    device = connected5(lenient)
    device.subscribe(("room/1", 2))
    device.send(publish5("room/1", b"x"), publish5("room/1", b"y", qos=2, packet_id=9))
    assert device.message().qos == 0
    sent = device.message()
    device.acknowledgement(packets.PUBREC, 9)
    device.send(packets.packet(packets.PUBREC, 0, sent.packet_id.to_bytes(2) + b"\x80"))
    device.wire.ping()
    assert not lenient.core.broker.sessions[CLIENT].in_flight


# -- 3.4 PUBACK


def test_a_denied_publish_is_refused_and_the_connection_stays(site: Site) -> None:
    device = connected5(site)
    code, told = device.publish("dev/cmd")
    assert (code, set(told)) == (NOT_AUTHORIZED, {REASON})
    assert device.publish("dev/data") == (0, {})
    assert site.cloud.uplinks() == [("dev/data", b"{}")]


def test_a_denied_publish_with_qos_0_ends_the_connection(site: Site) -> None:
    device = connected5(site)
    device.send(publish5("dev/cmd"))
    assert device.disconnected()[0] == NOT_AUTHORIZED
    assert site.cloud.lifecycle("disconnected")["disconnectReason"] == "FORBIDDEN_ACCESS"


def test_mqtt_3_1_2_29_who_wants_no_problem_information_gets_none(site: Site) -> None:
    device = connected5(site, CLIENT, (PROBLEM_INFORMATION, 0))
    assert device.publish("dev/cmd") == (NOT_AUTHORIZED, {})
    assert device.subscribed(("forbidden", 0)) == ([NOT_AUTHORIZED], {})


def test_mqtt_3_4_2_2_a_reason_string_does_not_make_a_packet_too_large(make_site: MakeSite) -> None:
    site = make_site(limits=Limits(packet_bytes_least=1))
    assert connected5(site, CLIENT, (MAXIMUM_SIZE, 15)).publish("dev/cmd") == (NOT_AUTHORIZED, {})
    assert REASON in connected5(site, CLIENT, (MAXIMUM_SIZE, 40)).publish("dev/cmd")[1]


def test_what_exceeds_the_rate_is_refused_and_not_lost_silently(make_site: MakeSite) -> None:
    site = make_site(limits=Limits(publishes_per_second=2), monotonic=lambda: 5.0)
    device = connected5(site)
    assert [device.publish("dev/data")[0] for _ in range(4)] == [0, 0, 0x97, 0x97]
    assert len(site.cloud.uplinks()) == 2


# -- 3.8 SUBSCRIBE to 3.11 UNSUBACK


def test_mqtt_3_9_3_1_every_filter_has_its_reason_code(site: Site) -> None:
    device = connected5(site)
    codes = device.subscribe(
        ("dev/cfg", 0), ("forbidden", 1), ("dev/cmd", 1), ("$share/group/dev/cmd", 0), ("$queue/x", 0), ("a" * 257, 0)
    )
    assert codes == [0, NOT_AUTHORIZED, 1, 0x9E, 0x8F, 0x8F]
    assert site.cloud.lifecycle("connected")
    event = site.cloud.wait_for("presence", lambda event: event["eventType"] == "subscribed")
    assert event["topics"] == ["dev/cfg", "dev/cmd"]


def test_one_subscription_too_many_is_over_the_quota(make_site: MakeSite) -> None:
    site = make_site(limits=Limits(subscriptions_per_connection=1))
    assert connected5(site).subscribe(("dev/cfg", 0), ("dev/cmd", 1)) == [0, 0x97]


def test_nine_filters_at_once_are_over_the_quota(open_site: Site) -> None:
    device = connected5(open_site)
    device.send(subscribe5(*((f"a/{number}", 0) for number in range(9))))
    assert device.disconnected()[0] == 0x97


def test_mqtt_3_11_3_every_filter_unsubscribed_has_its_reason_code(site: Site) -> None:
    device = connected5(site)
    device.subscribe(("dev/cmd", 1))
    assert device.unsubscribe("dev/cmd", "dev/cfg") == [0, 0x11]


def test_mqtt_3_3_4_2_overlapping_subscriptions_deliver_once_with_the_highest_qos(open_site: Site) -> None:
    reader = connected5(open_site, "reader")
    reader.subscribe(("room/#", AS_PUBLISHED), ("room/+", 1))
    connected5(open_site, "writer").publish("room/1", b"x")
    assert reader.message().qos == 1
    reader.wire.ping()
