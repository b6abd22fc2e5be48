"""Between nodes: what a balancer brings to the wrong one goes to the right one, and its answers go back the same way.

A balancer forgets a silent UDP flow and may bring the next datagram of a device elsewhere (RFC 9146 has connection ids
for that). Each node's number stands in the ids that it gave. A device without one is asked for all around.
Datagrams are protected by their own records. What is authenticated here is that a node of ours says where they came
from, and that nobody else chooses who is answered.
"""

import hmac
import logging
import time
from collections.abc import Callable, Mapping

import cbor2

from infra.gateway.dtls import paths
from infra.gateway.dtls.association import Address
from infra.gateway.membership import Node

_log = logging.getLogger(__name__)

_THERE, _BACK = 0, 1
_TAG = 16
_FRESH_S = 60
"""How far a datagram's time may be off: who recorded one cannot have it answered again for ever."""
_MOST_ASKED = 200
"""Datagrams without a connection id that are asked for all around, a second: they may be anybody's."""

Send = Callable[[bytes, Address], None]
Take = Callable[[bytes, Address], None]


class Forwarding:
    """Of the node with a `number`. `send` sends to another node, `out` to a device, `take` is the server's."""

    def __init__(
        self,
        number: int,
        key: bytes,
        *,
        send: Send,
        out: Send,
        take: Take,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._number, self._key = number, key
        self._send, self._out, self._take, self._now = send, out, take, now
        self.nodes: Mapping[int, Node] = {}
        """The others, as they were seen last."""
        self._asked = (0, 0)
        self.sent = self.taken = self.refused = 0

    def elsewhere(self, number: int | None, datagram: bytes, address: Address) -> None:
        """What the server has no association for."""
        if number is not None:
            known = self.nodes.get(number)
            wanted = [known] if known else []
        else:
            wanted = list(self.nodes.values()) if self._may_ask() else []
        for node in wanted:
            self._to(node, _THERE, datagram, address)

    def transmit(self, datagram: bytes, address: Address) -> None:
        """To a device: directly, or by the node that it was heard by."""
        number = paths.node(address)
        if number is None:
            self._out(datagram, address)
            return
        node = self.nodes.get(number)
        if node is None:
            # It has gone: perhaps the device is reached from here by now.
            self._out(datagram, paths.plain(address))
        else:
            self._to(node, _BACK, datagram, paths.plain(address))

    def receive(self, raw: bytes, _: Address) -> None:
        """Take what came to the forwarding port; whatever is not from a node of ours is counted and dropped."""
        opened = self._opened(raw)
        if opened is None:
            self.refused += 1
            return
        kind, number, address, datagram = opened
        self.taken += 1
        if kind == _THERE:
            self._take(datagram, paths.by(address, number))
        else:
            self._out(datagram, address)

    def _to(self, node: Node, kind: int, datagram: bytes, address: Address) -> None:
        body = cbor2.dumps([kind, int(self._now()), self._number, list(address), datagram])
        self.sent += 1
        self._send(self._tag(body) + body, (node.address, node.port))

    def _opened(self, raw: bytes) -> tuple[int, int, Address, bytes] | None:
        tag, body = raw[:_TAG], raw[_TAG:]
        if not hmac.compare_digest(tag, self._tag(body)):
            return None
        try:
            kind, at, number, (host, port, *more), datagram = cbor2.loads(body)
            fresh = abs(self._now() - at) <= _FRESH_S
        except (cbor2.CBORError, EOFError, ValueError, TypeError):
            return None  # a node of another release
        known = kind in (_THERE, _BACK) and isinstance(datagram, bytes) and number != self._number
        return (kind, number, (host, port, *more), datagram) if known and fresh else None

    def _tag(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, "sha256")[:_TAG]

    def _may_ask(self) -> bool:
        second, asked = self._asked
        now = int(self._now())
        self._asked = (now, 1) if now != second else (now, asked + 1)
        return self._asked[1] <= _MOST_ASKED


def key_of(key: bytes) -> bytes:
    """What nodes prove themselves to each other with, from what seals their associations."""
    return hmac.digest(key, b"homeport gateway forwarding", "sha256")
