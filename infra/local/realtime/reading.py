"""What a client sends, as `h11` reads it: bounded in length, in time and in work."""

import asyncio
import contextlib
from typing import Any

import h11

_CHUNK = 64 * 1024
_PAUSE_S, _WHOLE_S, _LINGER_S = 30.0, 300.0, 5.0
_SMALLEST = 64
"""Bytes of body that an event of `h11` has on average, at least: what is in smaller chunks costs more than it says."""
_FREE_EVENTS = 4_096


class TooLong(Exception):
    """A body beyond what is taken, or in more pieces than any client makes of one."""


async def event(reader: asyncio.StreamReader, connection: h11.Connection) -> Any:
    while (found := connection.next_event()) is h11.NEED_DATA:
        connection.receive_data(await reader.read(_CHUNK))
    return found


def ensure_announced(request: h11.Request, most: int) -> None:
    """A length that is said before is looked at before anything of the body is read. Errors: TooLong."""
    if any(name == b"content-length" and int(value) > most for name, value in request.headers):
        raise TooLong


def is_framed_twice(request: h11.Request) -> bool:
    """Whether two lengths are said of the body: after the answer the connection ends (RFC 9112 6.1)."""
    return {b"transfer-encoding", b"content-length"} <= {name for name, _ in request.headers}


async def body(reader: asyncio.StreamReader, connection: h11.Connection, most: int) -> bytes:
    """Errors: TooLong; TimeoutError for one that stops in between, or takes too long as a whole."""
    async with asyncio.timeout(_WHOLE_S):
        return await _body(reader, connection, most)


async def _body(reader: asyncio.StreamReader, connection: h11.Connection, most: int) -> bytes:
    read, events = bytearray(), 0
    while not isinstance(found := await asyncio.wait_for(event(reader, connection), _PAUSE_S), h11.EndOfMessage):
        if not isinstance(found, h11.Data):
            raise h11.RemoteProtocolError("the request ended before its body did")
        read += found.data
        events += 1
        if len(read) > most or events > _FREE_EVENTS + len(read) // _SMALLEST:
            raise TooLong
    return bytes(read)


async def leave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """End a connection whose client may be sending still: one closed with bytes unread loses its last answer."""
    with contextlib.suppress(OSError, TimeoutError):
        writer.write_eof()
        async with asyncio.timeout(_LINGER_S):
            while await reader.read(_CHUNK):
                pass
