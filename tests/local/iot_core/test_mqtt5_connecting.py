"""MQTT 5 as far as AWS IoT Core speaks it, chapters 3.1, 3.2 and 3.14; tests bear the specification's statements."""

from typing import Any

import pytest

from infra.local.iot_core import Limits, packets
from infra.local.iot_core.packets import Publish

from .cloud import allow, policy
from .conftest import MakeSite, Site
from .device import PINGREQ, connect_packet
from .device5 import (
    ALIAS_MAXIMUM,
    ASSIGNED_ID,
    AUTH_DATA,
    AUTH_METHOD,
    EXPIRY,
    MAXIMUM_QOS,
    MAXIMUM_SIZE,
    PROBLEM_INFORMATION,
    REASON,
    RECEIVE_MAXIMUM,
    RESPONSE_INFORMATION,
    SERVER_KEEP_ALIVE,
    SESSION_EXPIRY,
    SHARED_AVAILABLE,
    SUBSCRIPTION_ID_AVAILABLE,
    USER,
    WILL_DELAY,
    Device5,
    connect5,
    connected5,
    props,
    publish5,
    subscribe5,
)

CLIENT = "urn:lo:nsid:dev:1"
NOT_AUTHORIZED, PROTOCOL_ERROR, MALFORMED = 0x87, 0x82, 0x81


# -- 3.1 CONNECT and 3.2 CONNACK


def test_mqtt_3_2_0_connack_tells_what_iot_core_offers(site: Site) -> None:
    assert Device5(site).connect() == (
        False,
        0,
        {
            RECEIVE_MAXIMUM: 100,
            MAXIMUM_QOS: 1,
            MAXIMUM_SIZE: 149_504,
            ALIAS_MAXIMUM: 8,
            SUBSCRIPTION_ID_AVAILABLE: 0,
            SHARED_AVAILABLE: 0,
        },
    )


def test_mqtt_3_2_2_9_without_strictness_qos_2_is_offered_by_saying_nothing(lenient: Site) -> None:
    assert MAXIMUM_QOS not in Device5(lenient).connect()[2]


def test_mqtt_3_1_0_2_a_second_connect_is_a_protocol_error(site: Site) -> None:
    device = connected5(site)
    device.send(connect5())
    assert device.disconnected()[0] == PROTOCOL_ERROR
    assert site.cloud.lifecycle("disconnected")["disconnectReason"] == "CLIENT_ERROR"


@pytest.mark.parametrize(("level", "name"), [(6, "MQTT"), (5, "MQIsdp")])
def test_mqtt_3_1_2_2_another_version_is_refused_as_before(site: Site, level: int, name: str) -> None:
    device = site.device()
    device.send(connect_packet(level=level, name=name))
    assert device.expect(packets.CONNACK) == bytes((0, packets.UNACCEPTABLE_PROTOCOL))


def test_mqtt_3_1_2_3_the_reserved_flag_is_malformed(site: Site) -> None:
    packet = bytearray(connect5())
    packet[9] |= 1
    device = Device5(site)
    device.send(bytes(packet))
    assert device.connack()[1] in (MALFORMED, PROTOCOL_ERROR)
    assert device.wire.closed


def test_mqtt_3_1_2_16_a_password_needs_no_user_name(site: Site) -> None:
    assert Device5(site).connect(username=None)[1] == 0
    assert "username" not in site.cloud.asked[0]["protocolData"]["mqtt"]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ([(RECEIVE_MAXIMUM, 0)], PROTOCOL_ERROR),
        ([(MAXIMUM_SIZE, 0)], PROTOCOL_ERROR),
        ([(PROBLEM_INFORMATION, 2)], PROTOCOL_ERROR),
        ([(RESPONSE_INFORMATION, 3)], PROTOCOL_ERROR),
        ([(SESSION_EXPIRY, 1), (SESSION_EXPIRY, 1)], PROTOCOL_ERROR),
        ([(AUTH_DATA, b"x")], PROTOCOL_ERROR),
        ([(WILL_DELAY, 5)], PROTOCOL_ERROR),
        ([(AUTH_METHOD, "SCRAM-SHA-1")], 0x8C),
        ([(MAXIMUM_SIZE, 511)], 0x95),
    ],
)
def test_mqtt_3_1_2_11_properties_that_make_no_sense_are_refused(
    site: Site, given: list[tuple[int, Any]], code: int
) -> None:
    device = Device5(site)
    assert device.connect(CLIENT, *given)[:2] == (False, code)
    assert device.wire.closed


