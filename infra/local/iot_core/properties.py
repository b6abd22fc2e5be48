"""Properties of MQTT 5 packets: chapter 2.2.2."""

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from . import packets
from .body import Body, ProtocolViolation
from .reasons import Code

Value = int | str | bytes

WILL: Final = 0
"""Stands in place of a packet type for the properties of a Will."""


class Property(IntEnum):
    """Their identifiers, table 2-4."""

    PAYLOAD_FORMAT = 0x01
    MESSAGE_EXPIRY = 0x02
    CONTENT_TYPE = 0x03
    RESPONSE_TOPIC = 0x08
    CORRELATION_DATA = 0x09
    SUBSCRIPTION_IDENTIFIER = 0x0B
    SESSION_EXPIRY = 0x11
    ASSIGNED_CLIENT_IDENTIFIER = 0x12
    SERVER_KEEP_ALIVE = 0x13
    AUTHENTICATION_METHOD = 0x15
    AUTHENTICATION_DATA = 0x16
    REQUEST_PROBLEM_INFORMATION = 0x17
    WILL_DELAY = 0x18
    REQUEST_RESPONSE_INFORMATION = 0x19
    REASON_STRING = 0x1F
    RECEIVE_MAXIMUM = 0x21
    TOPIC_ALIAS_MAXIMUM = 0x22
    TOPIC_ALIAS = 0x23
    MAXIMUM_QOS = 0x24
    RETAIN_AVAILABLE = 0x25
    USER_PROPERTY = 0x26
    MAXIMUM_PACKET_SIZE = 0x27
    WILDCARD_SUBSCRIPTION_AVAILABLE = 0x28
    SUBSCRIPTION_IDENTIFIER_AVAILABLE = 0x29
    SHARED_SUBSCRIPTION_AVAILABLE = 0x2A


_MESSAGE = frozenset({packets.PUBLISH, WILL})
_CONNECT = frozenset({packets.CONNECT})
_ACKNOWLEDGEMENTS = frozenset({packets.PUBACK, packets.PUBREC, packets.PUBREL, packets.PUBCOMP, packets.DISCONNECT})
_FROM_CLIENTS: Final[dict[Property, frozenset[int]]] = {
    Property.PAYLOAD_FORMAT: _MESSAGE,
    Property.MESSAGE_EXPIRY: _MESSAGE,
    Property.CONTENT_TYPE: _MESSAGE,
    Property.RESPONSE_TOPIC: _MESSAGE,
    Property.CORRELATION_DATA: _MESSAGE,
    Property.SUBSCRIPTION_IDENTIFIER: frozenset({packets.SUBSCRIBE}),
    Property.SESSION_EXPIRY: frozenset({packets.CONNECT, packets.DISCONNECT}),
    Property.AUTHENTICATION_METHOD: _CONNECT,
    Property.AUTHENTICATION_DATA: _CONNECT,
    Property.REQUEST_PROBLEM_INFORMATION: _CONNECT,
    Property.WILL_DELAY: frozenset({WILL}),
    Property.REQUEST_RESPONSE_INFORMATION: _CONNECT,
    Property.REASON_STRING: _ACKNOWLEDGEMENTS,
    Property.RECEIVE_MAXIMUM: _CONNECT,
    Property.TOPIC_ALIAS_MAXIMUM: _CONNECT,
    Property.TOPIC_ALIAS: frozenset({packets.PUBLISH}),
    Property.MAXIMUM_PACKET_SIZE: _CONNECT,
}
FORWARDED: Final = (Property.PAYLOAD_FORMAT, Property.CONTENT_TYPE, Property.RESPONSE_TOPIC, Property.CORRELATION_DATA)
"""What subscribers get as the publisher sent it, beside the user properties [MQTT-3.3.2-4], [MQTT-3.3.2-17]."""

_BYTES = {
    Property.PAYLOAD_FORMAT,
    Property.REQUEST_PROBLEM_INFORMATION,
    Property.REQUEST_RESPONSE_INFORMATION,
    Property.MAXIMUM_QOS,
    Property.RETAIN_AVAILABLE,
    Property.WILDCARD_SUBSCRIPTION_AVAILABLE,
    Property.SUBSCRIPTION_IDENTIFIER_AVAILABLE,
    Property.SHARED_SUBSCRIPTION_AVAILABLE,
}
_TWO_BYTES = {
    Property.SERVER_KEEP_ALIVE,
    Property.RECEIVE_MAXIMUM,
    Property.TOPIC_ALIAS_MAXIMUM,
    Property.TOPIC_ALIAS,
}
_FOUR_BYTES = {
    Property.MESSAGE_EXPIRY,
    Property.SESSION_EXPIRY,
    Property.WILL_DELAY,
    Property.MAXIMUM_PACKET_SIZE,
}
_BINARY = {Property.CORRELATION_DATA, Property.AUTHENTICATION_DATA}
_NOT_ZERO = {Property.RECEIVE_MAXIMUM, Property.MAXIMUM_PACKET_SIZE}


