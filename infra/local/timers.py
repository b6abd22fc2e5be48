"""One thread that calls things later."""

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable

from infra.local.vital import Vital

_log = logging.getLogger(__name__)


class Timers:
    """Calls run on the timers' own thread and must be short; what is still due at `stop` is dropped."""

    def __init__(self, vital: Vital | None = None) -> None:
        self._changed = threading.Condition()
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._stopping = False
        self._thread = (vital or Vital()).thread("timers", self._run)
        self._thread.start()

    def after(self, delay: float, call: Callable[[], None]) -> None:
        """Call `call` in `delay` seconds."""
        with self._changed:
            heapq.heappush(self._heap, (time.monotonic() + delay, next(self._order), call))
            self._changed.notify()

    def every(self, interval: float, call: Callable[[], object], *, first: float = 0.0) -> None:
        """Call `call` after `first` seconds and then `interval` seconds after each return."""

        def again() -> None:
            try:
                call()
            finally:
                self.after(interval, again)

        self.after(first, again)

    def stop(self) -> None:
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while (call := self._next()) is not None:
            try:
                call()
            except Exception:  # noqa: BLE001  one bad call must not end the thread
                _log.exception("a timed call failed")

    def _next(self) -> Callable[[], None] | None:
        with self._changed:
            while not self._stopping:
                if self._heap and self._heap[0][0] <= time.monotonic():
                    return heapq.heappop(self._heap)[2]
                self._changed.wait(self._heap[0][0] - time.monotonic() if self._heap else None)
            return None