def test_a_property_nobody_knows_is_malformed(site: Site) -> None:
    packet = bytearray(connect5(CLIENT, (SESSION_EXPIRY, 1)))
    packet[packet.index(SESSION_EXPIRY, 12)] = 0x7E
    device = Device5(site)
    device.send(bytes(packet))
    assert device.connack()[1] == MALFORMED


def test_mqtt_3_1_3_6_and_3_2_2_16_an_empty_client_id_is_told_the_one_it_gets(open_site: Site) -> None:
    names = set()
    for clean in (True, False):
        present, code, told = Device5(open_site).connect("", clean=clean)
        assert (present, code) == (False, 0)
        names.add(told[ASSIGNED_ID])
    assert len(names) == 2
    assert set(open_site.core.broker.sessions) == names
    assert "clientId" not in open_site.cloud.asked[0]["protocolData"]["mqtt"]


def test_an_assigned_client_id_can_be_used_again(open_site: Site) -> None:
    device = Device5(open_site)
    assigned = device.connect("", (SESSION_EXPIRY, 60))[2][ASSIGNED_ID]
    device.leave()
    assert Device5(open_site).connect(assigned, clean=False)[:2] == (True, 0)


def test_a_client_id_that_is_too_long_is_refused(open_site: Site) -> None:
    assert Device5(open_site).connect("x" * 129)[1] == 0x85


def test_mqtt_3_1_4_2_a_refused_client_learns_why(site: Site) -> None:
    device = Device5(site)
    assert device.connect(password=b"wrong")[1] == NOT_AUTHORIZED
    assert device.wire.closed
    site.cloud.lifecycle("connect_failed")


@pytest.mark.parametrize(("code", "told"), [(2, 0x85), (3, 0x88), (4, 0x86), (5, 0x87), (0x8A, 0x8A), (None, 0x87)])
def test_the_code_of_the_original_platform_is_told_in_the_words_of_mqtt_5(
    lenient: Site, code: int | None, told: int
) -> None:
    lenient.cloud.answer = lambda _event: {"isAuthenticated": False, "connackCode": code}
    assert Device5(lenient).connect()[1] == told


def test_the_code_of_the_original_platform_is_unknown_to_iot_core(site: Site) -> None:
    site.cloud.answer = lambda _event: {"isAuthenticated": False, "connackCode": 4}
    assert Device5(site).connect()[1] == NOT_AUTHORIZED


def test_a_failing_authorizer_is_a_server_that_is_unavailable(site: Site) -> None:
    site.cloud.answer = lambda _event: {"isAuthenticated": True}
    assert Device5(site).connect()[1] == 0x88


def test_a_policy_without_connect_refuses(site: Site) -> None:
    site.cloud.policy = policy(allow("iot:Publish", "topic/dev/*"))
    assert Device5(site).connect()[1] == NOT_AUTHORIZED


@pytest.mark.parametrize("level", [4, 5])
def test_mqtt_3_1_4_3_the_client_that_is_taken_over_is_told(site: Site, level: int) -> None:
    old = connected5(site)
    if level == 5:
        connected5(site)
    else:
        site.connected()
    assert old.disconnected()[0] == 0x8E
    assert site.cloud.lifecycle("disconnected")["disconnectReason"] == "DUPLICATE_CLIENTID"


@pytest.mark.parametrize(("asked", "given"), [(0, 1200), (29, 30), (65_535, 1200)])
def test_mqtt_3_2_2_21_the_server_tells_another_keep_alive(site: Site, asked: int, given: int) -> None:
    assert Device5(site).connect(keep_alive=asked)[2][SERVER_KEEP_ALIVE] == given


@pytest.mark.parametrize("asked", [30, 1200])
def test_the_keep_alive_asked_for_is_not_repeated(site: Site, asked: int) -> None:
    assert SERVER_KEEP_ALIVE not in Device5(site).connect(keep_alive=asked)[2]


def test_mqtt_3_1_2_22_silence_is_told_as_such(site: Site) -> None:
    device = connected5(site, keep_alive=60)
    site.cloud.elapsed += 91
    assert device.disconnected()[0] == 0x8D


def test_request_response_information_is_answered_with_none(site: Site) -> None:
    assert Device5(site).connect(CLIENT, (RESPONSE_INFORMATION, 1), (USER, ("a", "b")))[1] == 0


