"""MQTT control packets, from and to bytes: MQTT 3.1.1 chapters 2 and 3, and what MQTT 3.1 does differently.

Decoders take the body behind the fixed header and raise `ProtocolViolation`, whose text cites the statement broken.
"""

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .body import Body, ProtocolViolation, text

if TYPE_CHECKING:
    from .properties import Properties

CONNECT: Final = 1
CONNACK: Final = 2
PUBLISH: Final = 3
PUBACK: Final = 4
PUBREC: Final = 5
PUBREL: Final = 6
PUBCOMP: Final = 7
SUBSCRIBE: Final = 8
SUBACK: Final = 9
UNSUBSCRIBE: Final = 10
UNSUBACK: Final = 11
PINGREQ: Final = 12
PINGRESP: Final = 13
DISCONNECT: Final = 14

MQTT_3_1: Final = 3
MQTT_3_1_1: Final = 4
MQTT_5: Final = 5
PROTOCOL_NAMES: Final = {MQTT_3_1: "MQIsdp", MQTT_3_1_1: "MQTT", MQTT_5: "MQTT"}

# Return codes of CONNACK, table 3.1
ACCEPTED: Final = 0
UNACCEPTABLE_PROTOCOL: Final = 1
IDENTIFIER_REJECTED: Final = 2
SERVER_UNAVAILABLE: Final = 3
BAD_CREDENTIALS: Final = 4
NOT_AUTHORIZED: Final = 5

FAILURE: Final = 0x80  # the return code of a refused filter in SUBACK, chapter 3.9.3

_U16 = struct.Struct("!H")
_QOS_INVALID = 3


@dataclass(frozen=True, slots=True)
class Will:
    """`delay`: how many seconds to wait before it is published; `expiry`: how many it lives from then on."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    properties: "Properties | None" = None
    delay: int = 0
    expiry: int | None = None


@dataclass(frozen=True, slots=True)
class Connect:
    """`level` is 3 (MQTT 3.1), 4 (MQTT 3.1.1) or 5; `keep_alive` is in seconds, 0 for none.

    In MQTT 5 `clean_session` only says whether to begin without the old one; how long the new one lives when nobody is
    connected is `session_expiry` in seconds. `properties` are those of MQTT 5.
    """

    level: int
    client_id: str
    clean_session: bool
    keep_alive: int
    will: Will | None = None
    username: str | None = None
    password: bytes | None = None
    session_expiry: int | None = None
    properties: "Properties | None" = None


@dataclass(slots=True)
class Publish:
    """`expires` is when nobody wants it any more, in monotonic seconds; both are given by clients of MQTT 5 only."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    dup: bool = False
    packet_id: int = 0
    properties: "Properties | None" = None
    expires: float | None = None


@dataclass(frozen=True, slots=True)
class Subscribe:
    packet_id: int
    filters: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    packet_id: int
    filters: tuple[str, ...]


class UnsupportedProtocol(Exception):
    """A protocol level that is not 3 to 5; `level` is 0 when the name itself is unknown."""

    def __init__(self, level: int) -> None:
        super().__init__(f"protocol level {level}")
        self.level = level


def protocol_level(body: Body) -> int:
    """Of a CONNECT: raise `UnsupportedProtocol` for another protocol or level [MQTT-3.1.2-1], [MQTT-3.1.2-2]."""
    name = body.string()
    level = body.byte()
    if PROTOCOL_NAMES.get(level) != name:
        raise UnsupportedProtocol(level if name in PROTOCOL_NAMES.values() else 0)
    return level


def decode_connect(body: Body, level: int) -> Connect:
    """What follows the protocol level, in MQTT 3.1 and 3.1.1."""
    flags = body.byte()
    check_connect_flags(flags)
    if flags & 0x40 and not flags & 0x80:
        raise ProtocolViolation("a password without a user name [MQTT-3.1.2-22]")
    keep_alive = body.uint16()
    client_id = body.string()
    will = Will(body.string(), body.binary(), flags >> 3 & 3, bool(flags & 0x20)) if flags & 0x04 else None
    if will is not None:
        check_topic_name(will.topic)
    username = body.string() if flags & 0x80 else None
    password = body.binary() if flags & 0x40 else None
    body.finish()
    return Connect(level, client_id, bool(flags & 0x02), keep_alive, will, username, password)


def check_topic_name(topic: str) -> None:
    if "+" in topic or "#" in topic:
        raise ProtocolViolation("a wildcard in a topic name [MQTT-3.3.2-2]", 0x90)


