"""Lanes: worker threads that run rules away from the event loop, each client's messages in order.

`invoke` may block while it writes to disk. A lane takes what the loop collected during one turn as a batch and reports
the batch back at once, so that a busy broker pays for one thread switch a batch and not one a message.
"""

import asyncio
import logging
import queue
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from infra.local.vital import Vital

from .message import Message
from .rules import Invoke, PreparedRule

log = logging.getLogger(__name__)


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
    def __init__(self, name: str, invoke: Invoke, loop: asyncio.AbstractEventLoop, vital: Vital) -> None:
        self._invoke = invoke
        self._loop = loop
        self._collected: list[Errand] = []
        self._batches: queue.SimpleQueue[list[Errand] | None] = queue.SimpleQueue()
        self._thread = vital.thread(name, self._work)
        self._thread.start()

    def put(self, errand: Errand) -> None:
        if not self._collected:
            self._loop.call_soon(self._hand_over)
        self._collected.append(errand)

    def _hand_over(self) -> None:
        batch, self._collected = self._collected, []
        if batch:
            self._batches.put(batch)

    def _work(self) -> None:
        while (batch := self._batches.get()) is not None:
            for errand in batch:
                errand.run(self._invoke)
            self._report(batch)

    def _report(self, batch: list[Errand]) -> None:
        try:
            self._loop.call_soon_threadsafe(self._finish, batch)
        except RuntimeError:
            # The loop is closed: nobody waits any more, and the senders are gone.
            log.debug("%d results came after the end", len(batch))

    @staticmethod
    def _finish(batch: list[Errand]) -> None:
        for errand in batch:
            if errand.done is not None:
                errand.done(errand)

    def close(self) -> None:
        """Hand over what was collected and let the thread end behind it."""
        self._hand_over()
        self._batches.put(None)

    def join(self, deadline: float) -> bool:
        self._thread.join(max(0.0, deadline - time.monotonic()))
        return not self._thread.is_alive()


class Lanes:
    """A fixed number of lanes; a client id always takes the same one, also across its connections.

    What comes over HTTP has one of its own, `api`.
    """

    def __init__(self, count: int, invoke: Invoke, loop: asyncio.AbstractEventLoop, vital: Vital) -> None:
        self._lanes = [Lane(f"iot-rules-{number}", invoke, loop, vital) for number in range(count)]
        self.api = Lane("iot-rules-api", invoke, loop, vital)

    def lane(self, client_id: str) -> Lane:
        return self._lanes[zlib.crc32(client_id.encode()) % len(self._lanes)]

    def close(self) -> None:
        for lane in (*self._lanes, self.api):
            lane.close()

    def join(self, timeout: float) -> bool:
        """Wait for what was handed over; False when a lane is still busy after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        return False not in {lane.join(deadline) for lane in (*self._lanes, self.api)}
