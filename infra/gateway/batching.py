"""What devices report, told many at a time: an invocation each would cost as much as keeping it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from infra.gateway.function import InvocationError

_log = logging.getLogger(__name__)

Event = dict[str, Any]
Platform = Callable[[Event], Awaitable[Event]]

LINGER_S = 0.4
"""How long a report waits for others; well below the 2 s after which a device repeats it."""
MOST = 25
_MOST_BYTES = 1024 * 1024
"""Lambda takes six times as much in one call."""
_REPORTS = "dp"


class NotKeptError(Exception):
    """The platform could not take this one report; the others of its batch it may have taken."""


class Batches:
    """A platform in front of a platform. Reports wait for each other; everything else goes at once.

    An answer is that of the report alone, and comes only once the platform has taken it: whoever acknowledges a report
    by it acknowledges nothing that may be lost.
    """

    def __init__(self, platform: Platform, *, linger: float = LINGER_S, most: int = MOST) -> None:
        self._platform, self._linger, self._most = platform, linger, most
        self._waiting: list[tuple[Event, asyncio.Future[Event]]] = []
        self._bytes = 0
        self._timer: asyncio.TimerHandle | None = None
        self._under_way: set[asyncio.Task[None]] = set()
        self.reports = self.batches = 0

    async def __call__(self, event: Event) -> Event:
        if not _is_report(event):
            return await self._platform(event)
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Event] = loop.create_future()
        self._waiting.append((event, answer))
        self._bytes += len(event.get("payload", ""))
        if len(self._waiting) >= self._most or self._bytes >= _MOST_BYTES:
            self._send()
        elif self._timer is None:
            self._timer = loop.call_later(self._linger, self._send)
        return await answer

    async def drained(self) -> None:
        """Whatever waits is told, and what is under way answered."""
        self._send()
        while self._under_way:
            await asyncio.gather(*self._under_way, return_exceptions=True)

    def _send(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        # Whoever gave up meanwhile has its association ended: nobody would be acknowledged.
        together = [(event, answer) for event, answer in self._waiting if not answer.done()]
        self._waiting, self._bytes = [], 0
        if together:
            self.batches += 1
            self.reports += len(together)
            task = asyncio.get_running_loop().create_task(self._told(together))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def _told(self, together: list[tuple[Event, asyncio.Future[Event]]]) -> None:
        try:
            answers = await self._answers([event for event, _ in together])
            told = list(zip(together, answers, strict=True))
        except Exception as error:  # noqa: BLE001 - whatever it was, each of them is told
            for _, waiting in together:
                if not waiting.done():
                    waiting.set_exception(NotKeptError(repr(error)))
            return
        for (_, waiting), answer in told:
            if waiting.done():
                continue
            if "failed" in answer:
                waiting.set_exception(NotKeptError(answer["failed"]))
            else:
                waiting.set_result(answer)

    async def _answers(self, events: list[Event]) -> list[Event]:
        if len(events) == 1:
            return [await self._platform(events[0])]
        try:
            answers: list[Event] = (await self._platform({"kind": "batch", "events": events}))["answers"]
        except InvocationError as error:
            # One that ends the function, or takes all of its time, is not to keep others from being heard for ever.
            _log.warning("%d reports are told one by one: %r", len(events), error)
            return list(await asyncio.gather(*(self._alone(event) for event in events)))
        return answers

    async def _alone(self, event: Event) -> Event:
        try:
            return await self._platform(event)
        except Exception as error:  # noqa: BLE001 - the others are answered all the same
            return {"failed": repr(error)}


def _is_report(event: Event) -> bool:
    if event["door"] != "run":
        return False
    return event["kind"] == "notification" or bool(event["kind"] == "request" and event["path"][:1] == [_REPORTS])
