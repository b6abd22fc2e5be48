"""Handshake messages that came in pieces (RFC 6347, 4.2.3).

The first of a handshake, which OpenSSL takes whole only, and the one with the identity, which we read before it does.
"""

from infra.gateway.dtls.records import Message

LONGEST = 2048
"""Bytes of a message; what claims to be longer is dropped."""

_MOST_PIECES = 64
_RANDOM_END = 34


class Reassembly:
    """One message of one type."""

    def __init__(self, kind: int) -> None:
        self._kind = kind
        self._length = -1
        self._number = -1
        self._pieces: dict[int, bytes] = {}

    def add(self, message: Message) -> bytes | None:
        """The whole body as soon as every byte of it is here. A message of another number begins anew."""
        if message.type != self._kind or message.length > LONGEST:
            return None
        if len(message.fragment) == message.length:
            return message.fragment
        if (message.length, message.number) != (self._length, self._number):
            self._length, self._number, self._pieces = message.length, message.number, {}
        if len(self._pieces) < _MOST_PIECES:
            self._pieces[message.offset] = max(self._pieces.get(message.offset, b""), message.fragment, key=len)
        return self._whole()

    def _whole(self) -> bytes | None:
        body = b""
        for offset, piece in sorted(self._pieces.items()):
            if offset > len(body):
                return None
            body += piece[len(body) - offset :]
        return body if len(body) == self._length else None


def identity(client_key_exchange: bytes) -> bytes | None:
    """The identity, byte by byte (RFC 4279, 2)."""
    size = int.from_bytes(client_key_exchange[:2], "big")
    return client_key_exchange[2:] if len(client_key_exchange) == 2 + size else None


def random_of(client_hello: bytes) -> bytes:
    """Version and random: what tells a repeated ClientHello from another one."""
    return client_hello[:_RANDOM_END]


def session_of(client_hello: bytes) -> bytes:
    """The session that a client would resume; empty if none."""
    size = client_hello[_RANDOM_END] if len(client_hello) > _RANDOM_END else 0
    return client_hello[_RANDOM_END + 1 : _RANDOM_END + 1 + size]
