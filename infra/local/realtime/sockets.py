"""Bayeux over WebSocket: messages in any order, each answered when there is an answer; the protocol is `websockets`'.

Nobody proves who he is by the request, as browsers cannot: the handshake's message has a token.
"""

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any

import h11
from websockets.frames import Frame, Opcode
from websockets.server import ServerProtocol

from infra.local.realtime.backend import Unreachable
from infra.local.realtime.holding import HANDSHAKE, Ask, Holder, Refused, messages_of

_CHUNK = 64 * 1024
_MAX_SIZE = 256 * 1024
_MOST_AT_ONCE = 32
_AUTHENTICATION = "com.cumulocity.authn"
_CLOSED = 1008
_log = logging.getLogger(__name__ + ".frames")
_log.setLevel(logging.CRITICAL)


class Socket:
    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        holder: Holder,
        asker: Callable[[str | None], Ask],
    ) -> None:
        """`asker` makes who asks with a handshake's token, None for with what the request brought."""
        self._reader, self._writer, self._holder, self._asker = reader, writer, holder, asker
        self._protocol = ServerProtocol(max_size=_MAX_SIZE, logger=_log)
        self._ask = asker(None)
        self._text = b""
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, request: h11.Request, behind: bytes) -> None:
        """`behind` is what came after the request's head."""
        head = b"".join(b"%s: %s\r\n" % pair for pair in request.headers)
        self._protocol.receive_data(b"GET %s HTTP/1.1\r\n%s\r\n" % (request.target, head) + behind)
        try:
            while not self._protocol.close_expected():
                for event in self._protocol.events_received():
                    self._received(event)
                await self._flush()
                data = await self._reader.read(_CHUNK)
                if data:
                    self._protocol.receive_data(data)
                else:
                    self._protocol.receive_eof()
                    return
        finally:
            for task in self._tasks:
                task.cancel()
            await self._flush()

    def _received(self, event: Any) -> None:
        if not isinstance(event, Frame):
            self._protocol.send_response(self._protocol.accept(event))
            return
        if event.opcode in (Opcode.TEXT, Opcode.BINARY):
            self._text = bytes(event.data)
        elif event.opcode is Opcode.CONT:
            self._text += bytes(event.data)
        else:
            return
        if len(self._text) > _MAX_SIZE:
            self._protocol.fail(1009, "the message is too long")
            return
        if event.fin:
            self._begin(self._text)

    def _begin(self, text: bytes) -> None:
        messages = messages_of(text)
        if messages is None or len(self._tasks) >= _MOST_AT_ONCE:
            self._protocol.fail(_CLOSED, "these are no messages, or too many at once")
            return
        task = asyncio.ensure_future(self._answer(messages))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, messages: list[Any]) -> None:
        handshake = next((one for one in messages if isinstance(one, dict) and one.get("channel") == HANDSHAKE), None)
        if handshake is not None:
            self._ask = self._asker(_token(handshake))
        try:
            replies = await self._holder.answer(messages, self._ask)
        except Refused as refusal:
            replies = [_denied(one, refusal.status) for one in messages if isinstance(one, dict)]
        except Unreachable:
            self._protocol.fail(1013, "the platform is not reached at the moment")
            await self._flush()
            return
        self._protocol.send_text(json.dumps(replies).encode())
        await self._flush()

    async def _flush(self) -> None:
        for part in self._protocol.data_to_send():
            if part:
                self._writer.write(part)
        await self._writer.drain()


def _token(handshake: dict[str, Any]) -> str | None:
    ext = handshake.get("ext")
    said = ext.get(_AUTHENTICATION) if isinstance(ext, dict) else None
    token = said.get("token") if isinstance(said, dict) else None
    return token if isinstance(token, str) and token else None


def _denied(message: dict[str, Any], status: int) -> dict[str, Any]:
    known = {"id": message["id"]} if "id" in message else {}
    error = "403::Handshake denied" if status in (401, 403) else f"{status}::the messages were refused"
    return {
        **known,
        "channel": message.get("channel", ""),
        "successful": False,
        "error": error,
        "advice": {"reconnect": "none"},
    }
