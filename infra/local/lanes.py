"""Threads that take work in lanes: jobs of one lane run one after another in order, lanes run side by side."""

import logging
import threading
from collections import deque
from collections.abc import Callable, Hashable

Job = Callable[[], None]

_log = logging.getLogger(__name__)
_IDLE_S = 120.0  # long, because a thread keeps its own AWS clients and they are slow to make


class Lanes:
    """A pool of at most `threads` threads, started when needed and ended when idle."""

    def __init__(self, name: str, threads: int) -> None:
        self._name = name
        self._limit = threads
        self._changed = threading.Condition()
        self._waiting: dict[Hashable, deque[Job]] = {}
        self._ready: deque[Hashable] = deque()
        self._threads = 0
        self._idle = 0
        self._stopping = False

    def submit(self, lane: Hashable | None, job: Job) -> None:
        """Queue `job` behind the others of its lane; None is a lane of its own. After `stop` it is dropped."""
        with self._changed:
            if self._stopping:
                return
            key = object() if lane is None else lane
            if key in self._waiting:
                self._waiting[key].append(job)
                return
            self._waiting[key] = deque((job,))
            self._ready.append(key)
            if len(self._ready) > self._idle and self._threads < self._limit:
                self._threads += 1
                threading.Thread(target=self._work, name=self._name, daemon=True).start()
            else:
                self._changed.notify()

    def backlog(self) -> int:
        with self._changed:
            return sum(len(jobs) for jobs in self._waiting.values())

    def stop(self, timeout: float) -> bool:
        """Start no further job and wait for the running ones; False when some still run after `timeout` seconds."""
        with self._changed:
            self._stopping = True
            self._ready.clear()
            self._changed.notify_all()
            return self._changed.wait_for(lambda: self._threads == 0, timeout)

    def _work(self) -> None:
        while (taken := self._take()) is not None:
            lane, job = taken
            try:
                job()
            except Exception:  # noqa: BLE001  one bad job must not end the thread
                _log.exception("a job of %s failed", self._name)
            self._release(lane)

    def _take(self) -> tuple[Hashable, Job] | None:
        with self._changed:
            self._idle += 1
            self._changed.wait_for(lambda: self._ready or self._stopping, _IDLE_S)
            self._idle -= 1
            if not self._ready:
                self._threads -= 1
                self._changed.notify_all()
                return None
            lane = self._ready.popleft()
            return lane, self._waiting[lane].popleft()

    def _release(self, lane: Hashable) -> None:
        with self._changed:
            if not self._waiting[lane]:
                del self._waiting[lane]
            elif not self._stopping:
                self._ready.append(lane)
                self._changed.notify()
