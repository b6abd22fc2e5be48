"""What all peers of one socket share."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from infra.gateway.coap.blocks import Downloads, Uploads
from infra.gateway.coap.message import Message, Response
from infra.gateway.coap.numbers import Transmission

_log = logging.getLogger(__name__)


class Handler(Protocol):
    """Whoever uses an endpoint. `peer` is the Peer that something came from."""

    def request(self, peer: Any, request: Message) -> Response | Awaitable[Response]:
        """Answer a request; its payload is whole."""

    def notification(self, peer: Any, message: Message) -> bool | Awaitable[bool]:
        """A response to none of the peer's open requests. True accepts it, False has it rejected with a Reset."""

    def reset(self, peer: Any, message_id: int) -> None:
        """The peer rejected a message that was not confirmable: whoever notifies stops (RFC 7641, 3.6)."""

    def malformed(self, peer: Any, why: str) -> None: ...


@dataclass(frozen=True)
class Sizes:
    """In bytes: of one body towards us, of one fetched by us, and of all that are under way."""

    received: int = 64 * 1024
    fetched: int = 1024 * 1024
    under_way: int = 16 * 1024 * 1024


@dataclass(slots=True)
class Counts:
    """What happened since start."""

    requests: int = 0
    duplicates: int = 0
    repeated: int = 0
    rejected: int = 0
    malformed: int = 0
    failed: int = 0


@dataclass
class Endpoint:
    """`chance` draws message ids, tokens and the first timeouts."""

    handler: Handler
    transmission: Transmission = field(default_factory=Transmission)
    sizes: Sizes = field(default_factory=Sizes)
    chance: random.Random = field(default_factory=random.SystemRandom)

    def __post_init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.time: Callable[[], float] = self.loop.time
        self.counts = Counts()
        self.lifetime = self.transmission.exchange_lifetime
        self.uploads = Uploads(
            self.time,
            most_each=self.sizes.received,
            most_together=self.sizes.under_way,
            lifetime=self.lifetime,
        )
        self.downloads = Downloads(self.sizes.under_way)
        self._tasks: set[asyncio.Task[None]] = set()

    def run(self, work: Awaitable[None]) -> None:
        """Let something go on by itself; what it raises is logged."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._ran)

    def _ran(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.counts.failed += 1
            _log.error("an exchange failed", exc_info=error)
