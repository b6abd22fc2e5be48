"""The packets of MQTT 5, as far as AWS IoT Core speaks it: no AUTH, no subscription identifiers."""

import math
from collections.abc import Callable

from . import packets, properties
from .body import Body, ProtocolViolation
from .codec import LARGEST, U16, Codec, Farewell
from .packets import Connect, Publish, Subscribe, Unsubscribe, Will
from .properties import WILL, Properties, Property
from .reasons import OF_RETURN_CODES, Code

TOPIC_ALIAS_MAXIMUM = 8
_PACKET_ID_BYTES = 2
_QOS_INVALID = 3
_RETAIN_HANDLING_INVALID = 3
_NO_PROPERTIES = b"\0"


def decode_connect(body: Body) -> Connect:
    """What follows the protocol level: chapter 3.1."""
    flags = body.byte()
    packets.check_connect_flags(flags)
    keep_alive = body.uint16()
    found = properties.read(body, packets.CONNECT)
    if Property.AUTHENTICATION_DATA in found.values and Property.AUTHENTICATION_METHOD not in found.values:
        raise ProtocolViolation("authentication data without a method")
    client_id = body.string()
    will = _will(body, flags) if flags & 0x04 else None
    username = body.string() if flags & 0x80 else None
    password = body.binary() if flags & 0x40 else None
    body.finish()
    return Connect(
        packets.MQTT_5,
        client_id,
        bool(flags & 0x02),
        keep_alive,
        will,
        username,
        password,
        session_expiry=found.number(Property.SESSION_EXPIRY, 0),
        properties=found,
    )


def _will(body: Body, flags: int) -> Will:
    found = properties.read(body, WILL)
    topic, payload = body.string(), body.binary()
    packets.check_topic_name(topic)
    return Will(
        topic,
        payload,
        flags >> 3 & 3,
        bool(flags & 0x20),
        found.forwarded(),
        found.number(Property.WILL_DELAY, 0),
        found.number(Property.MESSAGE_EXPIRY, 0) if Property.MESSAGE_EXPIRY in found.values else None,
    )


