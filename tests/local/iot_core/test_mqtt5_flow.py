"""MQTT 5 flow control, request and response, rules and direct messages; tests bear the specification's statements."""

import threading
from typing import Any

import pytest

from infra.local.iot_core import (
    GatewayTimeoutException,
    Limits,
    RequestEntityTooLargeException,
    Rule,
    packets,
)
from infra.local.iot_core.packets import Publish

from .cloud import RULES, allow, policy
from .conftest import MakeSite, Site
from .device5 import (
    CONTENT_TYPE,
    CORRELATION,
    FORMAT,
    MAXIMUM_SIZE,
    RECEIVE_MAXIMUM,
    RESPONSE_TOPIC,
    SESSION_EXPIRY,
    USER,
    connected5,
    props,
    publish5,
)

CLIENT = "urn:lo:nsid:dev:1"
NOT_AUTHORIZED, PROTOCOL_ERROR, TOO_LARGE = 0x87, 0x82, 0x95
NO_LOCAL, AS_PUBLISHED = 0x04, 0x08
WHEN_NEW, NEVER = 0x10, 0x20


# -- 4.9 flow control, 3.1.2.11.4 maximum packet size


def test_mqtt_3_3_4_9_no_more_than_the_receive_maximum_is_under_way(open_site: Site) -> None:
    reader, writer = connected5(open_site, "reader", (RECEIVE_MAXIMUM, 2)), connected5(open_site, "writer")
    reader.subscribe(("room/1", 1))
    for number in range(4):
        writer.publish("room/1", bytes((number,)))
    first, second = reader.message(), reader.message()
    reader.wire.ping()
    reader.send(packets.puback(second.packet_id))
    assert reader.message().payload == b"\2"
    reader.wire.ping()
    reader.send(packets.packet(packets.PUBACK, 0, first.packet_id.to_bytes(2) + b"\x97\0"))
    assert reader.message().payload == b"\3"


def test_mqtt_3_3_4_7_who_exceeds_the_servers_receive_maximum_is_disconnected(make_site: MakeSite) -> None:
    site = make_site(limits=Limits(unacknowledged_in=3))
    block: list[bool] = []

    def wait(_function: str, event: dict[str, Any]) -> None:
        if event.get("topic") == "dev/data":
            site.cloud.wait_until(lambda: bool(block))

    site.cloud.before_invoke = wait
    device = connected5(site)
    device.send(*(publish5("dev/data", b"x", qos=1, packet_id=number) for number in range(1, 5)))
    assert device.disconnected()[0] == 0x93
    block.append(True)


def test_as_many_as_the_servers_receive_maximum_are_taken(make_site: MakeSite) -> None:
    site = make_site(limits=Limits(unacknowledged_in=3))
    device = connected5(site)
    for _ in range(4):
        device.send(*(publish5("dev/data", b"x", qos=1, packet_id=number) for number in range(1, 4)))
        assert [device.acknowledgement(packets.PUBACK, number)[0] for number in range(1, 4)] == [0, 0, 0]


def test_mqtt_3_1_2_24_and_25_what_is_too_large_for_a_client_is_not_sent(open_site: Site) -> None:
    reader, writer = connected5(open_site, "reader", (MAXIMUM_SIZE, 600)), connected5(open_site, "writer")
    reader.subscribe(("room/1", 1))
    for size in (580, 700, 10):
        writer.publish("room/1", b"x" * size)
    assert [len(reader.message().payload) for _ in range(2)] == [580, 10]


def test_mqtt_4_4_0_1_what_was_under_way_is_sent_again(open_site: Site) -> None:
    reader = connected5(open_site, "reader", (SESSION_EXPIRY, 600), clean=False)
    reader.subscribe(("room/1", 1))
    connected5(open_site, "writer").publish("room/1", b"x", (USER, ("a", "b")))
    first = reader.message()
    reader.wire.shut()
    open_site.cloud.wait_until(lambda: open_site.core.broker.sessions["reader"].connection is None)
    again = connected5(open_site, "reader", (SESSION_EXPIRY, 600), clean=False).message()
    assert (again.dup, again.packet_id, again.told) == (True, first.packet_id, first.told)


# -- 4.10 request and response


