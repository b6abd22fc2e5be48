"""The door: what is asked is passed on to the API, but requests for notifications are held, by HTTP or WebSocket."""

import asyncio
import base64
import contextlib
import json
import logging
import socket
import threading
from collections.abc import Callable
from typing import Any

import h11

from chalicelib.dialects.cumulocity import doorbell
from infra.local.realtime import reading
from infra.local.realtime.backend import Backend, Fields, Unreachable, passed_back, passed_on
from infra.local.realtime.holding import AGAIN_S, Holder, Refused, messages_of
from infra.local.realtime.sockets import Socket
from infra.local.realtime.waiting import Bell, Channels
from infra.local.vital import Vital

PATHS = (
    "/notification/operations",
    "/notification/realtime",
    "/devicecontrol/notifications",
    "/cep/realtime",
    "/cep/notifications",
)
_SUFFIXES = ("", "/handshake", "/connect", "/disconnect")
MAX_BODY = 10 * 1024 * 1024
MAX_MESSAGES = 64 * 1024
_CHUNK = 64 * 1024
_IDLE_S, _BLANK_S = 75.0, 600.0
_BACKLOG = 4_096
PeerOf = Callable[[int], str | None]
log = logging.getLogger(__name__)


def is_realtime(target: str) -> bool:
    path = "/" + "/".join(part for part in target.partition("?")[0].split("/") if part)
    return any(path == known + suffix for known in PATHS for suffix in _SUFFIXES)


class Door:
    """Serves on a socket that is bound already, in a thread of its own; `ring` it from any other one."""

    def __init__(
        self,
        listener: socket.socket,
        backend: tuple[str, int],
        *,
        vital: Vital | None = None,
        peer_of: PeerOf = lambda _port: None,
        again_s: float = AGAIN_S,
        blank_s: float = _BLANK_S,
    ) -> None:
        """`peer_of` gives the address behind a connection from a local port, where somebody else has unwrapped TLS."""
        self.port: int = listener.getsockname()[1]
        self._listener = listener
        self._peer_of = peer_of
        self._peers: dict[int, str] = {}
        self._backend = Backend(*backend, noted=self._note)
        self._loop = asyncio.new_event_loop()
        self._bell = Bell(self._loop)
        self._holder = Holder(self._bell, Channels(), again_s)
        self._blank_s = blank_s
        self._stopping: asyncio.Event
        self._started = False
        self._running = threading.Event()
        self._thread = (vital or Vital()).thread("realtime", self._run)

    def start(self) -> None:
        # Whoever connects from now on is served as soon as the thread runs.
        self._listener.listen(_BACKLOG)
        self._thread.start()
        self._running.wait()
        self._started = True

    def stop(self, timeout: float) -> None:
        """Close the listener and every connection."""
        if self._started:
            self._started = False
            self._loop.call_soon_threadsafe(self._end)
            self._thread.join(timeout)

    def ring(self, topic: str, _payload: bytes = b"") -> None:
        """Something is to be told to the session, or for the agent, that the topic names."""
        self._bell.ring(topic.removeprefix(doorbell.TOPIC))

    def peer(self, port: int) -> str | None:
        """The address behind a connection of ours to the API."""
        return self._peers.get(port)

    def _note(self, port: int, peer: str | None) -> None:
        if peer is None:
            self._peers.pop(port, None)
        else:
            self._peers[port] = peer

    def _end(self) -> None:
        self._stopping.set()

    def _run(self) -> None:
        with contextlib.closing(self._loop):
            self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        self._stopping = asyncio.Event()
        self._running.set()
        clients: set[asyncio.Task[None]] = set()

        async def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            if task is not None:
                clients.add(task)
                task.add_done_callback(clients.discard)
            # The door closes: nobody is interested in that it was cancelled.
            with contextlib.suppress(asyncio.CancelledError):
                await self._client(reader, writer)

        server = await asyncio.start_server(accepted, sock=self._listener, backlog=_BACKLOG)
        await self._stopping.wait()
        server.close()
        for task in clients:
            task.cancel()
        await asyncio.gather(*clients, return_exceptions=True)

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = h11.Connection(h11.SERVER)
        peer = self._peer_of(int(writer.get_extra_info("peername")[1]))
        try:
            while await self._exchange(reader, writer, connection, peer):
                connection.start_next_cycle()
        except h11.RemoteProtocolError as error:
            log.debug("a client sent what is no HTTP: %s", error)
            with contextlib.suppress(OSError):
                await _refused(writer, connection, error.error_status_hint)
        except (OSError, h11.ProtocolError, TimeoutError, Unreachable) as error:
            log.debug("a connection ended: %s", error)
        finally:
            writer.close()

    async def _exchange(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        connection: h11.Connection,
        peer: str | None,
    ) -> bool:
        """One request and its answer; whether another one may follow."""
        request = await asyncio.wait_for(reading.event(reader, connection), _IDLE_S)
        if not isinstance(request, h11.Request):
            return False
        headers, target = list(request.headers), request.target.decode("latin-1")
        realtime = is_realtime(target)
        if realtime and _wants_socket(headers):
            await self._socket(reader, writer, connection, request, peer)
            return False
        most = MAX_MESSAGES if realtime else MAX_BODY
        try:
            reading.ensure_announced(request, most)
            if connection.they_are_waiting_for_100_continue:
                answer = h11.InformationalResponse(status_code=100, headers=[], reason=b"Continue")
                writer.write(connection.send(answer) or b"")
            body = await reading.body(reader, connection, most)
        except reading.TooLong:
            await _respond(writer, connection, 413, [(b"connection", b"close")], b'{"message":"Request Too Long"}')
            await reading.leave(reader, writer)
            return False
        messages = messages_of(body) if realtime and request.method == b"POST" else None
        if messages is None:
            await self._relay(writer, connection, request, body, peer)
        else:
            await self._hold(reader, writer, connection, request, messages, peer)
        over = connection.our_state is h11.DONE and connection.their_state is h11.DONE
        return over and not reading.is_framed_twice(request)

    async def _relay(
        self,
        writer: asyncio.StreamWriter,
        connection: h11.Connection,
        request: h11.Request,
        body: bytes,
        peer: str | None,
    ) -> None:
        headers = passed_on(request.headers, len(body))
        try:
            async with self._backend.asked(request.method, request.target, headers, body, peer) as answer:
                made = h11.Response(
                    status_code=answer.status, headers=passed_back(answer.headers), reason=answer.reason
                )
                writer.write(connection.send(made) or b"")
                async for part in answer.body:
                    writer.write(connection.send(h11.Data(data=part)) or b"")
                    await writer.drain()
                writer.write(connection.send(h11.EndOfMessage()) or b"")
                await writer.drain()
        except Unreachable as error:
            log.warning("the API was not reached: %s", error)
            if connection.our_state is not h11.SEND_RESPONSE:
                raise
            await _respond(writer, connection, 502, [], b'{"message":"the platform is not reached at the moment"}')

    async def _hold(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        connection: h11.Connection,
        request: h11.Request,
        messages: list[Any],
        peer: str | None,
    ) -> None:
        """Answer when there is something, with a blank now and then; a client that leaves ends it."""
        asking = asyncio.ensure_future(self._holder.answer(messages, self._ask(request, peer)))
        gone = asyncio.ensure_future(reader.read(_CHUNK))
        begun = False
        try:
            while not asking.done():
                await asyncio.wait({asking, gone}, timeout=self._blank_s, return_when=asyncio.FIRST_COMPLETED)
                if gone.done() and not gone.result():
                    return
                if not asking.done() and not gone.done():
                    writer.write(_begin(connection, begun=begun) + (connection.send(h11.Data(data=b" ")) or b""))
                    begun = True
                elif not asking.done():
                    # The next request already: it waits for its turn.
                    await asyncio.wait({asking})
            try:
                status, said = 200, json.dumps(await asking, ensure_ascii=False).encode(errors="backslashreplace")
            except Refused as refusal:
                status, said = refusal.status, refusal.body
            except Unreachable:
                status, said = 502, b'{"message":"the platform is not reached at the moment"}'
            if begun:
                writer.write(connection.send(h11.Data(data=said)) or b"")
                writer.write(connection.send(h11.EndOfMessage()) or b"")
                await writer.drain()
            else:
                await _respond(writer, connection, status, [], said)
        finally:
            asking.cancel()
            if not gone.done():
                gone.cancel()
            with contextlib.suppress(asyncio.CancelledError, OSError):
                if early := await gone:
                    connection.receive_data(early)

    def _ask(self, request: h11.Request, peer: str | None, authorization: bytes | None = None) -> Any:
        async def ask(messages: list[Any]) -> tuple[int, bytes]:
            body = json.dumps(messages).encode()
            named = [(name, value) for name, value in request.headers if not name.startswith(b"sec-websocket")]
            if authorization is not None:
                named = [(name, value) for name, value in named if name != b"authorization"]
                named.append((b"authorization", authorization))
            headers = [*passed_on(named, len(body)), (doorbell.HEADER.encode(), b"1")]
            async with self._backend.asked(b"POST", request.target, headers, body, peer) as answer:
                return answer.status, await answer.whole()

        return ask

    async def _socket(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        connection: h11.Connection,
        request: h11.Request,
        peer: str | None,
    ) -> None:
        def asker(token: str | None) -> Any:
            return self._ask(request, peer, _authorization(token) if token else None)

        await Socket(reader, writer, self._holder, asker).serve(request, connection.trailing_data[0])


