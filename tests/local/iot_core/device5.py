"""A device that speaks MQTT 5 byte by byte; it reads properties by itself, so that writer and reader differ."""

import struct
from dataclasses import dataclass, field
from typing import Any

from infra.local.iot_core import packets

from .conftest import Site
from .device import Device, string

CLIENT = "urn:lo:nsid:dev:1"
EXPIRY, CONTENT_TYPE, RESPONSE_TOPIC, CORRELATION, FORMAT = 0x02, 0x03, 0x08, 0x09, 0x01
SESSION_EXPIRY, ASSIGNED_ID, SERVER_KEEP_ALIVE = 0x11, 0x12, 0x13
AUTH_METHOD, AUTH_DATA, PROBLEM_INFORMATION, WILL_DELAY = 0x15, 0x16, 0x17, 0x18
RESPONSE_INFORMATION, REASON, RECEIVE_MAXIMUM = 0x19, 0x1F, 0x21
ALIAS_MAXIMUM, ALIAS, MAXIMUM_QOS, USER, MAXIMUM_SIZE = 0x22, 0x23, 0x24, 0x26, 0x27
SUBSCRIPTION_ID, SUBSCRIPTION_ID_AVAILABLE, SHARED_AVAILABLE = 0x0B, 0x29, 0x2A
_SIZES = {
    **dict.fromkeys((FORMAT, PROBLEM_INFORMATION, RESPONSE_INFORMATION, MAXIMUM_QOS, 0x25, 0x28, 0x29, 0x2A), 1),
    **dict.fromkeys((SERVER_KEEP_ALIVE, RECEIVE_MAXIMUM, ALIAS_MAXIMUM, ALIAS), 2),
    **dict.fromkeys((EXPIRY, SESSION_EXPIRY, WILL_DELAY, MAXIMUM_SIZE), 4),
    SUBSCRIPTION_ID: 1,
}

Told = dict[int, Any]


def props(*given: tuple[int, Any]) -> bytes:
    """Properties with their length; a user property is `(USER, (name, value))`."""
    body = b""
    for name, value in given:
        body += bytes((name,))
        if name in _SIZES:
            body += int(value).to_bytes(_SIZES[name])
        elif name == USER:
            body += string(value[0]) + string(value[1])
        elif isinstance(value, bytes):
            body += struct.pack("!H", len(value)) + value
        else:
            body += string(value)
    return packets.remaining_length(len(body)) + body


def _take_string(data: bytes) -> tuple[bytes, bytes]:
    length = int.from_bytes(data[:2])
    return data[2 : 2 + length], data[2 + length :]


