"""Confirmable messages: sent until they are acknowledged, NSTART at a time, in order (RFC 7252, 4.2)."""

import asyncio
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from infra.gateway.coap.message import Message
from infra.gateway.coap.numbers import Transmission, Type


class DeliveryError(Exception):
    """Why there is no answer."""


class UnacknowledgedError(DeliveryError):
    """Every transmission was in vain. Whether the message arrived is unknown."""


class UnansweredError(DeliveryError):
    """The request was acknowledged, and then not answered in time."""


class RejectedError(DeliveryError):
    """The peer answered with a Reset."""


class PeerClosedError(DeliveryError):
    """The association ended first."""


@dataclass(slots=True)
class _Sent:
    raw: bytes
    done: asyncio.Future[Message]
    timeout: float
    repeats: int
    timer: asyncio.TimerHandle


class Transmissions:
    """Those of one peer."""

    __slots__ = ("_chance", "_closed", "_loop", "_sent", "_transmission", "_transmit", "_waiting", "repeated")

    def __init__(
        self,
        transmit: Callable[[bytes], None],
        transmission: Transmission,
        loop: asyncio.AbstractEventLoop,
        chance: random.Random,
    ) -> None:
        self._transmit, self._transmission, self._loop, self._chance = transmit, transmission, loop, chance
        self._sent: dict[int, _Sent] = {}
        self._waiting: deque[tuple[Message, asyncio.Future[Message]]] | None = None
        self._closed = False
        self.repeated = 0

    def send(self, message: Message) -> "asyncio.Future[Message]":
        """The ACK, or a DeliveryError. Cancelling it frees the place at once: nothing more is sent."""
        done: asyncio.Future[Message] = self._loop.create_future()
        if self._closed:
            done.set_exception(PeerClosedError())
            return done
        done.add_done_callback(lambda done: self._over(message.id) if done.cancelled() else done.exception())
        if len(self._sent) < self._transmission.nstart:
            self._start(message, done)
        else:
            self._waiting = self._waiting or deque()
            self._waiting.append((message, done))
        return done

    def settle(self, reply: Message) -> None:
        """An ACK or RST has come."""
        sent = self._sent.get(reply.id)
        if sent is None:
            return
        self._over(reply.id)
        if sent.done.done():
            return
        if reply.type == Type.RST:
            sent.done.set_exception(RejectedError())
        else:
            sent.done.set_result(reply)

    def settle_by(self, message_id: int, response: Message) -> None:
        """A response came before its ACK: the request has arrived (RFC 7252, 5.2.2)."""
        sent = self._sent.get(message_id)
        if sent is not None:
            self._over(message_id)
            if not sent.done.done():
                sent.done.set_result(response)

    def close(self) -> None:
        self._closed = True
        waiting, self._waiting = self._waiting or (), None
        sent, self._sent = self._sent, {}
        for each in sent.values():
            each.timer.cancel()
        for done in [*(each.done for each in sent.values()), *(done for _, done in waiting)]:
            if not done.done():
                done.set_exception(PeerClosedError())

    def _start(self, message: Message, done: "asyncio.Future[Message]") -> None:
        first = self._transmission.ack_timeout * self._chance.uniform(1, self._transmission.ack_random_factor)
        raw = message.encode()
        timer = self._loop.call_later(first, self._late, message.id)
        self._sent[message.id] = _Sent(raw, done, first, 0, timer)
        self._transmit(raw)

    def _late(self, message_id: int) -> None:
        sent = self._sent[message_id]
        if sent.repeats >= self._transmission.max_retransmit:
            self._over(message_id)
            if not sent.done.done():
                sent.done.set_exception(UnacknowledgedError())
            return
        sent.repeats += 1
        sent.timeout *= 2
        self.repeated += 1
        sent.timer = self._loop.call_later(sent.timeout, self._late, message_id)
        self._transmit(sent.raw)

    def _over(self, message_id: int) -> None:
        sent = self._sent.pop(message_id, None)
        if sent is not None:
            sent.timer.cancel()
        while self._waiting and len(self._sent) < self._transmission.nstart:
            message, done = self._waiting.popleft()
            if not done.done():
                self._start(message, done)
