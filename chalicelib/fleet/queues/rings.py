"""Bounded buffers: what waits for one listener, in order; when one is full, the oldest goes.

A buffer is a ring of numbered records. Its bounds stand in the record of whoever listens, and a place is drawn by a
compare-and-set of that, so that two who fill it at once have two places. Whoever dies between drawing a place and
filling it leaves a gap, which readers pass.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from chalicelib.fleet.documents import Record
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.shapes import Extensible

_PAGE = 100


@dataclass(frozen=True, slots=True)
class Ring(Extensible):
    """The numbers of the oldest message in a buffer and of the next one.

    `draw` is of whoever drew last: without it two who drew the same number at once would take each other's for theirs.
    """

    first: int = 0
    next: int = 0
    draw: str = ""

    @property
    def empty(self) -> bool:
        return self.first >= self.next

    def drawn(self, most: int, draw: str) -> "Ring":
        """With one message more, of `most` at the same time: its number is `next` of the ring as it was."""
        return replace(self, first=max(self.first, self.next + 1 - most), next=self.next + 1, draw=draw)

    def past(self, number: int) -> "Ring":
        """Without that message and those before it."""
        return self if number < self.first else replace(self, first=number + 1)


@dataclass(frozen=True, slots=True)
class Buffer:
    """Where the messages of one listener are: records of a kind that nothing else has. They end at `expires` (s)."""

    tenant: str
    kind: str
    expires: int | None = None


def put(ports: Ports, buffer: Buffer, before: Ring, after: Ring, body: Any) -> None:
    """Fill the place that made `after` of `before`, and empty those that it took it from."""
    ports.records.create(Record(buffer.tenant, buffer.kind, position(before.next), body, expires=buffer.expires))
    for number in range(before.first, after.first):
        drop(ports, buffer, position(number))


def waiting(ports: Ports, buffer: Buffer) -> Iterator[tuple[str, Any]]:
    """What is in a buffer, oldest first, by position; read page by page."""
    after: str | None = None
    while True:
        page = ports.records.page(buffer.tenant, buffer.kind, after=after, limit=_PAGE)
        for record in page.items:
            yield record.id, record.body
        if page.cursor is None:
            return
        after = page.cursor


def drop(ports: Ports, buffer: Buffer, place: str) -> None:
    """A message has been delivered, or is given up."""
    ports.records.delete(buffer.tenant, buffer.kind, place)


def clear(ports: Ports, buffer: Buffer) -> None:
    while found := ports.records.page(buffer.tenant, buffer.kind, after=None, limit=_PAGE).items:
        for record in found:
            drop(ports, buffer, record.id)


def position(number: int) -> str:
    return f"{number:015}"