def test_packets_behind_connect_need_not_wait_for_connack(site: Site) -> None:
    device = Device5(site)
    device.send(connect5(), subscribe5(("dev/cmd", 1), packet_id=5), publish5("dev/data", b"early", qos=1, packet_id=6))
    assert device.connack()[1] == 0
    assert device.wire.expect(packets.SUBACK) == b"\0\5\0\1"
    assert device.wire.expect(packets.PUBACK) == b"\0\6"
    assert site.cloud.uplinks() == [("dev/data", b"early")]


# -- 3.14 DISCONNECT


def test_disconnect_may_change_the_session_expiry(open_site: Site) -> None:
    device = connected5(open_site, CLIENT, (SESSION_EXPIRY, 600))
    device.leave(0, (SESSION_EXPIRY, 0))
    assert not open_site.core.broker.sessions


def test_disconnect_may_lengthen_the_session_expiry(open_site: Site) -> None:
    connected5(open_site, CLIENT, (SESSION_EXPIRY, 10)).leave(0, (SESSION_EXPIRY, 3000))
    open_site.cloud.elapsed += 2000
    assert Device5(open_site).connect(CLIENT, clean=False)[0]


def test_mqtt_3_14_2_2_a_session_without_expiry_cannot_get_one_at_its_end(site: Site) -> None:
    device = connected5(site)
    device.send(packets.packet(packets.DISCONNECT, 0, b"\0" + props((SESSION_EXPIRY, 10))))
    assert device.disconnected()[0] == PROTOCOL_ERROR


def test_delete_connection_is_an_administrative_action(site: Site) -> None:
    device = connected5(site)
    site.core.delete_connection(CLIENT)
    assert device.disconnected()[0] == 0x98


def test_the_end_of_the_time_that_the_authorizer_gave_is_told(make_site: MakeSite) -> None:
    site = make_site(limits=Limits(connection_seconds_min=0))
    site.cloud.extra = {"disconnectAfterInSeconds": 0}
    assert connected5(site).disconnected()[0] == 0xA0


def test_a_broker_that_stops_says_so(make_site: MakeSite) -> None:
    site = make_site()
    device = connected5(site)
    site.core.stop()
    assert device.disconnected()[0] == 0x8B


@pytest.mark.parametrize(
    ("packet", "code"),
    [
        (b"\xf0\x00", PROTOCOL_ERROR),  # AUTH
        (b"\xe1\x00", MALFORMED),
        (b"\xc0\x01\x00", PROTOCOL_ERROR),
        (b"\x30\xff\xff\xff\xff\x01", MALFORMED),
        (b"\x30\xff\xff\x7f", 0x95),
        (subscribe5(), PROTOCOL_ERROR),
        (subscribe5(("dev/cmd", 0x40)), PROTOCOL_ERROR),
        (subscribe5(("dev/cmd", 0x30)), PROTOCOL_ERROR),
        (subscribe5(("dev/cmd", 3)), PROTOCOL_ERROR),
        (subscribe5(("dev/cmd", 0), properties=b"\x02\x0b\x01"), 0xA1),
        (subscribe5(("dev/#/cmd", 0)), PROTOCOL_ERROR),
        (publish5("dev/data", qos=3), MALFORMED),
        (publish5("dev/#"), 0x90),
        (publish5("dev/data", b"x" * (128 * 1024 + 1)), 0x95),
        (publish5("/".join("abcdefghi")), 0x90),
        (publish5(""), PROTOCOL_ERROR),
        (publish5("dev/data", b"", (0x08, "dev/+")), 0x90),
        (publish5("dev/data", b"", (WILL_DELAY, 1)), PROTOCOL_ERROR),
    ],
)
def test_mqtt_4_13_1_1_a_violation_is_told_before_the_connection_ends(site: Site, packet: bytes, code: int) -> None:
    device = connected5(site)
    device.send(packet)
    found, told = device.disconnected()
    assert found == code
    assert set(told) == {REASON}
    assert site.cloud.lifecycle("disconnected")["disconnectReason"] == "CLIENT_ERROR"


def test_the_first_packet_is_connect(site: Site) -> None:
    device = Device5(site)
    device.send(PINGREQ)
    assert device.wire.closed


def test_clients_of_both_versions_hear_each_other(open_site: Site) -> None:
    old, new = open_site.connected("old"), connected5(open_site, "new")
    old.subscribe(("room/5", 1))
    new.subscribe(("room/3", 1))
    assert new.publish("room/5", b"from 5", (USER, ("a", "b")), (EXPIRY, 60)) == (0, {})
    found = old.message()
    assert (found.topic, found.payload, found.qos) == ("room/5", b"from 5", 1)
    old.send(packets.publish(Publish("room/3", b"from 3")))
    assert new.message().told == {}
