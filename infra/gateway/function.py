"""The platform as a Lambda function, invoked and waited for."""

import asyncio
import json
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

_log = logging.getLogger(__name__)

CONNECTIONS = 32
"""Invocations at a time."""
READ_TIMEOUT_S = 25
"""Above the function's own."""


class InvocationError(Exception):
    """The function was reached and failed."""


class LambdaPlatform:
    """`client` is one of Lambda; what it raises passes on. Says of itself whether the last invocation succeeded."""

    def __init__(self, client: Any, function: str, time: Callable[[], float] = time.monotonic) -> None:
        self._client, self._function, self._time = client, function, time
        self._pool = ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="invoke")
        self.well = False
        """Whether the last one that ended had succeeded; not before there was one."""
        self.at = -float("inf")
        """When it ended, in seconds of the clock."""
        self.invocations = self.failures = 0

    async def __call__(self, event: dict[str, Any]) -> dict[str, Any]:
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._invoke, event)

    def _invoke(self, event: dict[str, Any]) -> dict[str, Any]:
        self.invocations += 1
        try:
            body = self._answered(event)
        except BaseException:
            self.failures += 1
            self.well, self.at = False, self._time()
            raise
        self.well, self.at = True, self._time()
        return body

    def _answered(self, event: dict[str, Any]) -> dict[str, Any]:
        answer = self._client.invoke(FunctionName=self._function, Payload=json.dumps(event))
        body: dict[str, Any] = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            raise InvocationError(str(body.get("errorType", answer["FunctionError"])))
        return body

    def close(self) -> None:
        """Nobody waits any more; what is under way ends by itself."""
        self._pool.shutdown(wait=False, cancel_futures=True)


_QUIET_S = 60.0
_AGAIN_S = 2.0


async def keep_asking(platform: LambdaPlatform, time: Callable[[], float] = time.monotonic) -> None:
    """Asks for ever whether anybody answers: soon where the last invocation failed, else after a quiet minute."""
    while True:
        if not platform.well or time() - platform.at >= _QUIET_S:
            try:
                await platform({"kind": "ping"})
            except Exception as error:  # noqa: BLE001 - whatever it was, it is counted, and health tells
                _log.warning("the function does not answer: %r", error)
        await asyncio.sleep(_AGAIN_S)
