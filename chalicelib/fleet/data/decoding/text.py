"""Text as bytes and bytes as text."""

from collections.abc import Callable
from typing import Literal

_CONTINUED = ((0xC2, 0xDF, 2), (0xE0, 0xEF, 3), (0xF0, 0xF4, 4))
_NULL = 0xFF
_SHORT = 0x80
_BYTES_MASK = 0x0F
_MAX_LENGTH_BYTES = 4


def is_unicode(text: str) -> bool:
    """Whether `text` can be written in UTF-8: JSON can carry half of a surrogate pair, nothing else can."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def character_length(lead: int) -> int:
    """Bytes of the UTF-8 character that starts with `lead` (RFC 3629 section 4); 1 for a byte that starts none."""
    return next((length for first, last, length in _CONTINUED if first <= lead <= last), 1)


def decoded(raw: bytes, encoding: Literal["ascii", "utf-8"]) -> str:
    """`raw` as text; bytes that are none become U+FFFD, as in Java."""
    return raw.decode(encoding, errors="replace")


def java_length(take: Callable[[int], bytes], *, little_endian: bool) -> int | None:
    """The length prefix of a `stringj`, in bytes: None for null, negative for a prefix that makes no sense.

    Up to 127 the prefix is the length; 0x81 to 0x84 say how many bytes of length follow; 0xFF is null.
    """
    prefix = take(1)[0]
    if prefix == _NULL:
        return None
    if prefix < _SHORT:
        return prefix
    size = prefix & _BYTES_MASK
    if prefix - size != _SHORT or not 1 <= size <= _MAX_LENGTH_BYTES:
        return -1
    return int.from_bytes(take(size), "little" if little_endian else "big")
