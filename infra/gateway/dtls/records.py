"""Records on the wire (RFC 6347, 4.1; RFC 9146, 3 to 5)."""

from collections.abc import Iterator
from typing import NamedTuple

CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION_DATA, WITH_CID = 20, 21, 22, 23, 25
"""Content types; those of the last carry a connection id, and their own type inside."""

CLIENT_HELLO, CLIENT_KEY_EXCHANGE, FINISHED = 1, 16, 20
"""Types of handshake messages that we look at."""

VERSION = b"\xfe\xfd"
HEADER = 13
MESSAGE_HEADER = 12
_DTLS_MAJOR = 0xFE


class Record(NamedTuple):
    """`number` is the epoch and the sequence number as sent, 8 bytes; `raw` is all of it."""

    content_type: int
    number: bytes
    cid: bytes
    body: bytes
    raw: bytes

    @property
    def epoch(self) -> int:
        return self.number[0] << 8 | self.number[1]

    @property
    def sequence(self) -> int:
        return int.from_bytes(self.number[2:], "big")


def read(datagram: bytes, cid_length: int) -> Iterator[Record]:
    """The records of a datagram; from the first that makes no sense on, the rest is dropped (RFC 6347, 4.1.2.7)."""
    at, end = 0, len(datagram)
    while at + HEADER <= end:
        cid_end = at + 11 + (cid_length if datagram[at] == WITH_CID else 0)
        start = cid_end + 2
        stop = start + int.from_bytes(datagram[cid_end:start], "big")
        if datagram[at + 1] != _DTLS_MAJOR or stop > end or start > end:
            return
        yield Record(
            datagram[at],
            datagram[at + 3 : at + 11],
            datagram[at + 11 : cid_end],
            datagram[start:stop],
            datagram[at:stop],
        )
        at = stop


def plain(content_type: int, number: bytes, body: bytes) -> bytes:
    return bytes((content_type,)) + VERSION + number + len(body).to_bytes(2, "big") + body


def numbered(epoch: int, sequence: int) -> bytes:
    return (epoch << 48 | sequence).to_bytes(8, "big")


class Message(NamedTuple):
    """A handshake message, or a fragment of one."""

    type: int
    length: int
    number: int
    offset: int
    fragment: bytes


def messages(body: bytes) -> Iterator[Message]:
    """The handshake messages in the body of a record."""
    at = 0
    while at + MESSAGE_HEADER <= len(body):
        length = int.from_bytes(body[at + 1 : at + 4], "big")
        offset = int.from_bytes(body[at + 6 : at + 9], "big")
        size = int.from_bytes(body[at + 9 : at + 12], "big")
        start = at + MESSAGE_HEADER
        if start + size > len(body) or offset + size > length:
            return
        number = int.from_bytes(body[at + 4 : at + 6], "big")
        yield Message(body[at], length, number, offset, body[start : start + size])
        at = start + size


def message(kind: int, number: int, body: bytes) -> bytes:
    """A handshake message in one piece."""
    length = len(body).to_bytes(3, "big")
    return bytes((kind,)) + length + number.to_bytes(2, "big") + b"\0\0\0" + length + body