class Mqtt5(Codec):
    """One connection's: it keeps the topic aliases that the client defined. `monotonic` gives seconds."""

    gives_reasons = True

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._topics: dict[int, str] = {}
        self._tells_problems = True
        self.maximum_packet = LARGEST

    def agree(self, wishes: Properties) -> None:
        """What the client asked for in CONNECT."""
        self.maximum_packet = wishes.number(Property.MAXIMUM_PACKET_SIZE, LARGEST)
        self._tells_problems = bool(wishes.number(Property.REQUEST_PROBLEM_INFORMATION, 1))

    # -- from the client

    def decode_publish(self, flags: int, data: bytes) -> Publish:
        qos = flags >> 1 & 3
        if qos == _QOS_INVALID:
            raise ProtocolViolation("QoS 3 [MQTT-3.3.1-4]", Code.MALFORMED_PACKET)
        if not qos and flags & 0x08:
            raise ProtocolViolation("DUP with QoS 0 [MQTT-3.3.1-2]", Code.MALFORMED_PACKET)
        body = Body(data)
        topic = body.string()
        packets.check_topic_name(topic)
        packet_id = body.packet_id() if qos else 0
        found = properties.read(body, packets.PUBLISH)
        topic = self._topic(topic, found)
        expiry = found.values.get(Property.MESSAGE_EXPIRY)
        return Publish(
            topic,
            data[body.position :],
            qos,
            bool(flags & 1),
            bool(flags & 8),
            packet_id,
            found.forwarded(),
            self._monotonic() + expiry if isinstance(expiry, int) else None,
        )

    def _topic(self, topic: str, found: Properties) -> str:
        """Chapter 3.3.2.3.4."""
        if Property.TOPIC_ALIAS not in found.values:
            if not topic:
                raise ProtocolViolation("neither a topic name nor a topic alias")
            return topic
        alias = found.number(Property.TOPIC_ALIAS, 0)
        if not 0 < alias <= TOPIC_ALIAS_MAXIMUM:
            raise ProtocolViolation(f"topic alias {alias} [MQTT-3.3.2-8], [MQTT-3.3.2-9]", Code.TOPIC_ALIAS_INVALID)
        if topic:
            self._topics[alias] = topic
        elif alias not in self._topics:
            raise ProtocolViolation(f"topic alias {alias} stands for nothing")
        return self._topics[alias]

    def decode_ack(self, data: bytes) -> tuple[int, int]:
        body = Body(data)
        packet_id = body.packet_id()
        code = body.byte() if body.more else Code.SUCCESS
        if body.more:
            properties.read(body, packets.PUBACK)
        body.finish()
        return packet_id, code

    def decode_subscribe(self, data: bytes) -> Subscribe:
        body = Body(data)
        packet_id = body.packet_id()
        properties.read(body, packets.SUBSCRIBE)
        filters = []
        while body.more:
            topic_filter, options = body.string(), body.byte()
            if options & 0xC0 or options & 3 == _QOS_INVALID or options >> 4 & 3 == _RETAIN_HANDLING_INVALID:
                raise ProtocolViolation("reserved bits of the subscription options [MQTT-3.8.3-5]")
            filters.append((topic_filter, options))
        if not filters:
            raise ProtocolViolation("SUBSCRIBE without a filter [MQTT-3.8.3-2]")
        return Subscribe(packet_id, tuple(filters))

    def decode_unsubscribe(self, data: bytes) -> Unsubscribe:
        body = Body(data)
        packet_id = body.packet_id()
        properties.read(body, packets.UNSUBSCRIBE)
        filters = []
        while body.more:
            filters.append(body.string())
        if not filters:
            raise ProtocolViolation("UNSUBSCRIBE without a filter [MQTT-3.10.3-2]")
        return Unsubscribe(packet_id, tuple(filters))

    def decode_disconnect(self, data: bytes) -> Farewell:
        body = Body(data)
        code = body.byte() if body.more else Code.SUCCESS
        found = properties.read(body, packets.DISCONNECT) if body.more else Properties()
        body.finish()
        expiry = found.values.get(Property.SESSION_EXPIRY)
        return Farewell(code, expiry if isinstance(expiry, int) else None)

    # -- to the client

    def publish(self, message: Publish) -> bytes:
        topic = message.topic.encode()
        packet_id = U16.pack(message.packet_id) if message.qos else b""
        told = message.properties
        if message.expires is not None:
            # What is left of it [MQTT-3.3.2-6]
            left = max(0, math.ceil(message.expires - self._monotonic()))
            told = told or Properties()
            told = Properties({Property.MESSAGE_EXPIRY: left} | told.values, told.user)
        extra = _NO_PROPERTIES if told is None else properties.write(told)
        flags = message.dup << 3 | message.qos << 1 | message.retain
        body = U16.pack(len(topic)) + topic + packet_id + extra + message.payload
        return packets.packet(packets.PUBLISH, flags, body)

    def connack(
        self,
        return_code: int,
        code: Code | None = None,
        *,
        session_present: bool = False,
        properties: Properties | None = None,
    ) -> bytes:
        if code is None:
            # A code that MQTT 3.1.1 does not know is MQTT 5's own already.
            code = OF_RETURN_CODES.get(return_code)
        said = return_code if code is None else code
        extra = _write(properties or Properties())
        return packets.packet(packets.CONNACK, 0, bytes((session_present and not said, said)) + extra)

    def puback(self, packet_id: int, code: Code = Code.SUCCESS) -> bytes:
        return self._acknowledgement(packets.PUBACK, packet_id, code)

    def pubrec(self, packet_id: int, code: Code = Code.SUCCESS) -> bytes:
        return self._acknowledgement(packets.PUBREC, packet_id, code)

    def _acknowledgement(self, packet_type: int, packet_id: int, code: Code) -> bytes:
        head = U16.pack(packet_id)
        if code is Code.SUCCESS:
            return packets.packet(packet_type, 0, head)
        return self._with_reason(packet_type, head + bytes((code,)), b"", _words(code))

    def suback(self, packet_id: int, codes: list[int]) -> bytes:
        failed = next((code for code in codes if code in _SAID), None)
        said = "" if failed is None else _words(Code(failed))
        return self._with_reason(packets.SUBACK, U16.pack(packet_id), bytes(codes), said)

    def unsuback(self, packet_id: int, codes: list[int]) -> bytes:
        return packets.packet(packets.UNSUBACK, 0, U16.pack(packet_id) + _NO_PROPERTIES + bytes(codes))

    def disconnect(self, code: int, detail: str = "") -> bytes:
        return self._with_reason(packets.DISCONNECT, bytes((code,)), b"", detail)

    def _with_reason(
        self, packet_type: int, head: bytes, tail: bytes, said: str, *, asked: bool | None = None
    ) -> bytes:
        """With a reason string, unless the client wants none [MQTT-3.1.2-29] or it would be too long [MQTT-3.2.2-19].

        A DISCONNECT may say it in any case.
        """
        short = packets.packet(packet_type, 0, head + _NO_PROPERTIES + tail)
        if not said or not (self._tells_problems if asked is None else asked):
            return short
        extra = _write(Properties({Property.REASON_STRING: said}))
        long = packets.packet(packet_type, 0, head + extra + tail)
        return long if len(long) <= self.maximum_packet else short


_write = properties.write
_SAID = frozenset(code for code in Code if code >= Code.UNSPECIFIED)


def _words(code: Code) -> str:
    return code.name.replace("_", " ").lower()
