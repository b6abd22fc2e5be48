"""Simulated time and the handlers that run in it.

A handler is a greenlet. Every call of a port gives way to the scheduler, so that handlers of one device interleave at
each of them, and any of them may be the one at which a handler dies. Everything follows from the seed.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from greenlet import getcurrent, greenlet

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
LIFETIME = 50 * SECOND
"""After this long the platform kills a handler; claims rely on it being shorter than their lease."""

Action = Callable[[], None]


class Crashed(BaseException):
    """The handler's process is gone: nothing in it may catch this."""


class Violation(Exception):
    """A rule of the engine does not hold."""

    def __init__(self, message: str, device: str = "", command: str = "") -> None:
        super().__init__(message)
        self.device = device
        self.command = command


@dataclass(frozen=True, slots=True)
class Faults:
    """Probabilities: per port call, per event, per write.

    Who works for no single device makes as many calls as the world is large. Were each as dangerous as a device's, in a
    large world none would come to its end, and no deadline could be kept: of these invocations so many are in danger.
    """

    crash: float = 0.008
    ambiguous: float = 0.004
    duplicate: float = 0.03
    late: float = 0.06
    freeze: float = 0.0005
    no_timer: float = 0.03
    no_stop: float = 0.03
    endangered: float = 0.25


HARSH = Faults()
MILD = Faults(crash=0.0003, ambiguous=0.0001, no_timer=0.002)
"""So little goes wrong that what must be prompt can be told from what was only repaired."""


class Handler:
    """One run of one handler. `skew` is how far (ms) its host's clock is off."""

    __slots__ = ("body", "born", "device", "done", "endangered", "ended", "greenlet", "name", "serial", "skew")

    def __init__(self, name: str, device: str, body: Action, ended: Callable[[BaseException | None], None]) -> None:
        self.name = name
        self.device = device
        self.body = body
        self.ended = ended
        self.born = 0
        self.skew = 0
        self.serial = 0
        self.done = False
        self.endangered = True
        self.greenlet: greenlet | None = None


class Waiting:
    """A handler that waits for an answer from outside; the first answer wakes it, later ones are nobody's."""

    __slots__ = ("answer", "handler", "over")

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.answer: object = None
        self.over = False


class Scheduler:
    def __init__(self, seed: int, faults: Faults, start: int) -> None:
        self.random = Random(seed)
        self.faults = faults
        self.now = start
        self.steps = 0
        self.trace: Callable[[str, str], None] | None = None
        self.faults_seen: dict[str, int] = {}
        self._heap: list[tuple[int, int, Action]] = []
        self._serial = 0
        self._main = getcurrent()
        self._current: Handler | None = None
        self._latencies = [self._latency() for _ in range(4096)]

    @property
    def idle(self) -> bool:
        return not self._heap

    @property
    def next_at(self) -> int:
        return self._heap[0][0]

    def at(self, when: int, action: Action) -> None:
        self._serial += 1
        heapq.heappush(self._heap, (when, self._serial, action))

    def after(self, delay: int, action: Action) -> None:
        self.at(self.now + delay, action)

    def advance(self) -> None:
        """Run the next event. One that should have run earlier, as after a leap of the clock, runs now."""
        when, _, action = heapq.heappop(self._heap)
        self.now = max(self.now, when)
        action()

    def leap(self, ms: int) -> None:
        """The clock jumps: all that should have happened meanwhile happens late, and at once."""
        self.now += ms

    def clock(self) -> int:
        """What the clock of the running handler's host shows."""
        return self.now + (self._current.skew if self._current else 0)

    def start(self, handler: Handler) -> None:
        handler.born = self.now
        handler.endangered = bool(handler.device) or self.random.random() < self.faults.endangered
        handler.skew = self.random.randint(-1500, 1500) if self.random.random() < 0.05 else self.random.randint(-50, 50)
        self._serial += 1
        handler.serial = self._serial
        handler.greenlet = greenlet(lambda: self._run(handler), self._main)
        self._switch(handler)

    def step(self) -> None:
        """Called before every effect of a handler: others run, time passes, and this may be the end of it."""
        handler = self._running()
        self.steps += 1
        delay = self._latencies[self.steps & 4095]
        if self.random.random() < self.faults.freeze:
            delay = self.random.randint(SECOND, 40 * SECOND)
        self.after(delay, lambda: self._switch(handler))
        self._main.switch()
        self._survive(handler)

    def wait(self) -> Waiting:
        return Waiting(self._running())

    def await_(self, waiting: Waiting) -> object:
        """What `answered` brings."""
        self._main.switch()
        self._survive(waiting.handler)
        return waiting.answer

    def answered(self, waiting: Waiting, answer: object) -> None:
        if waiting.over:
            return
        waiting.over = True
        waiting.answer = answer
        self._switch(waiting.handler)

    def note(self, device: str, text: str) -> None:
        if self.trace is not None:
            handler = self._current
            who = f"{handler.name}#{handler.serial}" if handler else "world"
            self.trace(device, f"{self.now} {who}: {text}")

    def faulted(self, device: str | None = None) -> None:
        """Something went wrong in a handler of that device, or in the running one's."""
        if device is None:
            device = self._running().device
        self.faults_seen[device] = self.now

    def _running(self) -> Handler:
        if self._current is None:
            raise RuntimeError("a port was called outside a handler")
        return self._current

    def _survive(self, handler: Handler) -> None:
        crashes = handler.endangered and self.random.random() < self.faults.crash
        if crashes or self.now > handler.born + LIFETIME:
            self.note(handler.device, "crashes")
            self.faulted(handler.device)
            raise Crashed

    def _run(self, handler: Handler) -> None:
        error: BaseException | None = None
        try:
            handler.body()
        except (Exception, Crashed) as raised:  # noqa: BLE001  what it means is for `ended` to say
            error = raised
        handler.done = True
        self._current = None
        handler.ended(error)

    def _switch(self, handler: Handler) -> None:
        if handler.greenlet is None or handler.done:
            return
        self._current = handler
        handler.greenlet.switch()
        self._current = None

    def _latency(self) -> int:
        if self.random.random() < 0.03:
            return self.random.randint(100, 2000)
        return self.random.randint(1, 15)
