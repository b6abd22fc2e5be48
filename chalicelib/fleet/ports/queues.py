"""Queues and who consumes them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from chalicelib.fleet.queues.consumers import Consumer, Link
    from chalicelib.fleet.queues.records import Queue, QueuedMessage
    from chalicelib.fleet.tenancy.records import Share


class Queues(Protocol):
    """Queues as they stand. Everything but `create` changes single fields, whoever else writes at the same time."""

    def create(self, queue: Queue, share: Share | None = None) -> bool:
        """False if the name is taken. QuotaReached."""

    def get(self, tenant: str, queue: str) -> Queue | None: ...
    def all(self, tenant: str) -> list[Queue]: ...
    def delete(self, queue: Queue, share: Share | None = None) -> None:
        """That queue, not a later one of the same name."""

    def draw(self, queue: Queue, size: int, count: int = 1) -> Queue | None:
        """The queue with `count` messages of `size` bytes in all more; None if it is gone."""

    def attend(self, tenant: str, queue: str, *, attended: bool) -> Queue | None: ...
    def lease(self, queue: Queue, holder: str, now: int, until: int) -> bool:
        """True if nobody else holds it at `now`."""

    def release(self, queue: Queue, holder: str) -> None: ...
    def move_tail(self, queue: Queue, tail: int) -> None:
        """Only forward."""

    def attended(self) -> Iterator[tuple[str, str]]:
        """(tenant, queue) of all with `attended`."""


class QueuedMessages(Protocol):
    def put(self, *messages: QueuedMessage) -> None:
        """All of one queue; in as few calls as it takes."""

    def known(self, queue: Queue, at: int, event: str) -> bool:
        """Whether this event, which arrived at `at`, is in the queue."""

    def oldest(self, queue: Queue, now: int, *, limit: int, after: str = "") -> list[QueuedMessage]:
        """In order of their positions, behind that of `after`, without those that are too old at `now`."""

    def newest(self, queue: Queue) -> QueuedMessage | None: ...
    def delete(self, message: QueuedMessage) -> None: ...


class Consumers(Protocol):
    def get(self, tenant: str, client: str) -> Consumer | None: ...
    def replace(self, old: Consumer, new: Consumer) -> bool:
        """`old` with revision 0 stands for none."""

    def link(self, link: Link) -> None: ...
    def links(self, tenant: str, queue: str) -> list[Link]: ...
    def unlink(self, link: Link) -> None:
        """Unless it was given anew since."""


class QueuePorts(Protocol):
    @property
    def queues(self) -> Queues: ...
    @property
    def queued(self) -> QueuedMessages: ...
    @property
    def consumers(self) -> Consumers: ...
