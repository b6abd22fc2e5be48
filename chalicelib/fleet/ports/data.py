"""What devices tell, and what dialects keep for themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from chalicelib.fleet.ports.alarms import Alarms
from chalicelib.fleet.ports.answers import Page

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from chalicelib.fleet.data.deletions import Tombstone
    from chalicelib.fleet.data.records import DataMessage, DecoderRecord, Directory, Listed, StreamUse
    from chalicelib.fleet.documents import Record
    from chalicelib.fleet.presence.mailbox import Counted


class Decoders(Protocol):
    """Every change is a compare-and-set on the directory, and writes directory and decoder together."""

    def directory(self, tenant: str) -> Directory:
        """Empty where the tenant has no decoders."""

    def named(self, tenant: str, encoding: str) -> Listed | None: ...
    def records(self, tenant: str, entries: Sequence[Listed]) -> list[DecoderRecord]:
        """Those that are still there, in no order."""

    def put(self, old: Directory, new: Directory, record: DecoderRecord) -> bool: ...
    def remove(self, old: Directory, new: Directory, decoder: str) -> bool: ...


class Messages(Protocol):
    def put(self, message: DataMessage, kept: int) -> bool:
        """For `kept` seconds; False if it is there already."""

    def put_new(self, messages: Sequence[DataMessage], kept: int) -> None:
        """Messages of one tenant that cannot be there already, all in as few requests as possible."""

    def count(
        self, tenant: str, device: str, stream: str, at: int, times: int = 1, *, kept: int, sparing: bool | None = None
    ) -> None:
        """So many messages more of that device in that stream, kept for so many seconds.

        Where it is `sparing` they may be counted later, with others; where that is not said, as the ports do.
        """

    def uncounted(self, tenant: str, device: str, /) -> Mapping[str, Counted]:
        """What this instance was told and has not written yet, by stream."""

    def counted(self, tenant: str, device: str, counts: Mapping[str, Counted]) -> None:
        """So much of that stands in the device's mailbox by now."""

    def streams(self, tenant: str, device: str) -> list[StreamUse]:
        """At most 1000 of them."""

    def page(
        self,
        tenant: str,
        stream: str,
        *,
        start: int | None,
        end: int | None,
        before: str | None,
        limit: int,
        ascending: bool = False,
    ) -> list[DataMessage]:
        """Newest first, or oldest; `start` inclusive, `end` exclusive, `before` the id of the last one seen."""

    def get(self, tenant: str, stream: str, message: str) -> DataMessage | None: ...
    def replace(self, old: DataMessage, new: DataMessage) -> bool:
        """In its place, if it is as it was read; it is kept as long as before."""

    def remove(self, message: DataMessage, until: int) -> None:
        """Until then (ms) the same one put again is taken for one that is there already."""

    def bury(self, tombstone: Tombstone) -> None:
        """Write a tombstone, or how far its removal came."""

    def tombstones(self, tenant: str, stream: str) -> list[Tombstone]: ...
    def unbury(self, tombstone: Tombstone) -> None: ...
    def buried(self, until: int) -> Iterator[tuple[str, str, str]]:
        """(tenant, stream, id) of all tombstones that are due until then (ms), the first due first within a shard.

        A moment late.
        """

    def clear(self, tombstone: Tombstone, limit: int) -> str | None:
        """Remove what it hides of so many messages before its cursor; the next cursor, None at the end."""


class Records(Protocol):
    """What a dialect keeps for itself; ids are in order within a kind."""

    def create(self, record: Record) -> bool:
        """False if there is one with this id."""

    def put(self, record: Record) -> None:
        """Whatever was there before."""

    def get(self, tenant: str, kind: str, record: str) -> Record | None: ...
    def glance(self, tenant: str, kind: str, record: str) -> Record | None:
        """A moment late, for half of what `get` costs."""

    def foreseen(self, names: Sequence[tuple[str, str, str]], /) -> AbstractContextManager[Sequence[Record | None]]:
        """Those of that (tenant, kind, id), in their order, in as few requests as possible; a moment late.

        The first `glance` at each of them within the block costs nothing more, and the next one is a `get`.
        """
        ...

    def replace(self, old: Record, new: Record) -> bool: ...
    def delete(self, tenant: str, kind: str, record: str) -> None: ...
    def page(self, tenant: str, kind: str, *, after: str | None, limit: int) -> Page[Record]: ...
    def count(self, tenant: str, kind: str) -> int: ...
    def due(self, *, after: int, until: int) -> Iterator[tuple[str, str, str]]:
        """(tenant, kind, id) of all with after < due <= until, nearest first within a shard."""


class DataPorts(Protocol):
    @property
    def decoders(self) -> Decoders: ...
    @property
    def messages(self) -> Messages: ...
    @property
    def alarms(self) -> Alarms: ...
    @property
    def records(self) -> Records: ...
