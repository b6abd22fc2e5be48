"""Messages in bytes (RFC 7252, 3)."""

from collections.abc import Iterable
from typing import NamedTuple

from infra.gateway.coap.numbers import Option, Type, text

MOST_TOKEN = 8
_VERSION = 1
_MARKER = 0xFF
_HEADER = 4
_ONE, _TWO = 13, 14
_TWO_BASE = 269
_MOST_UINT = 4
_URI_PATH, _CONTENT_FORMAT = int(Option.URI_PATH), int(Option.CONTENT_FORMAT)


class MalformedError(ValueError):
    """No CoAP message; the text says why."""


class Message:
    """One message. `options` are (number, value) pairs; in a message that was read, in order of their numbers."""

    __slots__ = ("code", "id", "options", "payload", "token", "type")

    def __init__(
        self,
        type: int,  # noqa: A002 - the RFC's word
        code: int,
        id: int = 0,  # noqa: A002 - same
        token: bytes = b"",
        options: list[tuple[int, bytes]] | None = None,
        payload: bytes = b"",
    ) -> None:
        self.type, self.code, self.id, self.token = type, code, id, token
        self.options = [] if options is None else options
        self.payload = payload

    def __repr__(self) -> str:
        kind = Type(self.type).name
        return f"<{kind} {text(self.code)} {self.id} {self.token.hex()} {self.options} {self.payload[:32]!r}>"

    def option(self, number: int) -> bytes | None:
        """The first value of an option."""
        for each, value in self.options:
            if each == number:
                return value
        return None

    def uint(self, number: int) -> int | None:
        """An option that is a number; None also for one that is longer than any may be."""
        value = self.option(number)
        return None if value is None or len(value) > _MOST_UINT else int.from_bytes(value, "big")

    def values(self, number: int) -> list[bytes]:
        return [value for each, value in self.options if each == number]

    @property
    def path(self) -> tuple[str, ...]:
        """Raises UnicodeDecodeError."""
        return tuple([value.decode() for value in self.values(_URI_PATH)])

    @property
    def query(self) -> list[tuple[str, str | None]]:
        """Names with their values, None where there is no `=`. Raises UnicodeDecodeError."""
        return [_argument(value.decode()) for value in self.values(Option.URI_QUERY)]

    @property
    def content_format(self) -> int | None:
        return self.uint(_CONTENT_FORMAT)

    def encode(self) -> bytes:
        out = bytearray((_VERSION << 6 | self.type << 4 | len(self.token), self.code, self.id >> 8, self.id & 0xFF))
        out += self.token
        before = 0
        for number, value in sorted(self.options, key=_number) if self.options else ():
            delta, more_delta = _nibble(number - before)
            length, more_length = _nibble(len(value))
            out.append(delta << 4 | length)
            out += more_delta + more_length + value
            before = number
        if self.payload:
            out.append(_MARKER)
            out += self.payload
        return bytes(out)


class Response(NamedTuple):
    """What a request is answered with."""

    code: int
    payload: bytes = b""
    options: tuple[tuple[int, bytes], ...] = ()


def uint(value: int) -> bytes:
    """The shortest form; nothing for 0."""
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def path_options(segments: Iterable[str], number: int = Option.URI_PATH) -> list[tuple[int, bytes]]:
    return [(number, segment.encode()) for segment in segments]


def decode(data: bytes) -> Message:
    """Raises MalformedError."""
    if len(data) < _HEADER or data[0] >> 6 != _VERSION:
        raise MalformedError("no CoAP version 1")
    first, code = data[0], data[1]
    token_end = _HEADER + (first & 15)
    if token_end > _HEADER + MOST_TOKEN or token_end > len(data):
        raise MalformedError("the token is longer than the message or than 8 bytes")
    message = Message(first >> 4 & 3, code, data[2] << 8 | data[3], data[_HEADER:token_end])
    if code == 0 and len(data) > _HEADER:
        raise MalformedError("an empty message is not empty")
    try:
        _read_options(message, data, token_end)
    except IndexError as error:
        raise MalformedError("an option is cut off") from error
    return message


def _read_options(message: Message, data: bytes, at: int) -> None:
    end, number, options = len(data), 0, message.options
    while at < end:
        first = data[at]
        at += 1
        if first == _MARKER:
            if at == end:
                raise MalformedError("nothing follows the payload marker")
            message.payload = data[at:]
            return
        delta, length = first >> 4, first & 15
        if delta >= _ONE:
            delta, at = _extended(delta, data, at)
        if length >= _ONE:
            length, at = _extended(length, data, at)
        number += delta
        if at + length > end:
            raise MalformedError("an option is cut off")
        options.append((number, data[at : at + length]))
        at += length


def _extended(nibble: int, data: bytes, at: int) -> tuple[int, int]:
    if nibble == _ONE:
        return data[at] + _ONE, at + 1
    if nibble == _TWO:
        return (data[at] << 8 | data[at + 1]) + _TWO_BASE, at + 2
    raise MalformedError("an option has a reserved length or delta")


def _nibble(value: int) -> tuple[int, bytes]:
    if value < _ONE:
        return value, b""
    if value < _TWO_BASE:
        return _ONE, bytes((value - _ONE,))
    return _TWO, (value - _TWO_BASE).to_bytes(2, "big")


def _number(option: tuple[int, bytes]) -> int:
    return option[0]


def _argument(text_: str) -> tuple[str, str | None]:
    name, equals, value = text_.partition("=")
    return name, value if equals else None
