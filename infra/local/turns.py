"""Whose turn it is: jobs of one lane one after another, lanes of one group and then groups in turns.

Not thread-safe, and without threads or clocks: who runs the jobs holds a lock of its own.
"""

from collections import Counter, deque
from collections.abc import Hashable, Sequence
from typing import Generic, NamedTuple, TypeVar

Job = TypeVar("Job")


class Place(NamedTuple):
    """Jobs with the same `lane` run one after another, and groups take turns; None stands for one of its own."""

    lane: Hashable | None
    group: Hashable | None


class Turns(Generic[Job]):
    """Jobs that wait. `takeable` is how many of them could be taken now, one after another.

    A group with a thousand waiting lanes holds up another by as many jobs as run, and by none where `share`, the most
    jobs of one group that run at once, leaves a thread free.
    """

    def __init__(self, share: int | None = None) -> None:
        self.takeable = 0
        self._share = share
        self._waiting: dict[Hashable, deque[Job]] = {}
        self._groups: dict[Hashable, Hashable] = {}
        self._ready: dict[Hashable, deque[Hashable]] = {}
        self._running: Counter[Hashable] = Counter()
        self._turns: deque[Hashable] = deque()
        self._listed: dict[Hashable, int] = {}  # how many jobs of a group in `_turns` could be taken

    def add(self, place: Place, job: Job) -> None:
        """Behind the others of its lane, which stays in the group that its first job came with until it is empty."""
        self.add_all(place, (job,))

    def add_all(self, place: Place, jobs: Sequence[Job]) -> None:
        """As `add`, one after the other; there is at least one."""
        lane = object() if place.lane is None else place.lane
        if lane in self._waiting:
            self._waiting[lane].extend(jobs)
            return
        self._waiting[lane] = deque(jobs)
        self._groups[lane] = lane if place.group is None else place.group
        self.wake(lane)

    def take(self) -> tuple[Hashable, Job] | None:
        """The next job and its lane, which rests until `finished`, or until `put_back` and `wake`."""
        if not self._turns:
            return None
        group = self._turns.popleft()
        self.takeable -= self._listed.pop(group)
        lane = self._ready[group].popleft()
        self._running[group] += 1
        self._list(group)
        return lane, self._waiting[lane].popleft()

    def take_run(self, most: int) -> tuple[Hashable, list[Job]] | None:
        """As `take`, with up to `most` jobs of the lane, for one turn; which were not done goes to `finished`."""
        taken = self.take()
        if taken is None:
            return None
        lane, first = taken
        waiting, run = self._waiting[lane], [first]
        while waiting and len(run) < most:
            run.append(waiting.popleft())
        return lane, run

    def finished(self, lane: Hashable, undone: Sequence[Job] = ()) -> None:
        """The lane's next job, if it has one, may be taken, behind other lanes of its group; `undone` come first."""
        group = self._groups[lane]
        self._waiting[lane].extendleft(reversed(undone))
        self._running[group] -= 1
        if self._waiting[lane]:
            self._ready.setdefault(group, deque()).append(lane)
        else:
            del self._waiting[lane], self._groups[lane]
        self._list(group)

    def put_back(self, lane: Hashable, job: Job) -> None:
        """It is not done: it comes before the others of its lane, which rests until `wake`."""
        group = self._groups[lane]
        self._running[group] -= 1
        self._waiting[lane].appendleft(job)
        self._list(group)

    def wake(self, lane: Hashable) -> None:
        group = self._groups[lane]
        self._ready.setdefault(group, deque()).append(lane)
        self._list(group)

    def backlog(self, lane: Hashable | None = None) -> int:
        """How many jobs wait, of one lane or of all; those that run are not counted."""
        if lane is not None:
            return len(self._waiting.get(lane, ()))
        return sum(len(jobs) for jobs in self._waiting.values())

    def _list(self, group: Hashable) -> None:
        """Give the group its turn if it has something to run, and forget it if it has nothing at all."""
        ready, running = len(self._ready.get(group, ())), self._running[group]
        free = ready if self._share is None else min(ready, self._share - running)
        listed = self._listed.get(group, 0)
        if free and not listed:
            self._turns.append(group)
        if free:
            self.takeable += free - listed
            self._listed[group] = free
        if not ready:
            self._ready.pop(group, None)
        if not running:
            del self._running[group]
