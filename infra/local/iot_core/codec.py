"""How a connection speaks: the packets of its version of MQTT, here of 3.1 and 3.1.1."""

import struct
from dataclasses import dataclass

from . import packets
from .body import ProtocolViolation
from .packets import Subscribe, Unsubscribe
from .properties import Properties
from .reasons import Code

LARGEST = 268_435_460  # bytes; what a remaining length can say, with the fixed header


@dataclass(frozen=True, slots=True)
class Farewell:
    """A client's DISCONNECT; `session_expiry` in seconds where it changes it."""

    code: int = Code.SUCCESS
    session_expiry: int | None = None


class Codec:
    """`gives_reasons`: whether a client can be told why a packet of its is refused; otherwise it is disconnected."""

    gives_reasons = False
    maximum_packet = LARGEST

    # Nearly every packet is a PUBLISH or its acknowledgement: nothing stands between.
    decode_publish = staticmethod(packets.decode_publish)
    publish = staticmethod(packets.publish)

    def connack(
        self,
        return_code: int,
        _code: Code | None = None,
        *,
        session_present: bool = False,
        properties: Properties | None = None,  # noqa: ARG002 - MQTT 5 has them
    ) -> bytes:
        """`return_code` is MQTT 3.1.1's; `_code` what MQTT 5 says where that is more exact."""
        return packets.connack(return_code, session_present=session_present)

    def puback(self, packet_id: int, _code: Code = Code.SUCCESS) -> bytes:
        return packets.puback(packet_id)

    def pubrec(self, packet_id: int, _code: Code = Code.SUCCESS) -> bytes:
        return packets.pubrec(packet_id)

    def suback(self, packet_id: int, codes: list[int]) -> bytes:
        return packets.suback(packet_id, [min(code, packets.FAILURE) for code in codes])

    def unsuback(self, packet_id: int, _codes: list[int]) -> bytes:
        return packets.unsuback(packet_id)

    def disconnect(self, _code: int, _detail: str = "") -> bytes:
        """What the server says before it closes: nothing, as only clients have the packet."""
        return b""

    def decode_ack(self, data: bytes) -> tuple[int, int]:
        """Packet identifier and reason code of a PUBACK, PUBREC, PUBREL or PUBCOMP."""
        return packets.decode_ack(data), Code.SUCCESS

    def decode_subscribe(self, data: bytes) -> Subscribe:
        return packets.decode_subscribe(data)

    def decode_unsubscribe(self, data: bytes) -> Unsubscribe:
        return packets.decode_unsubscribe(data)

    def decode_disconnect(self, data: bytes) -> Farewell:
        if data:
            raise ProtocolViolation("DISCONNECT has no body")
        return Farewell()


MQTT_3 = Codec()
U16 = struct.Struct("!H")
