"""Threads that take work in lanes: jobs of one lane run one after another in order, lanes run side by side.

Lanes belong to groups, which take turns: one with a thousand busy lanes holds up another by one job at most.
"""

import logging
import threading
from collections.abc import Callable, Hashable

from infra.local.timers import Timers
from infra.local.turns import Place, Turns

Job = Callable[[], float | None]
"""Answers None when it is done, or after how many seconds it wants to run again, before the others of its lane."""

_log = logging.getLogger(__name__)
_IDLE_S = 120.0  # long, because a thread keeps its own AWS clients and they are slow to make


class Lanes:
    """A pool of at most `threads` threads, started when needed and ended when idle; none waits for a job's next try."""

    def __init__(self, name: str, threads: int, timers: Timers | None = None, *, share: int | None = None) -> None:
        """`timers` wakes lanes whose jobs want to run again; `share` is the most threads that one group takes."""
        self._name = name
        self._limit = threads
        self._timers = timers
        self._changed = threading.Condition()
        self._turns: Turns[Job] = Turns(share)
        self._threads = 0
        self._idle = 0
        self._stopping = False

    def submit(self, place: Place, job: Job) -> None:
        """Queue `job` behind the others of its lane. After `stop` it is dropped."""
        with self._changed:
            if not self._stopping:
                before = self._turns.takeable
                self._turns.add(place, job)
                self._call_for(before)

    def backlog(self, lane: Hashable | None = None) -> int:
        """How many jobs wait, of one lane or of all."""
        with self._changed:
            return self._turns.backlog(lane)

    def stop(self, timeout: float) -> bool:
        """Start no further job and wait for the running ones; False when some still run after `timeout` seconds."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
            return self._changed.wait_for(lambda: self._threads == 0, timeout)

    def _call_for(self, before: int) -> None:
        """Somebody to take what can be taken now and could not before."""
        if self._turns.takeable <= before:
            return
        if self._turns.takeable > self._idle and self._threads < self._limit:
            self._threads += 1
            threading.Thread(target=self._work, name=self._name, daemon=True).start()
        else:
            self._changed.notify()

    def _work(self) -> None:
        with self._changed:
            taken = self._take()
        while taken is not None:
            lane, job = taken
            again: float | None = None
            try:
                again = job()
            except Exception:  # noqa: BLE001  one bad job must not end the thread
                _log.exception("a job of %s failed", self._name)
            with self._changed:
                before = self._turns.takeable
                self._release(lane, job, again)
                taken = self._take()
                # What this thread took itself, as mostly, nobody else has to be called for.
                if taken is not None:
                    self._call_for(before)

    def _take(self) -> tuple[Hashable, Job] | None:
        """The lock is held; None ends the thread."""
        if not self._turns.takeable and not self._stopping:
            self._idle += 1
            self._changed.wait_for(lambda: self._turns.takeable or self._stopping, _IDLE_S)
            self._idle -= 1
        taken = None if self._stopping else self._turns.take()
        if taken is None:
            self._threads -= 1
            self._changed.notify_all()
        return taken

    def _release(self, lane: Hashable, job: Job, again: float | None) -> None:
        if again is not None and self._timers is not None:
            self._turns.put_back(lane, job)
            self._timers.after(again, lambda: self._wake(lane))
        else:
            self._turns.finished(lane)

    def _wake(self, lane: Hashable) -> None:
        with self._changed:
            if not self._stopping:
                before = self._turns.takeable
                self._turns.wake(lane)
                self._call_for(before)