@dataclass(slots=True)
class Properties:
    """`user` are the user properties, in their order, names also more than once [MQTT-3.3.2-18]."""

    values: dict[Property, Value] = field(default_factory=dict)
    user: list[tuple[str, str]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.values or self.user)

    def number(self, name: Property, default: int) -> int:
        value = self.values.get(name, default)
        return value if isinstance(value, int) else default

    def forwarded(self) -> "Properties | None":
        """Those of a message that its subscribers get."""
        kept: dict[Property, Value] = {name: self.values[name] for name in FORWARDED if name in self.values}
        return Properties(kept, self.user) if kept or self.user else None


def read(body: Body, packet_type: int) -> Properties:
    """The properties of a packet from a client, from their length on.

    Raise `ProtocolViolation` for what does not belong into this packet, or comes twice.
    """
    end = body.variable_integer()
    part = Body(body.take(end))
    properties = Properties()
    while part.more:
        name = _name(part.variable_integer(), packet_type)
        if name is Property.USER_PROPERTY:
            properties.user.append((part.string(), part.string()))
            continue
        if name in properties.values:
            raise ProtocolViolation(f"{name.name} twice in a packet")
        properties.values[name] = _checked(name, _READ[name](part))
    return properties


def _name(number: int, packet_type: int) -> Property:
    try:
        name = Property(number)
    except ValueError:
        raise ProtocolViolation(f"property {number} is unknown", Code.MALFORMED_PACKET) from None
    if name is not Property.USER_PROPERTY and packet_type not in _FROM_CLIENTS.get(name, ()):
        raise ProtocolViolation(f"{name.name} in packet type {packet_type}")
    return name


def _checked(name: Property, value: Value) -> Value:
    if name in _BYTES and value not in (0, 1):
        raise ProtocolViolation(f"{name.name} is 0 or 1")
    if name in _NOT_ZERO and not value:
        raise ProtocolViolation(f"{name.name} is 0")
    if name is Property.SUBSCRIPTION_IDENTIFIER:
        raise ProtocolViolation("subscription identifiers", Code.SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED)
    if name is Property.RESPONSE_TOPIC:
        check_response_topic(str(value))
    return value


def check_response_topic(topic: str) -> None:
    if not topic or "+" in topic or "#" in topic:
        raise ProtocolViolation("a wildcard in the response topic [MQTT-3.3.2-14]", Code.TOPIC_NAME_INVALID)


def write(properties: Properties) -> bytes:
    """Length and properties."""
    parts = [bytes((name,)) + _WRITE[name](value) for name, value in properties.values.items()]
    parts.extend(b"\x26" + _string(name) + _string(value) for name, value in properties.user)
    body = b"".join(parts)
    return packets.remaining_length(len(body)) + body


def _string(value: Value) -> bytes:
    return _binary(value.encode() if isinstance(value, str) else b"")


def _binary(value: Value) -> bytes:
    data = value if isinstance(value, bytes) else b""
    return struct.pack("!H", len(data)) + data


def _writer(layout: str) -> Callable[[Value], bytes]:
    return struct.Struct(layout).pack


def _table() -> tuple[dict[Property, Callable[[Body], Value]], dict[Property, Callable[[Value], bytes]]]:
    reading: dict[Property, Callable[[Body], Value]] = {}
    writing: dict[Property, Callable[[Value], bytes]] = {}
    kinds: list[tuple[set[Property], Callable[[Body], Value], Callable[[Value], bytes]]] = [
        (_BYTES, Body.byte, _writer("!B")),
        (_TWO_BYTES, Body.uint16, _writer("!H")),
        (_FOUR_BYTES, Body.uint32, _writer("!I")),
        (_BINARY, Body.binary, _binary),
        ({Property.SUBSCRIPTION_IDENTIFIER}, Body.variable_integer, lambda _value: b""),
    ]
    for names, reader, writer in kinds:
        for name in names:
            reading[name], writing[name] = reader, writer
    for name in Property:
        reading.setdefault(name, Body.string)
        writing.setdefault(name, _string)
    return reading, writing


_READ, _WRITE = _table()
