"""Cuts the byte stream into control packets: MQTT 3.1.1 chapter 2.2."""

from .body import ProtocolViolation
from .packets import (
    CONNECT,
    DISCONNECT,
    MQTT_3_1,
    PINGREQ,
    PUBACK,
    PUBCOMP,
    PUBLISH,
    PUBREC,
    PUBREL,
    SUBSCRIBE,
    UNSUBSCRIBE,
)
from .reasons import Code

# Table 2.2: the flags that each packet a client may send must carry [MQTT-2.2.2-1]
_FLAGS = {
    CONNECT: 0,
    PUBACK: 0,
    PUBREC: 0,
    PUBREL: 2,
    PUBCOMP: 0,
    SUBSCRIBE: 2,
    UNSUBSCRIBE: 2,
    PINGREQ: 0,
    DISCONNECT: 0,
}
_MAX_LENGTH_SHIFT = 21
_DUP = 8


class Framer:
    """Bytes in by `feed`, packets out by `next`; one that announces more than `limit` bytes is a violation."""

    __slots__ = ("_data", "_limit", "_need", "_position", "_tail", "_tail_length")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._data = b""
        self._position = 0
        # What arrived behind an incomplete packet; joined once, when the packet is complete.
        self._tail: list[bytes] = []
        self._tail_length = 0
        self._need = 0

    def feed(self, data: bytes) -> None:
        if self._position == len(self._data) and not self._tail:
            self._data, self._position = data, 0
        else:
            self._tail.append(data)
            self._tail_length += len(data)

    @property
    def empty(self) -> bool:
        return self._position == len(self._data) and not self._tail

    def next(self) -> tuple[int, bytes] | None:
        """The first byte and the body of the next packet, or None until more bytes arrive."""
        cut = self._cut()
        if cut is None and self._tail and len(self._data) - self._position + self._tail_length >= self._need:
            self._data = b"".join((self._data[self._position :], *self._tail))
            self._position, self._tail, self._tail_length = 0, [], 0
            cut = self._cut()
        return cut

    def _cut(self) -> tuple[int, bytes] | None:
        data, start, end = self._data, self._position, len(self._data)
        if end - start < 2:  # noqa: PLR2004 - the shortest packet
            self._need = 2
            return None
        length, shift, position = 0, 0, start + 1
        while True:
            if position >= end:
                self._need = position - start + 1
                return None
            digit = data[position]
            position += 1
            length |= (digit & 0x7F) << shift
            if not digit & 0x80:
                break
            if shift == _MAX_LENGTH_SHIFT:
                raise ProtocolViolation("a remaining length of more than four bytes", Code.MALFORMED_PACKET)
            shift += 7
        if length > self._limit:
            raise ProtocolViolation(f"a packet of {length} bytes", Code.PACKET_TOO_LARGE)
        if position + length > end:
            self._need = position + length - start
            return None
        self._position = position + length
        return data[start], data[position : self._position]


def check_flags(first: int, level: int) -> int:
    """The packet type of a first byte; raise `ProtocolViolation` for reserved types and flags.

    PUBLISH carries flags of its own. MQTT 3.1 sets DUP on a repeated PUBREL, SUBSCRIBE or UNSUBSCRIBE.
    """
    packet_type, flags = first >> 4, first & 0x0F
    if packet_type == PUBLISH:
        return packet_type
    expected = _FLAGS.get(packet_type)
    if expected is None:
        raise ProtocolViolation(f"packet type {packet_type} is not a client's to send")
    if flags != expected and not (level == MQTT_3_1 and expected and flags == expected | _DUP):
        raise ProtocolViolation(f"reserved flags in packet type {packet_type} [MQTT-2.2.2-2]", Code.MALFORMED_PACKET)
    return packet_type
