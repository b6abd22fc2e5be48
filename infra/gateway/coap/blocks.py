"""Bodies that are larger than a message (RFC 7959)."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import NamedTuple, Self

from infra.gateway.coap.message import Message, Response, uint
from infra.gateway.coap.numbers import Code, Option

LARGEST = 6
"""Size exponent of 1024 bytes."""

LARGEST_BYTES = 16 << LARGEST
_RESERVED = 7
_MOST_BYTES = 3
_CACHE_KEY = frozenset({Option.URI_PATH, Option.URI_QUERY, Option.ACCEPT, Option.CONTENT_FORMAT})


class BlockError(ValueError):
    """A block option that makes no sense."""


class ReservedSizeError(BlockError):
    """Its size is the one that no message may have (RFC 7959, 2.2)."""


class Block(NamedTuple):
    """`exponent` 0 to 6 is for 16 to 1024 bytes."""

    number: int
    more: bool
    exponent: int

    @classmethod
    def of(cls, message: Message, option: int) -> Self | None:
        """Raises BlockError."""
        value = message.option(option)
        return None if value is None else cls.read(value)

    @classmethod
    def read(cls, value: bytes) -> Self:
        """Raises BlockError."""
        number = int.from_bytes(value, "big")
        if len(value) > _MOST_BYTES:
            raise BlockError("no such block")
        if number & 7 == _RESERVED:
            raise ReservedSizeError("no such block: its size is reserved")
        return cls(number >> 4, bool(number & 8), number & 7)

    @property
    def size(self) -> int:
        return 16 << self.exponent

    @property
    def start(self) -> int:
        """The offset of its first byte."""
        return self.number * self.size

    def option(self, number: int) -> tuple[int, bytes]:
        return number, uint(self.number << 4 | self.more << 3 | self.exponent)


@dataclass
class _Upload:
    key: Hashable
    body: bytearray
    last: int
    at: float


class Uploads:
    """Requests that arrive in blocks, one of a peer at a time, all of them together bounded; the oldest makes room."""

    def __init__(self, time: Callable[[], float], *, most_each: int, most_together: int, lifetime: float) -> None:
        """`most_each` and `most_together` in bytes, `lifetime` in seconds since the last block."""
        self._time, self._most_each, self._most, self._lifetime = time, most_each, most_together, lifetime
        self._uploads: OrderedDict[Hashable, _Upload] = OrderedDict()
        self._bytes = 0

    def take(self, peer: Hashable, message: Message, block: Block) -> Response | bytes:
        """The whole body as soon as it is there; before, what the block is answered with."""
        announced = message.uint(Option.SIZE1) or 0
        if max(announced, block.start + len(message.payload)) > self._most_each:
            self.forget(peer)
            return Response(Code.REQUEST_ENTITY_TOO_LARGE, options=((Option.SIZE1, uint(self._most_each)),))
        if block.more and len(message.payload) != block.size:
            return Response(Code.BAD_REQUEST)
        key = cache_key(message)
        if block.number == 0:
            self._begin(peer, key)
        upload = self._uploads.get(peer)
        if upload is None or upload.key != key or self._time() - upload.at > self._lifetime:
            return Response(Code.REQUEST_ENTITY_INCOMPLETE)
        if block.start == len(upload.body):
            upload.last = block.start
            upload.body += message.payload
            self._bytes += len(message.payload)
        elif block.start != upload.last or not upload.body.endswith(message.payload):  # else repeated under another id
            return Response(Code.REQUEST_ENTITY_INCOMPLETE)
        upload.at = self._time()
        self._uploads.move_to_end(peer)
        if block.more:
            self._make_room(peer)
            return Response(Code.CONTINUE, options=(block.option(Option.BLOCK1),))
        self.forget(peer)
        return bytes(upload.body)

    def forget(self, peer: Hashable) -> None:
        upload = self._uploads.pop(peer, None)
        if upload is not None:
            self._bytes -= len(upload.body)

    def _begin(self, peer: Hashable, key: Hashable) -> None:
        self.forget(peer)
        self._uploads[peer] = _Upload(key, bytearray(), 0, self._time())

    def _make_room(self, peer: Hashable) -> None:
        while self._bytes > self._most and (oldest := next(iter(self._uploads))) != peer:
            self.forget(oldest)


@dataclass
class _Download:
    key: Hashable
    response: Response


class Downloads:
    """Answers that are fetched in blocks: the last one of a peer is kept, as long as there is room for it."""

    def __init__(self, most_together: int) -> None:
        self._most = most_together
        self._downloads: OrderedDict[Hashable, _Download] = OrderedDict()
        self._bytes = 0

    def held(self, peer: Hashable, request: Message) -> Response | None:
        """What a request for a later block continues."""
        download = self._downloads.get(peer)
        return download.response if download is not None and download.key == cache_key(request) else None

    def cut(self, peer: Hashable, request: Message, response: Response, wanted: Block | None) -> Response:
        """The block of an answer that is to be sent; the answer itself where it is small enough."""
        if wanted is None and len(response.payload) <= LARGEST_BYTES:
            return response
        block = (wanted or Block(0, more=False, exponent=LARGEST))._replace(more=False)
        if block.start and block.start >= len(response.payload):
            return Response(Code.BAD_REQUEST)
        end = block.start + block.size
        block = block._replace(more=end < len(response.payload))
        if block.more:
            self._keep(peer, request, response)
        else:
            self.forget(peer)
        tag = hashlib.sha256(response.payload).digest()[:4]
        extra = (block.option(Option.BLOCK2), (Option.ETAG, tag))
        size = ((Option.SIZE2, uint(len(response.payload))),) if block.number == 0 else ()
        return Response(response.code, response.payload[block.start : end], (*response.options, *extra, *size))

    def forget(self, peer: Hashable) -> None:
        download = self._downloads.pop(peer, None)
        if download is not None:
            self._bytes -= len(download.response.payload)

    def _keep(self, peer: Hashable, request: Message, response: Response) -> None:
        self.forget(peer)
        self._downloads[peer] = _Download(cache_key(request), response)
        self._bytes += len(response.payload)
        while self._bytes > self._most:
            self.forget(next(iter(self._downloads)))


def cache_key(message: Message) -> Hashable:
    """What blocks of one request or answer have in common."""
    return message.code, tuple(option for option in message.options if option[0] in _CACHE_KEY)
