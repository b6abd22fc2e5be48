"""TLS in front of the plain HTTP port: takes a connection, unwraps it, passes the bytes on both ways."""

import asyncio
import contextlib
import logging
import socket
import ssl

from infra.local.vital import Vital

_log = logging.getLogger(__name__)
_CHUNK = 64 * 1024
_HANDSHAKE_S = 10.0


class TlsTerminator:
    """Runs an event loop on a thread of its own.

    `peer(port)` tells whose connection arrives at the backend from a local port: that is how the API learns the
    client's address without a header that the client itself could send.
    """

    def __init__(
        self, listener: socket.socket, context: ssl.SSLContext, backend: tuple[str, int], vital: Vital | None = None
    ) -> None:
        self._listener = listener
        self._context = context
        self._backend = backend
        self._peers: dict[int, str] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = (vital or Vital()).thread("tls", self._run)
        self._connections: set[asyncio.Task[None]] = set()
        self.port: int = listener.getsockname()[1]

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout: float) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout)

    def peer(self, port: int) -> str | None:
        """The address of the TLS client behind the backend connection from local `port`; None when there is none."""
        return self._peers.get(port)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            asyncio.start_server(
                self._serve, sock=self._listener, ssl=self._context, ssl_handshake_timeout=_HANDSHAKE_S
            )
        )
        try:
            self._loop.run_forever()
        finally:
            server.close()
            for task in self._connections:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*self._connections, return_exceptions=True))
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)
        try:
            await self._relay(reader, writer)
        except (OSError, asyncio.CancelledError) as reason:
            _log.debug("connection ended: %r", reason)
        finally:
            await _close(writer)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back_reader, back_writer = await asyncio.open_connection(*self._backend)
        local_port = back_writer.get_extra_info("sockname")[1]
        self._peers[local_port] = writer.get_extra_info("peername")[0]
        try:
            up = asyncio.create_task(_pump(reader, back_writer))
            await _pump(back_reader, writer)
            up.cancel()
            with contextlib.suppress(asyncio.CancelledError, OSError):
                await up
        finally:
            self._peers.pop(local_port, None)
            await _close(back_writer)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(_CHUNK):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError, asyncio.CancelledError):
        await writer.wait_closed()
