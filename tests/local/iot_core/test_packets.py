"""Bytes to packets and back: MQTT 3.1.1 chapters 1.5, 2 and 3."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.iot_core import packets
from infra.local.iot_core.body import Body, ProtocolViolation, text
from infra.local.iot_core.framing import Framer, check_flags
from infra.local.iot_core.packets import Publish

from .device import connect_packet, string, subscribe_packet, unsubscribe_packet


def _body(packet: bytes) -> bytes:
    framer = Framer(1 << 28)
    framer.feed(packet)
    cut = framer.next()
    assert cut is not None
    return cut[1]


@given(
    st.text(st.characters(codec="utf-8", exclude_characters="\0+#"), min_size=1, max_size=50),
    st.binary(max_size=300),
    st.integers(0, 2),
    st.integers(1, 65_535),
)
def test_a_publish_survives_encoding_and_decoding(topic: str, payload: bytes, qos: int, packet_id: int) -> None:
    message = Publish(topic, payload, qos, retain=True, dup=bool(qos), packet_id=packet_id if qos else 0)
    encoded = packets.publish(message)
    assert packets.decode_publish(encoded[0] & 0x0F, _body(encoded)) == message


@given(st.lists(st.binary(max_size=400), max_size=8), st.integers(1, 50))
def test_packets_are_cut_alike_wherever_the_stream_is(bodies: list[bytes], step: int) -> None:
    stream = b"".join(packets.packet(packets.PUBLISH, 0, body) for body in bodies)
    framer, found = Framer(1000), []
    for start in range(0, len(stream), step):
        framer.feed(stream[start : start + step])
        while (cut := framer.next()) is not None:
            found.append(cut[1])
    assert found == bodies


@pytest.mark.parametrize(
    ("length", "encoded"),
    [(0, "00"), (127, "7f"), (128, "8001"), (16_383, "ff7f"), (16_384, "808001"), (2_097_152, "80808001")],
)
def test_remaining_length_follows_table_2_4(length: int, encoded: str) -> None:
    assert packets.remaining_length(length).hex() == encoded


def test_a_remaining_length_of_five_bytes_is_malformed() -> None:
    framer = Framer(1 << 28)
    framer.feed(b"\x30\xff\xff\xff\xff\x01")
    with pytest.raises(ProtocolViolation):
        framer.next()


def test_a_packet_over_the_limit_is_refused_before_it_has_arrived() -> None:
    framer = Framer(1000)
    framer.feed(b"\x30" + packets.remaining_length(1001))
    with pytest.raises(ProtocolViolation):
        framer.next()


def _connect(data: bytes) -> packets.Connect:
    body = Body(data)
    return packets.decode_connect(body, packets.protocol_level(body))


CONNECT_FLAGS = 9  # where they are in the body of an MQTT 3.1.1 CONNECT, behind the name, the level


def _with_flags(flags: int) -> bytes:
    body = bytearray(_body(connect_packet()))
    body[CONNECT_FLAGS - 2] = flags
    return bytes(body)


@pytest.mark.parametrize(
    ("flags", "statement"),
    [
        (0x03, "MQTT-3.1.2-3"),
        (0x0A, "MQTT-3.1.2-13"),
        (0x22, "MQTT-3.1.2-15"),
        (0x1E, "MQTT-3.1.2-14"),
        (0x42, "MQTT-3.1.2-22"),
    ],
)
def test_connect_flags_that_contradict_each_other_are_malformed(flags: int, statement: str) -> None:
    with pytest.raises(ProtocolViolation, match=statement):
        _connect(_with_flags(flags))


def test_mqtt_3_1_2_1_another_protocol_name_is_unsupported() -> None:
    with pytest.raises(packets.UnsupportedProtocol):
        _connect(_body(connect_packet(name="AMQP")))


@pytest.mark.parametrize("level", [0, 3, 6, 255])
def test_mqtt_3_1_2_2_another_level_is_unsupported(level: int) -> None:
    with pytest.raises(packets.UnsupportedProtocol):
        _connect(_body(connect_packet(level=level)))


@pytest.mark.parametrize("missing", range(1, 20))
def test_a_connect_cut_short_is_malformed(missing: int) -> None:
    body = _body(connect_packet("a", username=None, password=None))
    with pytest.raises(ProtocolViolation):
        _connect(body[: max(0, len(body) - missing)])


def test_bytes_behind_a_connect_are_malformed() -> None:
    with pytest.raises(ProtocolViolation):
        _connect(_body(connect_packet()) + b"x")


@pytest.mark.parametrize("data", [b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"])
def test_mqtt_1_5_3_1_ill_formed_utf_8_is_malformed(data: bytes) -> None:
    with pytest.raises(ProtocolViolation, match=r"MQTT-1\.5\.3-1"):
        text(data)


def test_mqtt_1_5_3_2_the_null_character_is_malformed() -> None:
    with pytest.raises(ProtocolViolation, match=r"MQTT-1\.5\.3-2"):
        text(b"a\0b")


def test_mqtt_1_5_3_3_a_byte_order_mark_is_a_character_like_others() -> None:
    assert text(b"\xef\xbb\xbfa") == "\ufeffa"


@pytest.mark.parametrize("topic", ["a/+", "#", "a#"])
def test_mqtt_3_3_2_2_a_topic_name_holds_no_wildcard(topic: str) -> None:
    with pytest.raises(ProtocolViolation, match=r"MQTT-3\.3\.2-2"):
        packets.decode_publish(0, string(topic))


def test_mqtt_4_7_3_1_a_topic_name_is_not_empty() -> None:
    with pytest.raises(ProtocolViolation, match=r"MQTT-4\.7\.3-1"):
        packets.decode_publish(0, string(""))


def test_mqtt_3_3_1_4_both_qos_bits_are_malformed() -> None:
    with pytest.raises(ProtocolViolation, match=r"MQTT-3\.3\.1-4"):
        packets.decode_publish(0x06, string("a") + b"\0\1")


def test_mqtt_3_3_1_2_dup_goes_with_qos_1_and_2_only() -> None:
    with pytest.raises(ProtocolViolation, match=r"MQTT-3\.3\.1-2"):
        packets.decode_publish(0x08, string("a"))


@pytest.mark.parametrize("body", [b"", b"\0", b"\0\5abc", b"\0\1a", b"\0\1a\0"])
def test_a_publish_cut_short_is_malformed(body: bytes) -> None:
    with pytest.raises(ProtocolViolation):
        packets.decode_publish(0x02, body)


def test_mqtt_2_3_1_1_a_packet_identifier_is_not_0() -> None:
    for decode, packet in (
        (packets.decode_subscribe, subscribe_packet(("a", 0), packet_id=0)),
        (packets.decode_unsubscribe, unsubscribe_packet("a", packet_id=0)),
        (packets.decode_ack, packets.puback(0)),
    ):
        with pytest.raises(ProtocolViolation, match=r"MQTT-2\.3\.1-1"):
            decode(_body(packet))
    with pytest.raises(ProtocolViolation, match=r"MQTT-2\.3\.1-1"):
        packets.decode_publish(0x02, string("a") + b"\0\0")


def test_mqtt_3_8_3_3_subscribe_has_a_filter() -> None:
    with pytest.raises(ProtocolViolation, match=r"MQTT-3\.8\.3-3"):
        packets.decode_subscribe(b"\0\1")


def test_mqtt_3_10_3_2_unsubscribe_has_a_filter() -> None:
    with pytest.raises(ProtocolViolation, match=r"MQTT-3\.10\.3-2"):
        packets.decode_unsubscribe(b"\0\1")


@pytest.mark.parametrize("options", [3, 4, 0x80])
def test_mqtt_3_8_3_4_other_options_of_a_filter_are_malformed(options: int) -> None:
    with pytest.raises(ProtocolViolation, match=r"MQTT-3-8\.3-4"):
        packets.decode_subscribe(b"\0\1" + string("a") + bytes((options,)))


@pytest.mark.parametrize(
    "first",
    [0x00, 0x11, 0x20, 0x41, 0x50 | 2, 0x60, 0x80, 0x90, 0xA0, 0xB0, 0xC1, 0xD0, 0xE1, 0xF0],
)
def test_mqtt_2_2_2_2_reserved_types_and_flags_are_malformed(first: int) -> None:
    with pytest.raises(ProtocolViolation):
        check_flags(first, packets.MQTT_3_1_1)


def test_mqtt_3_1_marks_repeated_packets_with_dup() -> None:
    assert check_flags(0x8A, packets.MQTT_3_1) == packets.SUBSCRIBE
    with pytest.raises(ProtocolViolation):
        check_flags(0x8A, packets.MQTT_3_1_1)


def test_mqtt_3_2_2_4_a_refusal_has_no_session_present() -> None:
    assert packets.connack(packets.NOT_AUTHORIZED, session_present=True) == b"\x20\x02\x00\x05"