def test_mqtt_4_10_a_response_finds_its_request(open_site: Site) -> None:
    asks, answers = connected5(open_site, "asks"), connected5(open_site, "answers")
    asks.subscribe(("room/answers/asks", 1))
    answers.subscribe(("room/questions", 1))
    asks.publish("room/questions", b"?", (RESPONSE_TOPIC, "room/answers/asks"), (CORRELATION, b"17"))
    question = answers.message()
    answers.send(packets.puback(question.packet_id))
    answers.publish(question.told[RESPONSE_TOPIC], b"!", (CORRELATION, question.told[CORRELATION]))
    answer = asks.message()
    assert (answer.payload, answer.told) == (b"!", {CORRELATION: b"17"})


# -- rules


def test_rules_see_the_properties_of_a_message(make_site: MakeSite) -> None:
    statement = (
        "SELECT get_mqtt_property('content_type') AS kind, get_mqtt_property('response_topic') AS answer,"
        " get_mqtt_property('correlation_data') AS which, get_mqtt_property('format_indicator') AS form,"
        " get_user_properties('unit') AS unit, topic() AS topic FROM 'dev/#'"
    )
    site = make_site(rules=[*RULES[1:], Rule("told", statement, "told")])
    connected5(site).publish(
        "dev/data",
        b"{}",
        (CONTENT_TYPE, "text/plain"),
        (RESPONSE_TOPIC, "dev/answer"),
        (CORRELATION, b"\0\1"),
        (FORMAT, 1),
        (USER, ("unit", "K")),
        (USER, ("other", "x")),
        (USER, ("unit", "°C")),
    )
    site.connected("urn:lo:nsid:dev:2").publish("dev/old")
    assert site.cloud.events("told") == [
        {
            "kind": "text/plain",
            "answer": "dev/answer",
            "which": "AAE=",
            "form": "UTF8_DATA",
            "unit": ["K", "°C"],
            "topic": "dev/data",
        },
        {"form": "UNSPECIFIED_BYTES", "topic": "dev/old"},
    ]


def test_rules_get_the_message_of_either_version_alike(site: Site) -> None:
    connected5(site).publish("dev/data", b"5")
    site.connected().publish("dev/data", b"4")
    new, old = site.cloud.events("uplink")
    assert new.keys() == old.keys()
    assert (new["topic"], new["client"]) == (old["topic"], old["client"])


# -- direct messages


def test_a_direct_message_that_the_client_refuses_is_not_confirmed(site: Site) -> None:
    device = connected5(site)
    failed: list[Exception] = []

    def send() -> None:
        try:
            site.core.send_direct_message(CLIENT, "dev/cmd", b"x", confirmation=True)
        except GatewayTimeoutException as error:
            failed.append(error)

    sending = threading.Thread(target=send)
    sending.start()
    sent = device.message()
    device.send(packets.packet(packets.PUBACK, 0, sent.packet_id.to_bytes(2) + b"\x83"))
    sending.join(10)
    assert len(failed) == 1


@pytest.mark.parametrize("confirmation", [True, False])
def test_a_direct_message_that_is_too_large_for_its_receiver_is_refused(site: Site, *, confirmation: bool) -> None:
    device = connected5(site, CLIENT, (MAXIMUM_SIZE, 512))
    with pytest.raises(RequestEntityTooLargeException):
        site.core.send_direct_message(CLIENT, "dev/cmd", b"x" * 520, confirmation=confirmation)
    device.wire.ping()


def test_a_receiver_without_the_right_to_receive_gets_nothing(site: Site) -> None:
    site.cloud.policy = policy(
        allow("iot:Connect", "client/*"), allow("iot:Subscribe", "*"), allow("iot:Publish", "topic/*")
    )
    device = connected5(site)
    device.subscribe(("room/1", 0))
    device.publish("room/1", b"x")
    device.wire.ping()


def test_a_message_of_mqtt_3_has_no_properties(open_site: Site) -> None:
    reader = connected5(open_site, "reader")
    reader.subscribe(("room/1", 0))
    open_site.connected("writer").send(packets.publish(Publish("room/1", b"x")))
    assert reader.message().told == {}
    assert props() == b"\0"
