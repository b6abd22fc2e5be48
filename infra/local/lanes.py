"""Threads that take work in lanes: jobs of one lane run one after another in order, lanes run side by side.

Lanes belong to groups, which take turns: one with a thousand busy lanes holds up another by one job.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Hashable

from infra.local.ordering import Place
from infra.local.timers import Timers

Job = Callable[[], float | None]
"""Answers None when it is done, or after how many seconds it wants to run again, before the others of its lane."""

_log = logging.getLogger(__name__)
_IDLE_S = 120.0  # long, because a thread keeps its own AWS clients and they are slow to make


class Lanes:
    """A pool of at most `threads` threads, started when needed and ended when idle; none waits for a job's next try."""

    def __init__(self, name: str, threads: int, timers: Timers | None = None) -> None:
        """`timers` wakes lanes whose jobs want to run again."""
        self._name = name
        self._limit = threads
        self._timers = timers
        self._changed = threading.Condition()
        self._waiting: dict[Hashable, deque[Job]] = {}
        self._groups: dict[Hashable, Hashable] = {}
        self._ready: dict[Hashable, deque[Hashable]] = {}
        self._turns: deque[Hashable] = deque()
        self._ready_lanes = 0
        self._threads = 0
        self._idle = 0
        self._stopping = False

    def submit(self, place: Place, job: Job) -> None:
        """Queue `job` behind the others of its lane. After `stop` it is dropped."""
        with self._changed:
            if self._stopping:
                return
            key = object() if place.lane is None else place.lane
            if key in self._waiting:
                self._waiting[key].append(job)
                return
            self._waiting[key] = deque((job,))
            self._groups[key] = key if place.group is None else place.group
            self._make_ready(key)

    def backlog(self, lane: Hashable | None = None) -> int:
        """How many jobs wait or run, of one lane or of all."""
        with self._changed:
            if lane is not None:
                return len(self._waiting.get(lane, ()))
            return sum(len(jobs) for jobs in self._waiting.values())

    def stop(self, timeout: float) -> bool:
        """Start no further job and wait for the running ones; False when some still run after `timeout` seconds."""
        with self._changed:
            self._stopping = True
            self._ready.clear()
            self._turns.clear()
            self._ready_lanes = 0
            self._changed.notify_all()
            return self._changed.wait_for(lambda: self._threads == 0, timeout)

    def _make_ready(self, lane: Hashable) -> None:
        group = self._groups[lane]
        if group not in self._ready:
            self._ready[group] = deque()
            self._turns.append(group)
        self._ready[group].append(lane)
        self._ready_lanes += 1
        if self._ready_lanes > self._idle and self._threads < self._limit:
            self._threads += 1
            threading.Thread(target=self._work, name=self._name, daemon=True).start()
        else:
            self._changed.notify()

    def _work(self) -> None:
        while (taken := self._take()) is not None:
            lane, job = taken
            again: float | None = None
            try:
                again = job()
            except Exception:  # noqa: BLE001  one bad job must not end the thread
                _log.exception("a job of %s failed", self._name)
            self._release(lane, job, again)

    def _take(self) -> tuple[Hashable, Job] | None:
        with self._changed:
            self._idle += 1
            self._changed.wait_for(lambda: self._turns or self._stopping, _IDLE_S)
            self._idle -= 1
            if not self._turns:
                self._threads -= 1
                self._changed.notify_all()
                return None
            group = self._turns.popleft()
            lanes = self._ready[group]
            lane = lanes.popleft()
            self._ready_lanes -= 1
            if lanes:
                self._turns.append(group)
            else:
                del self._ready[group]
            return lane, self._waiting[lane].popleft()

    def _release(self, lane: Hashable, job: Job, again: float | None) -> None:
        with self._changed:
            if again is not None and self._timers is not None:
                self._waiting[lane].appendleft(job)
                self._timers.after(again, lambda: self._wake(lane))
            elif not self._waiting[lane]:
                del self._waiting[lane], self._groups[lane]
            elif not self._stopping:
                self._make_ready(lane)

    def _wake(self, lane: Hashable) -> None:
        with self._changed:
            if not self._stopping:
                self._make_ready(lane)
