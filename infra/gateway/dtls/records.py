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
_SEQUENCE = (1 << 48) - 1


class Record:
    """`number` is `epoch` and `sequence` as sent, 8 bytes; `raw` is all of it."""

    __slots__ = ("body", "cid", "content_type", "epoch", "number", "raw", "sequence")

    def __init__(self, content_type: int, number: bytes, cid: bytes, body: bytes, raw: bytes) -> None:
        both = int.from_bytes(number, "big")
        self.epoch, self.sequence = both >> 48, both & _SEQUENCE
        self.content_type, self.number, self.cid, self.body, self.raw = content_type, number, cid, body, raw


def read(datagram: bytes, cid_length: int) -> list[Record]:
    """The records of a datagram; from the first that makes no sense on, the rest is dropped (RFC 6347, 4.1.2.7)."""
    found, at, end = [], 0, len(datagram)
    while at + HEADER <= end:
        content_type, numbered_at = datagram[at], at + 3
        cid_at = numbered_at + 8
        cid_end = cid_at + cid_length if content_type == WITH_CID else cid_at
        start = cid_end + 2
        if start > end or datagram[at + 1] != _DTLS_MAJOR:
            break
        stop = start + (datagram[cid_end] << 8 | datagram[cid_end + 1])
        if stop > end:
            break
        number, cid = datagram[numbered_at:cid_at], datagram[cid_at:cid_end]
        found.append(Record(content_type, number, cid, datagram[start:stop], datagram[at:stop]))
        at = stop
    return found


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
