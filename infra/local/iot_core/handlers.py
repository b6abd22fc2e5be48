"""What a packet of a connected client does, by its type: a module each, named after what it is about."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from . import disconnecting, packets, publishing, receiving, subscribing
from .body import ProtocolViolation

if TYPE_CHECKING:
    from .connection import Connection


def _pingreq(connection: "Connection", _flags: int, body: bytes) -> None:
    if body:
        raise ProtocolViolation("PINGREQ has no body")
    connection.send(packets.PINGRESP_PACKET)


def _second_connect(_connection: "Connection", _flags: int, _body: bytes) -> None:
    raise ProtocolViolation("a second CONNECT [MQTT-3.1.0-2]")


Handler = Callable[["Connection", int, bytes], None]
HANDLERS: dict[int, Handler] = {
    packets.CONNECT: _second_connect,
    packets.PUBLISH: publishing.on_publish,
    packets.PUBREL: publishing.on_pubrel,
    packets.PUBACK: receiving.on_puback,
    packets.PUBREC: receiving.on_pubrec,
    packets.PUBCOMP: receiving.on_pubcomp,
    packets.SUBSCRIBE: subscribing.on_subscribe,
    packets.UNSUBSCRIBE: subscribing.on_unsubscribe,
    packets.PINGREQ: _pingreq,
    packets.DISCONNECT: disconnecting.on_disconnect,
}
"""Flags and body of the packet follow the connection. ProtocolViolation ends it."""
