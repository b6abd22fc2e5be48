"""The wire of one connection: an asyncio transport, over which MQTT goes plain or in WebSocket frames."""

import asyncio
from typing import cast

from .websocket import FIRST_BYTE, WebSocket

_WRITE_HIGH = 256 * 1024


class Wire:
    """Bytes of MQTT in and out; before `attach` and after `detach` everything is quietly ignored."""

    __slots__ = ("_abort", "_frame_limit", "_loop", "_outgoing", "_sniffed", "_transport", "websocket")

    def __init__(self, frame_limit: int) -> None:
        self.websocket: WebSocket | None = None
        self._frame_limit = frame_limit
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._sniffed = False
        self._outgoing: list[bytes] = []
        self._abort: asyncio.TimerHandle | None = None

    def attach(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=_WRITE_HIGH)

    def detach(self) -> None:
        self._transport = None
        if self._abort is not None:
            self._abort.cancel()

    # -- in

    def receive(self, data: bytes) -> bytes:
        """The MQTT in what the transport delivered; the first byte ever tells CONNECT from an HTTP request."""
        if not self._sniffed:
            self._sniffed = True
            if data[:1] == FIRST_BYTE:
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

    def close(self, grace: float) -> None:
        """Send what there is and close; abort after `grace` seconds, for peers that do not end their TLS session."""
        self._flush()
        if self._transport is None:
            return
        if self.websocket is not None:
            self.websocket.close()
            self._write(self.websocket.pending())
        self._transport.close()
        self._abort = self._loop.call_later(grace, self._transport.abort)

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
