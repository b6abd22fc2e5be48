"""Lanes: worker threads that run rules away from the event loop, each client's messages in order.

`invoke` may block while it writes to disk. What the loop collected during one turn of its is handed over as a batch. A
client's turn is a run of its messages, short in number and in time, and what is over is reported a run at a time, so
that a busy broker pays for few locks and thread switches.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Protocol

from infra.local.turns import Place, Turns
from infra.local.vital import Vital

from .message import Message
from .rules import Invoke, PreparedRule

log = logging.getLogger(__name__)

RUN = 64
"""The most messages of a client in one turn."""
RUN_S = 0.001
"""Seconds after which no further message of a turn is begun: what takes long has a turn of its own for each."""


class Sender(Protocol):
    """Where messages come from; once one of them could not be handed over, those behind it must not overtake it.

    Of an `abandoned` sender, who cannot be told any more, nothing is taken that it would send again.
    """

    failed: bool
    abandoned: bool


@dataclass(slots=True)
class Errand:
    """A message with the rules to run; `done` is called on the loop, when `accepted` says whether all went well."""

    message: Message
    rules: tuple[PreparedRule, ...]
    sender: Sender | None = None
    done: "Callable[[Errand], None] | None" = None
    packet_id: int = 0
    comes_again: bool = False  # unless it is acknowledged over the connection that it came by
    accepted: bool = False

    def run(self, invoke: Invoke) -> None:
        if self.sender is not None and (self.sender.failed or (self.comes_again and self.sender.abandoned)):
            return
        try:
            for rule in self.rules:
                rule.run(self.message, invoke)
        except Exception:
            # Whatever the function's queue raised, the message is not accepted, and its sender must learn that.
            log.exception("the message on %s could not be handed over", self.message.topic)
            if self.sender is not None:
                self.sender.failed = True
        else:
            self.accepted = True


class Lane:
    """What one client sends, in order."""

    def __init__(self, lanes: "Lanes", place: Place) -> None:
        self._lanes = lanes
        self._place = place

    def put(self, errand: Errand) -> None:
        self._lanes.put(self._place, errand)


class Lanes:
    """A fixed number of threads, and any number of lanes: one a client id, also across its connections.

    Tenants take turns, and a tenant's clients among themselves. What comes over HTTP has a lane of its own, `api`.
    """

    def __init__(
        self,
        count: int,
        invoke: Invoke,
        loop: asyncio.AbstractEventLoop,
        vital: Vital,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`monotonic` gives seconds, by which turns are measured."""
        self._monotonic = monotonic
        self._invoke = invoke
        self._loop = loop
        self._collected: list[tuple[Place, list[Errand]]] = []
        self._changed = threading.Condition()
        self._turns: Turns[Errand] = Turns()
        self._closing = False
        self._reporting = threading.Lock()
        self._over: list[Errand] = []
        self.api = Lane(self, Place(object(), None))
        self._threads = [vital.thread(f"iot-rules-{number}", self._work) for number in range(count)]
        for thread in self._threads:
            thread.start()

    def lane(self, client_id: str, tenant: str | None = None) -> Lane:
        """A client whose tenant is not known is one for itself."""
        return Lane(self, Place(client_id, None if tenant is None else ("tenant", tenant)))

    def put(self, place: Place, errand: Errand) -> None:
        if not self._collected:
            self._loop.call_soon(self._hand_over)
        elif self._collected[-1][0] is place:
            self._collected[-1][1].append(errand)
            return
        self._collected.append((place, [errand]))

    def _hand_over(self) -> None:
        batch, self._collected = self._collected, []
        if not batch:
            return
        with self._changed:
            before = self._turns.takeable
            for place, errands in batch:
                self._turns.add_all(place, errands)
            self._changed.notify(self._turns.takeable - before)

    def _work(self) -> None:
        taken = self._take()
        while taken is not None:
            lane, run = taken
            done = self._run(run)
            # Before another thread may take the client's next one: acknowledgements keep the order.
            self._report(run[:done])
            taken = self._take(lane, run[done:])

    def _run(self, run: list[Errand]) -> int:
        """Run the first of them and what of the others fits into the turn; how many that were."""
        ends = self._monotonic() + RUN_S
        for done, errand in enumerate(run, 1):
            errand.run(self._invoke)
            if self._monotonic() > ends:
                return done
        return len(run)

    def _take(
        self, lane: Hashable | None = None, undone: Sequence[Errand] = ()
    ) -> tuple[Hashable, list[Errand]] | None:
        """None when nothing more comes, but for what is behind another thread's run and taken by that one.

        `lane` is what the thread has had until now: it takes what that sets free, or something else in its place, and
        nobody has to be called.
        """
        with self._changed:
            if lane is not None:
                self._turns.finished(lane, undone)
            while not self._turns.takeable and not self._closing:
                self._changed.wait()
            return self._turns.take_run(RUN)

    def _report(self, errands: list[Errand]) -> None:
        """The loop is called once for all that are over before it comes."""
        with self._reporting:
            called = bool(self._over)
            self._over += errands
        if called:
            return
        try:
            self._loop.call_soon_threadsafe(self._finish)
        except RuntimeError:
            # The loop is closed: nobody waits any more, and the senders are gone.
            log.debug("results came after the end")

    def _finish(self) -> None:
        with self._reporting:
            over, self._over = self._over, []
        for errand in over:
            if errand.done is not None:
                errand.done(errand)

    def close(self) -> None:
        """Hand over what was collected and let the threads end behind it."""
        self._hand_over()
        with self._changed:
            self._closing = True
            self._changed.notify_all()

    def join(self, timeout: float) -> bool:
        """Wait for what was handed over; False when a thread is still busy after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)
