"""Packets that a vendor's client sent, as literals: only what is secret or drawn by chance is put in its place."""

import ssl
from types import TracebackType
from typing import Any, Self

from infra.local.iot_core import packets
from infra.local.iot_core.framing import Framer
from tests.local.iot_core.device import Device, tls_client
from tests.local.running import RunningStack

KEY = b"K" * 32
"""Where a packet has a secret of 32 characters."""
CID = b"1000000001"
"""Where it repeats the correlation id that it was told."""


ORG = b"oooooo"
"""Where it names its organization."""
_MARKS = {"key": KEY, "cid": CID, "org": ORG}


def filled(packet: bytes, **values: Any) -> bytes:
    """The packet with what `values` name put in its place; its length follows."""
    framer = Framer(1 << 16)
    framer.feed(packet)
    cut = framer.next()
    assert cut is not None
    head, body = cut
    for name, value in values.items():
        mark, text = _MARKS[name], str(value).encode()
        assert name != "key" or len(text) == len(mark), "a client has room for this many characters"
        body = body.replace(mark, text)
    return packets.packet(head >> 4, head & 0x0F, body)


class Replayed:
    """One connection over TLS; `values` fill the packets."""

    def __init__(self, stack: RunningStack, **values: Any) -> None:
        self.device = Device(stack.mqtts, tls_client(stack.ca))
        self.values = values

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.device.shut()

    def say(self, packet: bytes, **values: Any) -> bytes | None:
        """Send it; the body of what acknowledges it, if it asks for that."""
        sent = filled(packet, **self.values, **values)
        self.device.send(sent)
        kind, qos = sent[0] >> 4, sent[0] >> 1 & 3
        if kind == packets.PUBLISH:
            return self.device.expect(packets.PUBACK) if qos else None
        return self.device.expect({packets.CONNECT: packets.CONNACK, packets.SUBSCRIBE: packets.SUBACK}[kind])

    @property
    def is_open(self) -> bool:
        try:
            self.device.ping()
        except (AssertionError, ssl.SSLError, OSError):
            return False
        return True
