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
    """Bound when made; once started it is read."""

    def __init__(self, host: str, port: int) -> None:
        """`port` 0 takes a free one. An IPv6 wildcard serves IPv4 as well. Raises OSError where the port is taken."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._answers: list[tuple[bytes, Address]] | None = None
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

    def start(self, receive: Callable[[bytes, Address], None]) -> None:
        """Hand every datagram to `receive`, whose mistakes cost one datagram and a log line."""
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket, self._drain, receive)

    def send(self, datagram: bytes, address: Address) -> None:
        """As UDP does: what cannot be sent now is lost, and counted. From within `receive` it leaves soon after."""
        if self._answers is not None:
            self._answers.append((datagram, address))
        else:
            self._send(datagram, address)

    def _send(self, datagram: bytes, address: Address) -> None:
        try:
            self._socket.sendto(datagram, address)
        except OSError:
            self.unsent += 1

    def pause(self) -> None:
        """Read no more; what came stays in the socket."""
        if self._loop is not None:
            self._loop.remove_reader(self._socket)
            self._loop = None

    def stop(self) -> None:
        self.pause()
        self._socket.close()

    def _drain(self, receive: Callable[[bytes, Address], None]) -> None:
        """Read all, then take all, then answer all: by turns, the system and the peers it wakes displace our caches."""
        answers = self._answers = []
        for datagram, address in self._read():
            try:
                receive(datagram, address)
            except Exception:  # noqa: BLE001 - the last net: no input may end the service for others
                _log.exception("a datagram of %d bytes from %s was not understood", len(datagram), address)
        self._answers = None
        for datagram, address in answers:
            self._send(datagram, address)

    def _read(self) -> list[tuple[bytes, Address]]:
        read: list[tuple[bytes, Address]] = []
        for _ in range(AT_ONCE):
            try:
                read.append(self._socket.recvfrom(_LONGEST))
            except BlockingIOError:
                break
            except OSError:
                continue  # an error of something that we sent earlier
        return read
