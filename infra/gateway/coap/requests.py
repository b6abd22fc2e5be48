"""Requests of ours, in blocks where they or their answers are large (RFC 7959, 2.5 to 2.8)."""

from dataclasses import dataclass
from typing import Protocol

from infra.gateway.coap.blocks import LARGEST, Block, BlockError
from infra.gateway.coap.message import Message, path_options, uint
from infra.gateway.coap.numbers import Code, Option
from infra.gateway.coap.transmissions import DeliveryError

ANSWER_S = 93.0
"""MAX_TRANSMIT_WAIT: how long an answer may take after the acknowledgement, unless the caller says otherwise."""


class TransferError(DeliveryError):
    """The blocks of an answer do not make a whole; the text says why."""


@dataclass(frozen=True)
class Request:
    """What to ask of a peer. `observe` 0 begins an observation and 1 ends it, both under a `token` of the caller's."""

    code: int
    path: tuple[str, ...] = ()
    payload: bytes = b""
    content_format: int | None = None
    accept: int | None = None
    query: tuple[str, ...] = ()
    observe: int | None = None
    token: bytes | None = None

    def options(self) -> list[tuple[int, bytes]]:
        options = path_options(self.path)
        options += [(Option.URI_QUERY, each.encode()) for each in self.query]
        numbers = (
            (Option.CONTENT_FORMAT, self.content_format),
            (Option.ACCEPT, self.accept),
            (Option.OBSERVE, self.observe),
        )
        return options + [(number, uint(value)) for number, value in numbers if value is not None]


class Exchanges(Protocol):
    """Whoever can send one message and wait for its response."""

    async def exchange(
        self, code: int, options: list[tuple[int, bytes]], payload: bytes, token: bytes | None, within: float
    ) -> Message: ...


async def ask(exchanges: Exchanges, request: Request, *, within: float, most: int) -> Message:
    """The answer with its whole payload of at most `most` bytes; raises DeliveryError."""
    response = await _sent(exchanges, request, within)
    return await rest_of(exchanges, request, response, within=within, most=most)


async def _sent(exchanges: Exchanges, request: Request, within: float) -> Message:
    base, payload, exponent, start = request.options(), request.payload, LARGEST, 0
    while True:
        size = 16 << exponent
        if start == 0 and len(payload) <= size:
            return await exchanges.exchange(request.code, base, payload, request.token, within)
        block = Block(start // size, more=start + size < len(payload), exponent=exponent)
        options = [*base, block.option(Option.BLOCK1)]
        if start == 0:
            options.append((Option.SIZE1, uint(len(payload))))
        part = payload[start : start + size]
        response = await exchanges.exchange(request.code, options, part, request.token, within)
        wanted = _block(response, Option.BLOCK1)
        smaller = wanted is not None and wanted.exponent < exponent
        if block.more and response.code == Code.CONTINUE:
            start += size
        elif not (response.code == Code.REQUEST_ENTITY_TOO_LARGE and smaller and start == 0):
            return response
        if wanted is not None and smaller:
            exponent = wanted.exponent


async def rest_of(exchanges: Exchanges, request: Request, response: Message, *, within: float, most: int) -> Message:
    """`response` with the blocks that follow its first; also of a notification (RFC 7959, 2.6)."""
    block = _block(response, Option.BLOCK2)
    if block is None or not block.more or block.number:
        return response
    body, tag = bytearray(response.payload), response.option(Option.ETAG)
    base = [option for option in request.options() if option[0] != Option.OBSERVE]
    repeated = request.payload if request.code == Code.FETCH and len(request.payload) <= 16 << LARGEST else b""
    while block.more:
        if len(body) != block.start + block.size:
            raise TransferError("a block is not as large as it says")
        wanted = Block((block.start + block.size) // block.size, more=False, exponent=block.exponent)
        options = [*base, wanted.option(Option.BLOCK2)]
        part = await exchanges.exchange(request.code, options, repeated, None, within)
        got = _block(part, Option.BLOCK2)
        if got is None or part.code != response.code or got.start != wanted.start or got.exponent > wanted.exponent:
            raise TransferError("another block came than the one that was asked for")
        if tag is not None and part.option(Option.ETAG) not in (None, tag):
            raise TransferError("the resource changed while it was read")
        body += part.payload
        if len(body) > most:
            raise TransferError(f"the answer is larger than {most} bytes")
        block = got
    response.payload = bytes(body)
    return response


def _block(message: Message, option: int) -> Block | None:
    try:
        return Block.of(message, option)
    except BlockError as error:
        raise TransferError(str(error)) from error
