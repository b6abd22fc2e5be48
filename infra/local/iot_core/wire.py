"""The wire of one connection: an asyncio transport, over which MQTT goes plain or in WebSocket frames."""

import asyncio
from typing import cast

from .websocket import METHODS, WebSocket

_WRITE_HIGH = 256 * 1024
_QUIET = 0.1


class Wire:
    """Bytes of MQTT in and out; before `attach` and after `detach` everything is quietly ignored."""

    __slots__ = (
        "_ending", "_frame_limit", "_heard", "_loop", "_outgoing", "_sniffed", "_transport", "websocket",
    )  # fmt: skip

    def __init__(self, frame_limit: int) -> None:
        self.websocket: WebSocket | None = None
        self._frame_limit = frame_limit
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._sniffed = False
        self._outgoing: list[bytes] = []
        self._ending: asyncio.TimerHandle | None = None
        self._heard = 0.0

    def attach(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=_WRITE_HIGH)

    def detach(self) -> None:
        self._transport = None
        if self._ending is not None:
            self._ending.cancel()

    # -- in

    def receive(self, data: bytes) -> bytes:
        """The MQTT in what the transport delivered; the first byte ever tells CONNECT from an HTTP request."""
        if not self._sniffed:
            self._sniffed = True
            if data[0] in METHODS:
                self.websocket = WebSocket(self._frame_limit)
        if self.websocket is None:
            return data
        data = self.websocket.receive(data)
        self._write(self.websocket.pending())
        return data

    def pause_reading(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    # -- out

    def send(self, packet: bytes) -> None:
        """Write at the end of the loop's turn, together with what else there is: one TLS record instead of many."""
        if not self._outgoing:
            self._loop.call_soon(self._flush)
        self._outgoing.append(packet)

    def _flush(self) -> None:
        if self._outgoing:
            data = b"".join(self._outgoing)
            self._outgoing.clear()
            if self.websocket is not None:
                self.websocket.wrap(data)
                data = self.websocket.pending()
            self._write(data)

    def _write(self, data: bytes) -> None:
        if data and self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def close(self, grace: float, linger: float) -> None:
        """Send what there is and close; abort after `grace` seconds, for peers that do not end their TLS session.

        Before, read on for up to `linger` seconds while the peer sends: to a socket that is closed before all was read
        TCP answers with a reset, and that takes along what the peer has not read yet.
        """
        self._flush()
        if self._transport is None:
            return
        if self.websocket is not None:
            self.websocket.close()
            self._write(self.websocket.pending())
        if linger and not self._transport.is_closing():
            self._linger(self._transport, grace, linger)
        else:
            self._end(self._transport, grace)

    def discard(self) -> None:
        """Something came after the end."""
        self._heard = self._loop.time()

    def _linger(self, transport: asyncio.Transport, grace: float, linger: float) -> None:
        ends = self._loop.time() + linger
        # TLS cannot say that it has nothing more to send and go on reading: there the peer may fall silent instead.
        half_closed = transport.can_write_eof()
        if half_closed:
            transport.write_eof()
        transport.resume_reading()
        self.discard()

        def look() -> None:
            now = self._loop.time()
            if now >= ends or (not half_closed and now - self._heard >= _QUIET):
                self._end(transport, grace)
            else:
                self._ending = self._loop.call_later(_QUIET, look)

        self._ending = self._loop.call_later(_QUIET, look)

    def _end(self, transport: asyncio.Transport, grace: float) -> None:
        transport.close()
        self._ending = self._loop.call_later(grace, transport.abort)

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    # -- addresses

    def secrecy(self) -> tuple[str, str] | None:
        """TLS's version and cipher suite, as OpenSSL names them; None without TLS."""
        session = self._transport.get_extra_info("ssl_object") if self._transport is not None else None
        cipher = session.cipher() if session is not None else None
        return (str(session.version()), str(cipher[0])) if session is not None and cipher else None

    def peer(self) -> tuple[str, int]:
        return self._address("peername")

    def local(self) -> tuple[str, int]:
        return self._address("sockname")

    def _address(self, name: str) -> tuple[str, int]:
        address = self._transport.get_extra_info(name) if self._transport is not None else None
        return (str(address[0]), int(address[1])) if address else ("", 0)
