"""Listening sockets and the way from an accepted socket to a connection."""

import asyncio
import contextlib
import logging
import socket
import ssl
from typing import TYPE_CHECKING

from .connection import Connection
from .doorman import Doorman, HttpBackend
from .newcomers import Newcomer
from .tls import Contexts, NoClientHello, peek_server_name

if TYPE_CHECKING:
    from .broker import Broker

log = logging.getLogger(__name__)

BACKLOG = 4096
_OUT_OF_FILES_PAUSE = 0.1


class Listener:
    """Accepts on one socket; every connection opens in a task of its own.

    asyncio's own servers keep failed TLS handshakes to themselves, and give no chance to choose the context.
    """

    def __init__(
        self,
        broker: "Broker",
        sock: socket.socket,
        contexts: Contexts | None,
        backend: HttpBackend | None = None,
    ) -> None:
        self._broker = broker
        self._backend = backend
        self._socket = sock
        self._contexts = contexts
        self._opening: set[asyncio.Task[None]] = set()
        self._accepting = asyncio.get_running_loop().create_task(self._accept())
        broker.settings.vital.task("the listener for MQTT", self._accepting)

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                accepted, address = await loop.sock_accept(self._socket)
            except OSError as error:
                # The client went away in the queue, or there are no file descriptors left: both pass.
                log.warning("accept: %s", error)
                await asyncio.sleep(_OUT_OF_FILES_PAUSE)
                continue
            newcomer = self._broker.newcomers.enter(str(address[0]))
            task = loop.create_task(self._open(accepted, newcomer))
            newcomer.turn_away = task.cancel
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)

    async def _open(self, accepted: socket.socket, newcomer: Newcomer) -> None:
        limit = self._broker.settings.limits.connect_timeout
        try:
            # Sockets of a listening socket have protocol 0, for which asyncio leaves Nagle's algorithm on: an
            # acknowledgement would then wait 40 ms for the peer's delayed one.
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._contexts is None:
                await self._open_plain(accepted, newcomer)
            else:
                async with asyncio.timeout(limit):
                    await self._open_tls(accepted, self._contexts, limit, newcomer)
        except (OSError, TimeoutError, NoClientHello, ssl.SSLError) as error:
            # What scanners and clients with the wrong trust anchors bring about; nobody else is concerned.
            log.info("no connection: %s %s", type(error).__name__, error)
            newcomer.leave()
            accepted.close()
        except BaseException:
            newcomer.leave()
            accepted.close()
            raise

    async def _open_plain(self, accepted: socket.socket, newcomer: Newcomer) -> None:
        await asyncio.get_running_loop().connect_accepted_socket(
            lambda: Connection(self._broker, newcomer=newcomer), accepted
        )

    async def _open_tls(self, accepted: socket.socket, contexts: Contexts, limit: float, newcomer: Newcomer) -> None:
        name = await peek_server_name(accepted)

        def mqtt() -> Connection:
            return Connection(self._broker, tls=True, server_name=name, newcomer=newcomer)

        def opened() -> asyncio.Protocol:
            return mqtt() if self._backend is None else Doorman(mqtt, self._backend, limit, newcomer)

        await asyncio.get_running_loop().connect_accepted_socket(
            opened,
            accepted,
            ssl=contexts.choose(name),
            ssl_handshake_timeout=limit,
        )

    async def close(self) -> None:
        tasks = (self._accepting, *self._opening)
        for task in tasks:
            task.cancel()
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self._socket.close()


def listening_socket(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=BACKLOG)
