"""One association as a CoAP endpoint sees it: both roles, message layer and all (RFC 7252, 4 and 5)."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from infra.gateway.coap import requests
from infra.gateway.coap.answering import refusal
from infra.gateway.coap.blocks import LARGEST_BYTES, Block
from infra.gateway.coap.duplicates import Duplicates
from infra.gateway.coap.endpoint import Endpoint
from infra.gateway.coap.message import MOST_TOKEN, MalformedError, Message, Response, decode
from infra.gateway.coap.numbers import ACK, CON, EMPTY, NON, REQUESTS, RESPONSES, RST, Code, Option, Type
from infra.gateway.coap.requests import ANSWER_S, Request
from infra.gateway.coap.transmissions import DeliveryError, PeerClosedError, Transmissions, UnansweredError

_log = logging.getLogger(__name__)


class Peer:
    """`user` is for whoever made it."""

    __slots__ = ("_duplicates", "_endpoint", "_id", "_pending", "_transmissions", "_transmit", "closed", "user")

    def __init__(self, endpoint: Endpoint, transmit: Callable[[bytes], None], user: Any = None) -> None:
        self._endpoint, self._transmit, self.user = endpoint, transmit, user
        self._id = endpoint.chance.randrange(0x10000)
        self._pending: dict[bytes, tuple[asyncio.Future[Message], int]] = {}
        self._transmissions = Transmissions(transmit, endpoint.transmission, endpoint.loop, endpoint.chance)
        self._duplicates = Duplicates()
        self.closed = False

    # Asking

    async def ask(self, request: Request, within: float = ANSWER_S) -> Message:
        """The answer to a request; raises DeliveryError. Cancelling it frees the peer's queue at once.

        `within` seconds after the peer has acknowledged it.
        """
        return await requests.ask(self, request, within=within, most=self._endpoint.sizes.fetched)

    async def rest_of(self, request: Request, response: Message, within: float = ANSWER_S) -> Message:
        """A notification whose payload goes on, whole; `request` is the one that began the observation."""
        most = self._endpoint.sizes.fetched
        return await requests.rest_of(self, request, response, within=within, most=most)

    async def exchange(
        self, code: int, options: list[tuple[int, bytes]], payload: bytes, token: bytes | None, within: float
    ) -> Message:
        """One request and its response, piggy-backed or by itself."""
        token = self._endpoint.chance.randbytes(MOST_TOKEN) if token is None else token
        message = Message(CON, code, self._next_id(), token, options, payload)
        response: asyncio.Future[Message] = self._endpoint.loop.create_future()
        self._pending[token] = response, message.id
        acknowledged = self._transmissions.send(message)
        try:
            await asyncio.wait((acknowledged, response), return_when=asyncio.FIRST_COMPLETED)
            if not response.done():
                acknowledged.result()  # raises what the transmission ended with
                await asyncio.wait((response,), timeout=within)
            if not response.done():
                raise UnansweredError
            return response.result()
        finally:
            acknowledged.cancel()
            if not response.cancel() and not response.cancelled():
                response.exception()  # seen, whatever else was raised
            if self._pending.get(token, (None, 0))[0] is response:
                del self._pending[token]

    # Notifying, as observed devices do

    async def notify(self, token: bytes, response: Response) -> None:
        """A confirmable notification; raises RejectedError where nobody wants it any more."""
        await self._transmissions.send(self._response(CON, token, response))

    def notify_unconfirmed(self, token: bytes, response: Response) -> int:
        """The message id, which the handler's `reset` may name."""
        message = self._response(NON, token, response)
        self._transmit(message.encode())
        return message.id

    # Hearing

    def receive(self, data: bytes) -> None:
        """Take one datagram. Nothing is raised for what it holds."""
        try:
            message = decode(data)
        except MalformedError as error:
            self._malformed(str(error))
            return
        code = message.code
        if code == EMPTY:
            self._take_empty(message)
        elif code in REQUESTS:
            self._take_request(message)
        elif code in RESPONSES:
            self._take_response(message)
        else:
            self._malformed("a code of a reserved class")

    def _malformed(self, why: str) -> None:
        self._endpoint.counts.malformed += 1
        self._endpoint.handler.malformed(self, why)

    def _take_empty(self, message: Message) -> None:
        if message.type == CON:  # a ping
            self._reset(message)
        elif message.type in (ACK, RST):
            self._transmissions.settle(message)
            if message.type == RST:
                self._endpoint.handler.reset(self, message.id)

    def _is_duplicate(self, message: Message) -> bool:
        """Answered as before, if it was answered; else noted."""
        now = self._endpoint.time()
        noted = self._duplicates.noted(message.id, now, now - self._endpoint.lifetime)
        if noted is None:
            return False
        self._endpoint.counts.duplicates += 1
        answer = noted[1]
        if answer is not None:
            self._transmit(answer)
        return True

    def _take_response(self, message: Message) -> None:
        if message.type == RST or (message.type != ACK and self._is_duplicate(message)):
            return
        pending = self._pending.get(message.token)
        if message.type == ACK:
            if pending is None or pending[1] == message.id:
                self._transmissions.settle(message)
            if pending is not None and not pending[0].done():
                pending[0].set_result(message)
        elif pending is not None:
            self._accept(message)
            self._transmissions.settle_by(pending[1], message)
            if not pending[0].done():
                pending[0].set_result(message)
        else:
            self._take_notification(message)

    def _take_notification(self, message: Message) -> None:
        verdict = self._endpoint.handler.notification(self, message)
        if isinstance(verdict, bool):
            self._judged(message, accepted=verdict)
        else:
            self._endpoint.run(self._judge(message, verdict))

    async def _judge(self, message: Message, verdict: Awaitable[bool]) -> None:
        try:
            accepted = await verdict
        except BaseException:
            # The device sends it again as it is not acknowledged, and is to be heard then.
            self._duplicates.forget(message.id)
            raise
        self._judged(message, accepted=accepted)

    def _judged(self, message: Message, *, accepted: bool) -> None:
        if self.closed:
            return
        if accepted:
            self._accept(message)
        else:
            self._endpoint.counts.rejected += 1
            self._reset(message)

    def _accept(self, message: Message) -> None:
        if message.type == CON:
            self._answer(message, Message(ACK, EMPTY, message.id))

    def _reset(self, message: Message) -> None:
        self._answer(message, Message(RST, EMPTY, message.id))

    def _take_request(self, message: Message) -> None:
        if message.type in (ACK, RST):
            self._malformed("a request that acknowledges or resets")
            return
        if self._is_duplicate(message):
            return
        endpoint = self._endpoint
        endpoint.counts.requests += 1
        refused, first, second = refusal(message)
        if refused is not None:
            self._respond(message, refused)
            return
        if first is not None:
            body = endpoint.uploads.take(self, message, first)
            if isinstance(body, Response):
                self._respond(message, body)
                return
            message.payload = body
        held = endpoint.downloads.held(self, message) if second is not None and second.number else None
        answer = held or endpoint.handler.request(self, message)
        if isinstance(answer, Response):
            self._respond(message, self._cut(message, answer, first, second))
        else:
            endpoint.run(self._respond_later(message, answer, first, second))

    def _cut(self, request: Message, response: Response, first: Block | None, second: Block | None) -> Response:
        if first is None and second is None and len(response.payload) <= LARGEST_BYTES:
            return response
        response = self._endpoint.downloads.cut(self, request, response, second)
        if first is not None:
            response = response._replace(options=(*response.options, first.option(Option.BLOCK1)))
        return response

    async def _respond_later(
        self, request: Message, answer: Awaitable[Response], first: Block | None, second: Block | None
    ) -> None:
        acknowledged = False

        def acknowledge() -> None:
            nonlocal acknowledged
            acknowledged = True
            self._answer(request, Message(ACK, EMPTY, request.id))

        loop, pause = self._endpoint.loop, self._endpoint.transmission.empty_ack
        timer = loop.call_later(pause, acknowledge) if request.type == CON else None
        try:
            response = await answer
        except Exception:  # noqa: BLE001 - the last net: whoever asked is told, and so is the log
            _log.exception("a request was not answered")
            self._endpoint.counts.failed += 1
            response = Response(Code.INTERNAL_SERVER_ERROR)
        finally:
            if timer is not None:
                timer.cancel()
        if self.closed:
            return
        response = self._cut(request, response, first, second)
        if not acknowledged:
            self._respond(request, response)
            return
        try:
            await self._transmissions.send(self._response(CON, request.token, response))
        except DeliveryError as error:
            _log.info("an answer did not arrive: %r", error)

    def _respond(self, request: Message, response: Response) -> None:
        kind, message_id = (ACK, request.id) if request.type == CON else (NON, self._next_id())
        code, payload, options = response
        self._answer(request, Message(kind, code, message_id, request.token, list(options), payload))

    def _response(self, kind: Type, token: bytes, response: Response) -> Message:
        return Message(kind, response.code, self._next_id(), token, list(response.options), response.payload)

    def _answer(self, message: Message, answer: Message) -> None:
        if not self.closed:
            raw = answer.encode()
            self._duplicates.answered(message.id, raw)
            self._transmit(raw)

    def _next_id(self) -> int:
        self._id = (self._id + 1) & 0xFFFF
        return self._id

    def close(self) -> None:
        """The association has ended: whoever waits is told."""
        if self.closed:
            return
        self.closed = True
        self._transmissions.close()
        for response, _ in list(self._pending.values()):
            if not response.done():
                response.set_exception(PeerClosedError())
        self._endpoint.uploads.forget(self)
        self._endpoint.downloads.forget(self)
