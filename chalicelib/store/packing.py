"""Documents as bytes: the first says how the rest is kept, deflated where that is worth its time."""

import zlib

DEFLATE_FROM = 600
"""Bytes."""
_PLAIN, _DEFLATED = b"j", b"z"


def pack(text: str) -> bytes:
    body = text.encode()
    return _PLAIN + body if len(body) < DEFLATE_FROM else _DEFLATED + zlib.compress(body, 6)


def unpack(packed: bytes) -> str:
    return (zlib.decompress(packed[1:]) if packed[:1] == _DEFLATED else packed[1:]).decode()
