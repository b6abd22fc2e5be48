"""A UDP socket in an event loop: drained many datagrams a wake-up, where asyncio's own transport reads one."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable

from infra.gateway.dtls.association import Address

_log = logging.getLogger(__name__)

AT_ONCE = 64
"""Datagrams that are read before others have their turn."""

_LONGEST = 65_535
_BUFFER = 4 * 1024 * 1024


class UdpSocket:
    """Bound when made; `start` hands every datagram to `receive`, whose mistakes cost one datagram and a log line."""

    def __init__(self, host: str, port: int, receive: Callable[[bytes, Address], None]) -> None:
        """`port` 0 takes a free one. An IPv6 wildcard serves IPv4 as well. Raises OSError where the port is taken."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._receive = receive
        self._loop: asyncio.AbstractEventLoop | None = None
        self._buffer = memoryview(bytearray(_LONGEST))
        self.unsent = 0
        try:
            with contextlib.suppress(OSError):  # the system allows less: it takes what it may
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
            if family == socket.AF_INET6:
                self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            self._socket.setblocking(False)  # noqa: FBT003 - the standard library's
            self._socket.bind((host, port))
        except OSError:
            self._socket.close()
            raise

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket, self._drain)

    def send(self, datagram: bytes, address: Address) -> None:
        """As UDP does: what cannot be sent now is lost, and counted."""
        try:
            self._socket.sendto(datagram, address)
        except OSError:
            self.unsent += 1

    def stop(self) -> None:
        if self._loop is not None:
            self._loop.remove_reader(self._socket)
        self._socket.close()

    def _drain(self) -> None:
        for _ in range(AT_ONCE):
            try:
                size, address = self._socket.recvfrom_into(self._buffer)
            except BlockingIOError:
                return
            except OSError:
                continue  # an error of something that we sent earlier
            datagram = bytes(self._buffer[:size])
            try:
                self._receive(datagram, address)
            except Exception:  # noqa: BLE001 - the last net: no input may end the service for others
                _log.exception("a datagram of %d bytes from %s was not understood", len(datagram), address)
