"""What devices are asked: one request a device at a time, for as long as the platform has another."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

from infra.gateway import translating
from infra.gateway.coap.requests import Request
from infra.gateway.coap.transmissions import DeliveryError
from infra.gateway.coaps import Coaps

_log = logging.getLogger(__name__)

Ask = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]
_PAUSES_S = (0.5, 2.0, 5.0, 15.0, 30.0)
"""Between tries to tell the platform; what it was not told then, it finds out by the clock."""
_MOST_OBSERVED = 100_000


class Workers:
    """`ask` is told what came of a request, and answers with the next. `holder` names this run."""

    def __init__(self, ask: Ask, holder: str) -> None:
        self._ask, self._holder = ask, holder
        self._running: dict[str, asyncio.Task[None]] = {}
        self._again: dict[str, bool] = {}
        self._later: dict[str, asyncio.TimerHandle] = {}
        self._leaving = False
        self.observed: dict[tuple[str, str], Request] = {}
        """The requests of observations, by principal and token: what a notification in blocks goes on with."""
        self._coaps: Coaps

    def serve(self, coaps: Coaps) -> None:
        self._coaps = coaps

    def wake(self, principal: str, awaited: bool = False) -> None:  # noqa: FBT001, FBT002 - a callback
        """Look what waits for a device; `awaited` says that it has just shown up."""
        if (timer := self._later.pop(principal, None)) is not None:
            timer.cancel()
        if principal in self._running:
            self._again[principal] = awaited or self._again.get(principal, False)
        elif not self._leaving and self._coaps.peer(principal) is not None:
            task = asyncio.create_task(self._work(principal, awaited=awaited))
            self._running[principal] = task
            task.add_done_callback(lambda done: self._ended(principal, done))

    async def finish(self) -> None:
        """Nothing more is asked; returns once what is under way has come to an end, which may take minutes."""
        self._leaving = True
        while self._running:
            await asyncio.wait(list(self._running.values()))

    async def stop(self) -> None:
        for timer in self._later.values():
            timer.cancel()
        self._again.clear()
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, principal: str, done: "asyncio.Task[None]") -> None:
        del self._running[principal]
        if done.cancelled():
            return
        if (error := done.exception()) is not None:
            _log.error("what waits for a device is not sent now", exc_info=error)
        awaited = self._again.pop(principal, None)
        if awaited is not None:
            self.wake(principal, awaited)

    async def _work(self, principal: str, *, awaited: bool) -> None:
        done: dict[str, Any] | None = None
        while True:
            told = await self._told(principal, done, awaited=awaited)
            again = self._again.pop(principal, None)
            awaited = bool(again)
            if told.get("forget"):
                self._coaps.forget(principal)
                return
            if "at" in told:
                self._look_again(principal, told["at"])
            if "request" not in told:
                if again is None:
                    return
                done = None
                continue
            done = {"work": told["work"], **await self._exchanged(principal, told["request"])}

    async def _told(self, principal: str, done: dict[str, Any] | None, *, awaited: bool) -> dict[str, Any]:
        event = {"principal": principal, "holder": self._holder, "awaited": awaited}
        if done is not None:
            event["done"] = done
        if self._leaving:
            event["leaving"] = True
        for pause in _PAUSES_S:
            try:
                return await self._ask("next", event)
            except Exception as error:  # noqa: BLE001 - whatever the platform says
                _log.warning("the platform was not asked what is next: %r", error)
                await asyncio.sleep(pause)
        return await self._ask("next", event)

    async def _exchanged(self, principal: str, asked: dict[str, Any]) -> dict[str, Any]:
        request, within = translating.request(asked)
        peer = self._coaps.peer(principal)
        if peer is None:
            return {"silence": "UNACKNOWLEDGED"}
        if request.token is not None and request.observe == 0:
            if len(self.observed) >= _MOST_OBSERVED:
                del self.observed[next(iter(self.observed))]
            self.observed[principal, request.token.hex()] = request
        try:
            answer = await peer.ask(request, within)
        except DeliveryError as error:
            return {"silence": translating.silence(error)}
        except Exception:  # noqa: BLE001 - whatever it is that cannot be sent: what waits behind it can
            _log.exception("a request could not be sent")
            return {"silence": "UNACKNOWLEDGED"}
        return translating.answer_event(answer)

    def _look_again(self, principal: str, at: int) -> None:
        delay = max(0.0, at / 1000 - time.time())
        self._later[principal] = asyncio.get_running_loop().call_later(delay, self.wake, principal)