def check_connect_flags(flags: int) -> None:
    if flags & 0x01:
        raise ProtocolViolation("the reserved flag of CONNECT is set [MQTT-3.1.2-3]")
    if not flags & 0x04 and flags & 0x38:
        raise ProtocolViolation("Will QoS or Will Retain without a Will [MQTT-3.1.2-13], [MQTT-3.1.2-15]")
    if flags >> 3 & 3 == _QOS_INVALID:
        raise ProtocolViolation("Will QoS 3 [MQTT-3.1.2-14]")


def decode_publish(flags: int, data: bytes) -> Publish:
    qos = flags >> 1 & 3
    if qos == _QOS_INVALID:
        raise ProtocolViolation("QoS 3 [MQTT-3.3.1-4]")
    if not qos and flags & 0x08:
        raise ProtocolViolation("DUP with QoS 0 [MQTT-3.3.1-2]")
    # Read by hand and not through Body: nearly every packet is a PUBLISH.
    size = len(data)
    end = 2 + (data[0] << 8 | data[1]) if size > 1 else 2
    payload_at = end + 2 if qos else end
    if payload_at > size:
        raise ProtocolViolation("the packet is shorter than its fields")
    topic = text(data[2:end])
    if not topic:
        raise ProtocolViolation("an empty topic name [MQTT-4.7.3-1]")
    if "+" in topic or "#" in topic:
        raise ProtocolViolation("a wildcard in a topic name [MQTT-3.3.2-2]")
    packet_id = data[end] << 8 | data[end + 1] if qos else 0
    if qos and not packet_id:
        raise ProtocolViolation("packet identifier 0 [MQTT-2.3.1-1]")
    return Publish(topic, data[payload_at:], qos, bool(flags & 1), bool(flags & 8), packet_id)


def decode_subscribe(data: bytes) -> Subscribe:
    body = Body(data)
    packet_id = body.packet_id()
    filters = []
    while body.more:
        topic_filter, options = body.string(), body.byte()
        if options > 2:  # noqa: PLR2004 - QoS 0, 1 and 2 are the only legal values
            raise ProtocolViolation("reserved bits or QoS 3 in SUBSCRIBE [MQTT-3-8.3-4]")
        filters.append((topic_filter, options))
    if not filters:
        raise ProtocolViolation("SUBSCRIBE without a filter [MQTT-3.8.3-3]")
    return Subscribe(packet_id, tuple(filters))


def decode_unsubscribe(data: bytes) -> Unsubscribe:
    body = Body(data)
    packet_id = body.packet_id()
    filters = []
    while body.more:
        filters.append(body.string())
    if not filters:
        raise ProtocolViolation("UNSUBSCRIBE without a filter [MQTT-3.10.3-2]")
    return Unsubscribe(packet_id, tuple(filters))


def decode_ack(data: bytes) -> int:
    """The packet identifier of a PUBACK, PUBREC, PUBREL or PUBCOMP."""
    body = Body(data)
    packet_id = body.packet_id()
    body.finish()
    return packet_id


def remaining_length(length: int) -> bytes:
    """The variable-length encoding of chapter 2.2.3."""
    encoded = bytearray()
    while True:
        length, digit = length >> 7, length & 0x7F
        encoded.append(digit | 0x80 if length else digit)
        if not length:
            return bytes(encoded)


def packet(packet_type: int, flags: int, body: bytes) -> bytes:
    return bytes((packet_type << 4 | flags,)) + remaining_length(len(body)) + body


def connack(code: int, *, session_present: bool = False) -> bytes:
    """Session Present is 0 with every refusal [MQTT-3.2.2-4]."""
    return bytes((CONNACK << 4, 2, session_present and code == ACCEPTED, code))


PINGRESP_PACKET: Final = b"\xd0\x00"


def publish(message: Publish) -> bytes:
    topic = message.topic.encode()
    packet_id = _U16.pack(message.packet_id) if message.qos else b""
    flags = message.dup << 3 | message.qos << 1 | message.retain
    return packet(PUBLISH, flags, _U16.pack(len(topic)) + topic + packet_id + message.payload)


def puback(packet_id: int) -> bytes:
    return b"\x40\x02" + _U16.pack(packet_id)


def pubrec(packet_id: int) -> bytes:
    return b"\x50\x02" + _U16.pack(packet_id)


def pubrel(packet_id: int) -> bytes:
    return b"\x62\x02" + _U16.pack(packet_id)


def pubcomp(packet_id: int) -> bytes:
    return b"\x70\x02" + _U16.pack(packet_id)


def suback(packet_id: int, codes: list[int]) -> bytes:
    return packet(SUBACK, 0, _U16.pack(packet_id) + bytes(codes))


def unsuback(packet_id: int) -> bytes:
    return b"\xb0\x02" + _U16.pack(packet_id)
