"""Queues and what waits in them."""

import re
from hashlib import blake2s

from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.ids import first_id

MAX_NAME = 251
"""Characters; with the longest prefix that a dialect sets before it, a topic still has at most 256 bytes."""
NAME = re.compile(rf"[A-Za-z\d\-_~]{{1,{MAX_NAME}}}", re.ASCII)
MAX_PAYLOAD = 128 * 1024
"""Bytes; what a broker carries in one message."""
LEASE = 30_000
"""How long (ms) a pump holds a queue unless it says so again; longer than the longest wait for an acknowledgement."""


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue and how it stands.

    `max_bytes` None is unlimited, 0 keeps nothing while nobody listens; `ttl` is in seconds, None for ever. `number`
    and `total` count the messages and bytes ever taken in, `tail` the bytes before the oldest that may still be there.
    `attended` says that somebody may listen; until `leased_until` (ms) `holder` delivers. `id` tells a queue from an
    earlier one of the same name.
    """

    tenant: str
    name: str
    id: str
    created: int
    max_bytes: int | None = None
    ttl: int | None = None
    number: int = 0
    total: int = 0
    tail: int = 0
    attended: bool = False
    holder: str | None = None
    leased_until: int = 0

    @property
    def stores(self) -> bool:
        return self.max_bytes != 0

    def leased(self, now: int) -> bool:
        return self.holder is not None and now < self.leased_until

    def first_position(self, now: int) -> str:
        """Below it are only messages that are too old by now."""
        return "" if self.ttl is None else first_id(now - self.ttl * 1000)


@dataclass(frozen=True, slots=True)
class QueuedMessage:
    """A message in a queue.

    `position` orders it: by arrival, then by `number`. `event` tells a repeated event from two. `total` is what the
    queue had taken in with it (bytes). Messages of one `ordering` key reach a consumer one after the other.
    """

    tenant: str
    queue: str
    queue_id: str
    position: str
    event: str
    payload: bytes
    number: int
    total: int
    expires: int | None = None
    ordering: str = ""

    @property
    def start(self) -> int:
        return self.total - len(self.payload)


@dataclass(frozen=True, slots=True)
class Depth:
    """How much waits in a queue. With several consumers it is an upper bound: they do not finish in order."""

    messages: int
    bytes: int


def ordering_key(device: str | None) -> str:
    """What the messages about a device have in common, and now and then those about another, to no harm."""
    return "" if device is None else blake2s(device.encode(errors="surrogatepass"), digest_size=3).hexdigest()


def position(at: int, number: int) -> str:
    return f"{first_id(at)[:11]}{number:013x}"


def checked_name(name: str, field: str = "name") -> str:
    """The name, if it is one of a queue. Errors: Invalid."""
    if not NAME.fullmatch(name):
        raise Invalid(f"{field} has 1 to {MAX_NAME} letters, digits, hyphens, underscores and tildes", field)
    return name
