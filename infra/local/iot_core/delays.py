"""Calls of a connection that come after a while, unless it has ended by then."""

import asyncio
from collections.abc import Callable


class Delays:
    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._timers: list[asyncio.TimerHandle] = []

    def later(self, seconds: float, call: Callable[..., object], *args: object) -> None:
        now = self._loop.time()
        self._timers = [timer for timer in self._timers if timer.when() > now and not timer.cancelled()]
        self._timers.append(self._loop.call_later(seconds, call, *args))

    def end(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
