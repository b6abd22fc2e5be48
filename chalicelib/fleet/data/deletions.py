"""What of a stream is deleted: hidden at once by a tombstone, removed behind it page by page."""

from chalicelib.fleet.data.records import DataMessage
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.shapes import Extensible

REMEMBERED = 15 * 86_400_000
"""How long (ms) a tombstone stays: longer than an event may still be delivered."""


@dataclass(frozen=True, slots=True)
class Tombstone(Extensible):
    """Messages of one stream that are gone: what arrived until `at` (ms) with start <= timestamp < end.

    Those of `source` alone, of anybody if None; of these kinds and models alone, of all if empty.
    `cursor` is the message before which removal goes on, None at its beginning. A tombstone that is `done` stays for a
    while, so that an event that is delivered once more brings nothing back.
    """

    tenant: str
    stream: str
    id: str
    at: int
    source: str | None = None
    kinds: frozenset[str] = frozenset()
    models: frozenset[str] = frozenset()
    start: int | None = None
    end: int | None = None
    cursor: str | None = None
    done: bool = False

    @property
    def due(self) -> int:
        """When (ms) somebody has to look at it: until it is done, and once more before it goes."""
        return self.at + REMEMBERED if self.done else self.at

    def hides(self, message: DataMessage) -> bool:
        return (
            message.created <= self.at
            and self.source in (None, message.metadata.get("source"))
            and (not self.kinds or message.kind in self.kinds)
            and (not self.models or message.model in self.models)
            and (self.start is None or message.timestamp >= self.start)
            and (self.end is None or message.timestamp < self.end)
        )
