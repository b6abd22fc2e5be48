"""Asking the API behind the door: HTTP/1.1 by `h11`, a connection a request."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import h11

Fields = list[tuple[bytes, bytes]]
_HOP_BY_HOP = frozenset({b"connection", b"keep-alive", b"te", b"trailer", b"transfer-encoding", b"upgrade", b"expect"})
_CHUNK = 64 * 1024


class Unreachable(Exception):
    """The API was not reached, or has not answered as HTTP does."""


@dataclass(slots=True)
class Answer:
    status: int
    reason: bytes
    headers: Fields
    body: AsyncIterator[bytes]

    async def whole(self) -> bytes:
        return b"".join([part async for part in self.body])


@dataclass(slots=True)
class Backend:
    """`host` and `port` of the API. `noted` is told the local port of each connection, and again when it is over."""

    host: str
    port: int
    noted: Callable[[int, str | None], None] = field(default=lambda _port, _peer: None)

    @asynccontextmanager
    async def asked(
        self, method: bytes, target: bytes, headers: Fields, body: bytes, peer: str | None = None
    ) -> AsyncIterator[Answer]:
        """The answer to one request, its body as it comes. Errors: Unreachable."""
        try:
            reader, writer = await asyncio.open_connection(self.host, self.port)
        except OSError as error:
            raise Unreachable(str(error)) from error
        own = int(writer.get_extra_info("sockname")[1])
        self.noted(own, peer)
        try:
            yield await _exchange(reader, writer, h11.Request(method=method, target=target, headers=headers), body)
        except (OSError, h11.RemoteProtocolError) as error:
            raise Unreachable(str(error)) from error
        finally:
            self.noted(own, None)
            writer.close()


async def _exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: h11.Request, body: bytes
) -> Answer:
    connection = h11.Connection(h11.CLIENT)
    writer.write(connection.send(request) or b"")
    if body:
        writer.write(connection.send(h11.Data(data=body)) or b"")
    writer.write(connection.send(h11.EndOfMessage()) or b"")
    await writer.drain()
    while True:
        event = await _next(reader, connection)
        if isinstance(event, h11.Response):
            return Answer(event.status_code, event.reason, list(event.headers), _body(reader, connection))


async def _body(reader: asyncio.StreamReader, connection: h11.Connection) -> AsyncIterator[bytes]:
    while not isinstance(event := await _next(reader, connection), h11.EndOfMessage):
        if isinstance(event, h11.Data):
            yield bytes(event.data)


async def _next(reader: asyncio.StreamReader, connection: h11.Connection) -> h11.Event:
    while (event := connection.next_event()) is h11.NEED_DATA:
        connection.receive_data(await reader.read(_CHUNK))
    if not isinstance(event, h11.InformationalResponse | h11.Response | h11.Data | h11.EndOfMessage):
        raise Unreachable("the connection ended before the answer did")
    return event


def passed_on(headers: Iterable[tuple[bytes, bytes]], length: int) -> Fields:
    """A request's fields for the API, whose body has so many bytes."""
    kept = [(name, value) for name, value in headers if name not in _HOP_BY_HOP | {b"content-length"}]
    return [*kept, (b"content-length", b"%d" % length), (b"connection", b"close")]


def passed_back(headers: Fields) -> Fields:
    return [(name, value) for name, value in headers if name not in _HOP_BY_HOP]
