"""FIFOs and who takes from them."""

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalicelib.fleet import ports as p


class QueueWiring:
    @cached_property
    def queues(self) -> "p.Queues":
        from chalicelib.store.queues import QueueTable

        return QueueTable()

    @cached_property
    def queued(self) -> "p.QueuedMessages":
        from chalicelib.store.queued import QueuedTable

        return QueuedTable()

    @cached_property
    def consumers(self) -> "p.Consumers":
        from chalicelib.store.consumers import ConsumerTable

        return ConsumerTable()
