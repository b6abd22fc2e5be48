"""Reading the body of a control packet, field by field: MQTT 3.1.1 chapter 1.5, MQTT 5 chapter 1.5."""

import struct

_U16 = struct.Struct("!H")


class ProtocolViolation(Exception):
    """The peer broke the protocol; its connection must be closed [MQTT-4.8.0-1].

    `code` is what MQTT 5 calls it; 0x82 is "protocol error", 0x81 "malformed packet".
    """

    def __init__(self, detail: str, code: int = 0x82) -> None:
        super().__init__(detail)
        self.code = code


class Body:
    """A bounded reader of one packet's body."""

    __slots__ = ("data", "end", "position")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0
        self.end = len(data)

    def take(self, count: int) -> bytes:
        start = self.position
        if start + count > self.end:
            raise ProtocolViolation("the packet is shorter than its fields", 0x81)
        self.position = start + count
        return self.data[start : self.position]

    def byte(self) -> int:
        return self.take(1)[0]

    def uint16(self) -> int:
        return int(_U16.unpack(self.take(2))[0])

    def uint32(self) -> int:
        return int.from_bytes(self.take(4))

    def variable_integer(self) -> int:
        """MQTT 5 chapter 1.5.5."""
        value = 0
        for shift in (0, 7, 14, 21):
            digit = self.byte()
            value |= (digit & 0x7F) << shift
            if not digit & 0x80:
                return value
        raise ProtocolViolation("a variable byte integer of more than four bytes [MQTT-1.5.5-1]", 0x81)

    def binary(self) -> bytes:
        return self.take(self.uint16())

    def string(self) -> str:
        return text(self.binary())

    def packet_id(self) -> int:
        packet_id = self.uint16()
        if not packet_id:
            raise ProtocolViolation("packet identifier 0 [MQTT-2.3.1-1]")
        return packet_id

    @property
    def more(self) -> bool:
        return self.position < self.end

    def finish(self) -> None:
        if self.more:
            raise ProtocolViolation("bytes behind the last field", 0x81)


def text(data: bytes) -> str:
    """A UTF-8 encoded string; surrogates are ill-formed [MQTT-1.5.3-1], U+0000 is forbidden [MQTT-1.5.3-2]."""
    try:
        decoded = data.decode("utf-8")
    except UnicodeDecodeError:
        raise ProtocolViolation("ill-formed UTF-8 [MQTT-1.5.3-1]", 0x81) from None
    if "\0" in decoded:
        raise ProtocolViolation("U+0000 in a string [MQTT-1.5.3-2]", 0x81)
    return decoded
