"""One TLS port for MQTT, MQTT over WebSocket and HTTP: the first bytes say which it is.

CONNECT begins with 0x10, a request of HTTP with its method; `/mqtt` is the broker's, every other path the backend's.
"""

import asyncio
from collections.abc import Callable
from typing import cast

from . import packets
from .newcomers import Newcomer
from .websocket import PATH

_CONNECT = packets.CONNECT << 4
_LONGEST_LINE = 16 * 1024
_HIGH = 256 * 1024


class HttpBackend:
    """Where requests go, as plain HTTP; `peer` tells whose a connection from one of our ports is. One event loop."""

    def __init__(self, host: str, port: int) -> None:
        self.address = (host, port)
        self.peers: dict[int, str] = {}

    def peer(self, port: int) -> str | None:
        return self.peers.get(port)


class Doorman(asyncio.Protocol):
    """Looks at what comes first and hands the transport on."""

    def __init__(
        self, mqtt: Callable[[], asyncio.Protocol], backend: HttpBackend, limit: float, newcomer: Newcomer
    ) -> None:
        """`limit`: seconds until it has to be clear what is spoken."""
        self._newcomer = newcomer
        self._mqtt = mqtt
        self._backend = backend
        self._limit = limit
        self._seen = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._newcomer.turn_away = self._transport.abort
        self._timer = asyncio.get_running_loop().call_later(self._limit, self._transport.abort)

    def connection_lost(self, _error: Exception | None) -> None:
        self._newcomer.leave()
        self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        self._seen += data
        line, ended, _ = self._seen.partition(b"\r\n")
        if self._seen[0] == _CONNECT:
            self._hand_to(self._mqtt())
        elif ended or len(line) > _LONGEST_LINE:
            target = [*line.split(b" "), b""][1]
            served = target.partition(b"?")[0] == PATH.encode()
            if not served:
                self._newcomer.leave()  # the backend has limits of its own
            self._hand_to(self._mqtt() if served else _Front(self._backend))

    def _hand_to(self, protocol: asyncio.Protocol) -> None:
        self._timer.cancel()
        self._transport.set_protocol(protocol)
        protocol.connection_made(self._transport)
        protocol.data_received(self._seen)


class _Half(asyncio.Protocol):
    """One side of a relayed connection; what it reads is written to the `other`."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.other: _Half | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.transport.set_write_buffer_limits(high=_HIGH)

    def data_received(self, data: bytes) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.write(data)

    def pause_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.resume_reading()

    def connection_lost(self, _error: Exception | None) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.close()


class _Front(_Half):
    """The client's side: nothing more is read until the backend is there."""

    def __init__(self, backend: HttpBackend) -> None:
        super().__init__()
        self._backend = backend
        self._first = b""
        self._connecting: asyncio.Task[None] | None = None

    def data_received(self, data: bytes) -> None:
        if self.other is not None:
            super().data_received(data)
            return
        self._first += data
        if self._connecting is None and self.transport is not None:
            self.transport.pause_reading()
            self._connecting = asyncio.get_running_loop().create_task(self._connect(self.transport))

    async def _connect(self, transport: asyncio.Transport) -> None:
        back = _Back(self._backend, str((transport.get_extra_info("peername") or ("",))[0]))
        try:
            await asyncio.get_running_loop().create_connection(lambda: back, *self._backend.address)
        except OSError:
            transport.abort()
            return
        self.other, back.other = back, self
        super().data_received(self._first)
        if transport.is_closing():
            back.abandon()
        else:
            transport.resume_reading()


class _Back(_Half):
    def __init__(self, backend: HttpBackend, peer: str) -> None:
        super().__init__()
        self._backend = backend
        self._peer = peer
        self._port = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._port = int(transport.get_extra_info("sockname")[1])
        self._backend.peers[self._port] = self._peer

    def connection_lost(self, error: Exception | None) -> None:
        self._backend.peers.pop(self._port, None)
        super().connection_lost(error)

    def abandon(self) -> None:
        if self.transport is not None:
            self.transport.abort()