def _authorization(token: str) -> bytes:
    """A token of a handshake is one of `oauth/token`, or what HTTP Basic has."""
    kind = "Bearer" if token.count(".") == 2 and not _is_basic(token) else "Basic"  # noqa: PLR2004 - parts of a JWT
    return f"{kind} {token}".encode("latin-1", "replace")


def _is_basic(token: str) -> bool:
    try:
        return b":" in base64.b64decode(token, validate=True)
    except ValueError:
        return False


def _wants_socket(headers: Fields) -> bool:
    return any(name == b"upgrade" and value.lower() == b"websocket" for name, value in headers)


def _begin(connection: h11.Connection, *, begun: bool) -> bytes:
    if begun:
        return b""
    headers = [("Content-Type", "application/json;charset=UTF-8"), ("Transfer-Encoding", "chunked")]
    return connection.send(h11.Response(status_code=200, headers=headers, reason=b"OK")) or b""


async def _refused(writer: asyncio.StreamWriter, connection: h11.Connection, status: int) -> None:
    if connection.our_state in (h11.IDLE, h11.SEND_RESPONSE):
        await _respond(writer, connection, status, [(b"connection", b"close")], b'{"message":"this is no HTTP"}')


async def _respond(
    writer: asyncio.StreamWriter, connection: h11.Connection, status: int, headers: Fields, body: bytes
) -> None:
    named = [
        *headers,
        (b"content-type", b"application/json;charset=UTF-8"),
        (b"content-length", b"%d" % len(body)),
        *([(b"www-authenticate", b'Basic realm="Homeport"')] if status == 401 else []),  # noqa: PLR2004
    ]
    writer.write(connection.send(h11.Response(status_code=status, headers=named)) or b"")
    writer.write(connection.send(h11.Data(data=body)) or b"")
    writer.write(connection.send(h11.EndOfMessage()) or b"")
    await writer.drain()
