"""What AWS promises and does not: at-least-once invocations with retries, timers that may fail, redrives."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from chalicelib.aws.delayed_deadlines import LONGEST
from chalicelib.fleet import delivering, sweeping
from chalicelib.fleet.commands import finishing
from chalicelib.fleet.errors import Contended, TemporarilyUnavailable
from tests.sim.scheduler import HOUR, MINUTE, SECOND, Crashed, Handler, Scheduler, Violation

if TYPE_CHECKING:
    from tests.sim.world import World

ASYNC_RETRIES = (MINUTE, 2 * MINUTE)
"""How long an asynchronous invocation that failed waits before each of its retries."""
TIMER_RETRIES = (2 * SECOND, 10 * SECOND, MINUTE)
QUEUE_RETRIES = (MINUTE,) * 9
LIFECYCLE = ("connected", "subscribed", "disconnected")
"""Events that come out of order more often than the rest."""
_MAX_NOT_DUE = 8

Work = Callable[[], object]


class Platform:
    """Runs handlers as the cloud would. `busy` says how much is on its way or running for a device.

    `lost` are the devices of which an invocation was given up.
    """

    def __init__(self, scheduler: Scheduler, world: "World", *, queued: bool = False) -> None:
        """`queued` timers are messages: none is called back, and one may come twice."""
        self.queued = queued
        self.scheduler = scheduler
        self.world = world
        self.busy: dict[str, int] = {}
        self.given_up = 0
        self.lost: set[str] = set()
        self._timers: dict[str, bool] = {}

    def request(self, name: str, device: str, work: Work, answered: Callable[[BaseException | None], None]) -> None:
        """A client's HTTP request: nobody repeats it."""
        self._begin(device)

        def ended(error: BaseException | None) -> None:
            self._end(device)
            answered(error)

        self.scheduler.start(Handler(name, device, lambda: _do(work), ended))

    def invoke(self, name: str, device: str, work: Work, *, lost: Callable[[], None] = lambda: None) -> None:
        """An asynchronous invocation: perhaps late, perhaps twice, retried, and given up in the end (`lost`)."""
        random = self.scheduler.random
        copies = 2 if random.random() < self.scheduler.faults.duplicate else 1
        for copy in range(copies):
            delay = random.randint(5, 80)
            late = self.scheduler.faults.late * (4 if name in LIFECYCLE else 1)
            if copy or random.random() < late:
                delay = random.choice((SECOND, 20 * SECOND, 3 * MINUTE, 15 * MINUTE)) + random.randint(0, 2000)
            self._later(delay, name, device, work, ASYNC_RETRIES, lost if copy == 0 else lambda: None)

    def start_timer(self, name: str, due: int, subject: dict[str, Any]) -> bool:
        if self.scheduler.random.random() < self.scheduler.faults.no_timer:
            return False
        if self.queued:
            return self._queue_timer(due, subject)
        if name in self._timers:
            # The name of an execution is used up for 90 days, also by one that was stopped.
            return True
        self._timers[name] = True
        tenant, device, command = subject["tenant"], subject["device"], subject["command"]

        def fire() -> None:
            if self._timers[name]:
                work = lambda: finishing.on_deadline(self.world.ports, tenant, device, command)  # noqa: E731
                self._later(0, "deadline", device, work, TIMER_RETRIES, lambda: None)

        self.scheduler.at(max(due, self.scheduler.now) + self.scheduler.random.randint(0, 300), fire)
        return True

    def _queue_timer(self, due: int, subject: dict[str, Any]) -> bool:
        random = self.scheduler.random
        tenant, device, command = subject["tenant"], subject["device"], subject["command"]
        shown = min(max(due, self.scheduler.now), self.scheduler.now + LONGEST * SECOND)

        def fire() -> None:
            work = lambda: finishing.on_deadline(self.world.ports, tenant, device, command)  # noqa: E731
            self._later(0, "deadline", device, work, QUEUE_RETRIES, lambda: None)

        for _ in range(2 if random.random() < self.scheduler.faults.duplicate else 1):
            self.scheduler.at(shown + random.randint(0, 1500), fire)
        return True

    def stop_timer(self, name: str) -> None:
        if name in self._timers and self.scheduler.random.random() >= self.scheduler.faults.no_stop:
            self._timers[name] = False

    def deliver(self, tenant: str, device: str) -> None:
        def work() -> None:
            budget = self.scheduler.random.choice((0, 5 * SECOND, 30 * SECOND))
            delivering.deliver(self.world.ports, tenant, device, self.scheduler.clock() + budget)

        self.invoke("deliver", device, work)

    def sweep(self) -> None:
        """Every minute; a sweep that fails is not repeated, the next one comes."""
        self.request("sweep", "", lambda: sweeping.sweep(self.world.ports), _only_crashes)

    def _later(
        self, delay: int, name: str, device: str, work: Work, retries: tuple[int, ...], lost: Callable[[], None]
    ) -> None:
        self._begin(device)
        not_due = 0

        def run(tries: int) -> None:
            def ended(error: BaseException | None) -> None:
                nonlocal not_due
                if error is None:
                    self._end(device)
                elif isinstance(error, finishing.NotDue) and not_due < _MAX_NOT_DUE:
                    not_due += 1
                    self.scheduler.after(SECOND, lambda: run(tries))
                elif tries < len(retries):
                    only_ours(error, device)
                    self.scheduler.after(retries[tries], lambda: run(tries + 1))
                else:
                    only_ours(error, device)
                    self._give_up(name, device, work, lost)

            self.scheduler.start(Handler(name, device, lambda: _do(work), ended))

        self.scheduler.after(delay, lambda: run(0))

    def _give_up(self, name: str, device: str, work: Work, lost: Callable[[], None]) -> None:
        """Into the dead-letter queue; an operator may redrive it later."""
        self.given_up += 1
        self.lost.add(device)
        self.scheduler.note(device, f"{name} is given up")
        self._end(device)
        lost()
        if name not in ("deliver", "deadline") and self.scheduler.random.random() < 0.5:
            self._later(self.scheduler.random.randint(MINUTE, 2 * HOUR), name, device, work, (), lambda: None)

    def _begin(self, device: str) -> None:
        self.busy[device] = self.busy.get(device, 0) + 1

    def _end(self, device: str) -> None:
        self.busy[device] -= 1
        self.world.stirred(device)


def _do(work: Work) -> None:
    work()


def _only_crashes(error: BaseException | None) -> None:
    if error is not None:
        only_ours(error, "")


def only_ours(error: BaseException, device: str) -> None:
    """Anything but a crash and what a handler raises on purpose is a bug."""
    if isinstance(error, Violation):
        raise error
    if not isinstance(error, (Crashed, TemporarilyUnavailable, Contended, finishing.NotDue)):
        raise Violation(f"a handler raised {error!r}", device) from error
