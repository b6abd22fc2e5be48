"""Messages to several clients side by side: whoever takes long to acknowledge delays nobody else."""

import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import Self

from chalicelib.fleet.ports import Outcome
from chalicelib.fleet.presence.records import Route
from chalicelib.fleet.queues.consumer_groups import MOST
from chalicelib.fleet.queues.records import QueuedMessage


class Dispatcher:
    """`deliver` sends one message and returns once it was acknowledged or was not."""

    def __init__(
        self, deliver: Callable[[Route, QueuedMessage], Outcome], sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._deliver = deliver
        self._sleep = sleep
        self._pool = ThreadPoolExecutor(MOST)
        self._flying: dict[Future[Outcome], QueuedMessage] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown()

    def send(self, route: Route, message: QueuedMessage) -> None:
        self._flying[self._pool.submit(self._deliver, route, message)] = message

    def ended(self, wait_ms: int) -> list[tuple[QueuedMessage, Outcome]]:
        if not self._flying:
            self._sleep(wait_ms / 1000)
            return []
        done, _ = wait(self._flying, wait_ms / 1000, FIRST_COMPLETED)
        return [(self._flying.pop(future), future.result()) for future in list(self._flying) if future in done]