def read_props(data: bytes) -> tuple[Told, bytes]:
    """Properties, user properties as a list under USER, and what follows them."""
    length, shift, at = 0, 0, 0
    while True:
        digit = data[at]
        length |= (digit & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if not digit & 0x80:
            break
    inside, rest = data[at : at + length], data[at + length :]
    told: Told = {}
    while inside:
        name, inside = inside[0], inside[1:]
        assert name == USER or name not in told, f"property {name} twice"
        if name in _SIZES:
            told[name], inside = int.from_bytes(inside[: _SIZES[name]]), inside[_SIZES[name] :]
        elif name == USER:
            key, inside = _take_string(inside)
            value, inside = _take_string(inside)
            told.setdefault(USER, []).append((key.decode(), value.decode()))
        else:
            raw, inside = _take_string(inside)
            told[name] = raw if name in (CORRELATION, AUTH_DATA) else raw.decode()
    return told, rest


@dataclass
class Will5:
    topic: str
    payload: bytes = b"gone"
    qos: int = 0
    retain: bool = False
    properties: bytes = b"\0"


@dataclass
class Message5:
    topic: str
    payload: bytes
    qos: int
    retain: bool
    dup: bool
    packet_id: int
    told: Told = field(default_factory=dict)


def connect5(
    client_id: str = "urn:lo:nsid:dev:1",
    *given: tuple[int, Any],
    username: str | None = "json+device",
    password: bytes | None = b"secret",
    clean: bool = True,
    keep_alive: int = 60,
    will: Will5 | None = None,
) -> bytes:
    flags = clean << 1 | (username is not None) << 7 | (password is not None) << 6
    tail = string(client_id)
    if will is not None:
        flags |= 0x04 | will.qos << 3 | will.retain << 5
        tail += will.properties + string(will.topic) + struct.pack("!H", len(will.payload)) + will.payload
    if username is not None:
        tail += string(username)
    if password is not None:
        tail += struct.pack("!H", len(password)) + password
    head = string("MQTT") + bytes((5, flags)) + struct.pack("!H", keep_alive)
    return packets.packet(packets.CONNECT, 0, head + props(*given) + tail)


def publish5(
    topic: str,
    payload: bytes = b"{}",
    *given: tuple[int, Any],
    qos: int = 0,
    packet_id: int = 7,
    retain: bool = False,
    dup: bool = False,
) -> bytes:
    number = struct.pack("!H", packet_id) if qos else b""
    flags = dup << 3 | qos << 1 | retain
    return packets.packet(packets.PUBLISH, flags, string(topic) + number + props(*given) + payload)


def subscribe5(*filters: tuple[str, int], packet_id: int = 1, properties: bytes = b"\0") -> bytes:
    body = b"".join(string(topic_filter) + bytes((options,)) for topic_filter, options in filters)
    return packets.packet(packets.SUBSCRIBE, 2, struct.pack("!H", packet_id) + properties + body)


class Device5:
    """`answer` of `connect` is session present, reason code and properties."""

    def __init__(self, site: Site, device: Device | None = None) -> None:
        self.wire = device or site.device()

    def send(self, *data: bytes) -> None:
        self.wire.send(*data)

    def connect(self, client_id: str = "urn:lo:nsid:dev:1", *given: tuple[int, Any], **options: Any) -> Any:
        self.send(connect5(client_id, *given, **options))
        return self.connack()

    def connack(self) -> tuple[bool, int, Told]:
        body = self.wire.expect(packets.CONNACK)
        told, rest = read_props(body[2:])
        assert not rest
        return bool(body[0]), body[1], told

    def publish(self, topic: str, payload: bytes = b"{}", *given: tuple[int, Any], **options: Any) -> tuple[int, Told]:
        """With QoS 1: the reason code of the PUBACK, and its properties."""
        self.send(publish5(topic, payload, *given, **({"qos": 1} | options)))
        return self.acknowledgement(packets.PUBACK)

    def acknowledgement(self, packet_type: int, packet_id: int = 7) -> tuple[int, Told]:
        body = self.wire.expect(packet_type)
        assert int.from_bytes(body[:2]) == packet_id
        told, rest = read_props(body[3:]) if body[3:] else ({}, b"")
        assert not rest
        return (body[2] if body[2:] else 0), told

    def subscribe(self, *filters: tuple[str, int], packet_id: int = 1) -> list[int]:
        return self.subscribed(*filters, packet_id=packet_id)[0]

    def subscribed(self, *filters: tuple[str, int], packet_id: int = 1) -> tuple[list[int], Told]:
        self.send(subscribe5(*filters, packet_id=packet_id))
        body = self.wire.expect(packets.SUBACK)
        assert int.from_bytes(body[:2]) == packet_id
        told, codes = read_props(body[2:])
        return list(codes), told

    def unsubscribe(self, *filters: str) -> list[int]:
        body = struct.pack("!H", 2) + b"\0" + b"".join(map(string, filters))
        self.send(packets.packet(packets.UNSUBSCRIBE, 2, body))
        body = self.wire.expect(packets.UNSUBACK)
        told, codes = read_props(body[2:])
        assert not told
        return list(codes)

    def message(self) -> Message5:
        received = self.wire.receive()
        assert received is not None
        packet_type, flags, body = received
        assert packet_type == packets.PUBLISH, received
        topic, rest = _take_string(body)
        qos = flags >> 1 & 3
        packet_id = int.from_bytes(rest[:2]) if qos else 0
        told, payload = read_props(rest[2:] if qos else rest)
        return Message5(topic.decode(), payload, qos, bool(flags & 1), bool(flags & 8), packet_id, told)

    def disconnected(self) -> tuple[int, Told]:
        """The reason code and properties of the server's DISCONNECT, behind which it has closed."""
        body = self.wire.expect(packets.DISCONNECT)
        told, rest = read_props(body[1:])
        assert not rest
        assert self.wire.closed
        return body[0], told

    def leave(self, code: int | None = None, *given: tuple[int, Any]) -> None:
        body = b"" if code is None else bytes((code,)) + props(*given)
        self.send(packets.packet(packets.DISCONNECT, 0, body))
        assert self.wire.closed


def connected5(site: Site, client_id: str = CLIENT, *given: tuple[int, Any], **options: Any) -> Device5:
    device = Device5(site)
    assert device.connect(client_id, *given, **options)[1] == 0
    return device
