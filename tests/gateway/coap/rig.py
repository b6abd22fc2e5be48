"""Two CoAP endpoints and the wire between them, in virtual time."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from infra.gateway.coap.endpoint import Endpoint, Sizes
from infra.gateway.coap.message import MalformedError, Message, Response, decode
from infra.gateway.coap.numbers import Code, Type
from infra.gateway.coap.peer import Peer

DELAY_S = 0.05
Answer = Callable[[Message], Response | Awaitable[Response]]


@dataclass
class Application:
    """Answers as it is told to, and notes what it sees."""

    answer: Answer = lambda request: Response(Code.CONTENT, request.payload)
    accept: Callable[[Message], bool | Awaitable[bool]] = lambda _: True
    requests: list[Message] = field(default_factory=list)
    notifications: list[Message] = field(default_factory=list)
    resets: list[int] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def request(self, _: Peer, request: Message) -> Response | Awaitable[Response]:
        self.requests.append(request)
        return self.answer(request)

    def notification(self, _: Peer, message: Message) -> bool | Awaitable[bool]:
        self.notifications.append(message)
        return self.accept(message)

    def reset(self, _: Peer, message_id: int) -> None:
        self.resets.append(message_id)

    def malformed(self, _: Peer, why: str) -> None:
        self.complaints.append(why)


class Side:
    """One end; `sent` is what it put on the wire, with the time."""

    def __init__(self, seed: int, sizes: Sizes | None = None) -> None:
        self.application = Application()
        self.endpoint = Endpoint(self.application, sizes=sizes or Sizes(), chance=random.Random(seed))
        self.peer = Peer(self.endpoint, self._transmit)
        self.sent: list[tuple[float, Message]] = []
        self.other: Side
        self.by_hand: Callable[[Message], Message | None] | None = None
        self.filter: Callable[[int, bytes], list[bytes]] = lambda _, data: [data]

    def _transmit(self, data: bytes) -> None:
        loop = asyncio.get_running_loop()
        try:
            self.sent.append((loop.time(), decode(data)))
        except MalformedError:
            raise AssertionError(f"we sent what is no message: {data.hex()}") from None
        for each in self.filter(len(self.sent), data):
            loop.call_later(DELAY_S, self.other._receive, each)

    def _receive(self, data: bytes) -> None:
        if self.by_hand is None:
            self.peer.receive(data)
        elif (answer := self.by_hand(decode(data))) is not None:
            self.put(answer)

    def put(self, message: Message) -> None:
        """Something on the wire that the peer itself would not send."""
        self._transmit(message.encode())

    def messages(self, kind: Type | None = None) -> list[Message]:
        return [message for _, message in self.sent if kind is None or message.type == kind]


def pair(device_sizes: Sizes | None = None, server_sizes: Sizes | None = None) -> tuple[Side, Side]:
    """A device and a server."""
    device, server = Side(1, device_sizes), Side(2, server_sizes)
    device.other, server.other = server, device
    return device, server


async def settle() -> None:
    """Until everything on the wire has arrived."""
    await asyncio.sleep(10 * DELAY_S)
