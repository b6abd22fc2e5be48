"""From the edge to the functions in AWS: kept on disk before a device hears that its message was taken."""

import json
import logging
import random
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any

from botocore.exceptions import ClientError, ParamValidationError

from infra.edge.dead_letters import DeadLetters
from infra.local.lanes import Lanes
from infra.local.ordering import Ordering
from infra.local.spool import Spool
from infra.local.timers import Timers

log = logging.getLogger(__name__)

MOST_EVENT = 1_000_000
"""Bytes of an event; Lambda takes 1 MB in an asynchronous invocation."""
MOST_WAITING = 20_000
"""Events of one client; whatever it sends beyond them is not taken until some have been handed over."""
_LANES = 32
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 60.0
_NEVER_TAKEN = {
    "InvalidParameterValueException",
    "InvalidRequestContentException",
    "RequestEntityTooLargeException",
    "RequestTooLargeException",
    "SerializationException",
    "UnsupportedMediaTypeException",
    "ValidationException",
}
"""Lambda's errors that say something of the event itself, and would say it again."""


class NotTaken(Exception):
    """The event is too long, or too many of its client wait."""


class Uplink:
    """Hands events to functions, asynchronously, again and again until AWS has taken them; a device's own in order.

    No thread waits for the next try, and only the numbers of what waits are in memory. An event that AWS will never
    take goes to the dead letters, and whatever is behind it goes on.
    """

    def __init__(
        self,
        spool: Spool,
        client: Callable[[], Any],
        functions: str,
        ordering: Ordering | None = None,
        *,
        dead_letters: DeadLetters | None = None,
        timers: Timers | None = None,
        first_pause: float = _FIRST_PAUSE_S,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        """`client` makes a Lambda client; `functions` begins the functions' names; `first_pause` is in seconds."""
        self._spool = spool
        self._client = client
        self._functions = functions
        self._ordering = ordering or Ordering()
        self._dead_letters = dead_letters
        self._timers = timers or Timers()
        self._lanes = Lanes("edge-uplink", _LANES, self._timers)
        self._first_pause = first_pause
        self._most_waiting = most_waiting
        self._pauses: dict[int, float] = {}
        self._over = False

    def invoke(self, function: str, event: dict[str, Any]) -> None:
        """Returns once the event survives `kill -9`. Errors: NotTaken."""
        payload = json.dumps(event)
        if len(payload) > MOST_EVENT:
            raise NotTaken(f"an event of {len(payload)} bytes is more than Lambda takes")
        lane = self._ordering.place(event).lane
        if lane is not None and self._lanes.backlog(lane) >= self._most_waiting:
            raise NotTaken(f"{self._most_waiting} events of {lane} wait already")
        self._submit(self._spool.add(function, payload), function, event)

    def authorize(self, event: dict[str, Any]) -> dict[str, Any]:
        """The authorizer's answer, waited for."""
        done = self._client().invoke(
            FunctionName=f"{self._functions}authorizer", InvocationType="RequestResponse", Payload=json.dumps(event)
        )
        answer = json.loads(done["Payload"].read())
        if "FunctionError" in done or not isinstance(answer, dict):
            raise RuntimeError(f"the authorizer failed: {answer}")
        return answer

    def replay(self) -> int:
        """Take up what an earlier process had accepted; returns how many events."""
        count = 0
        for event in self._spool.pending():
            self._submit(event.id, event.function, json.loads(event.payload))
            count += 1
        return count

    def stop(self, timeout: float) -> None:
        """What AWS has not taken stays in the spool for the next start."""
        self._over = True
        self._lanes.stop(timeout)
        self._timers.stop()
        self._spool.flush()

    def _submit(self, number: int, function: str, event: Any) -> None:
        self._lanes.submit(self._ordering.place(event), partial(self._forward, number, function))

    def _forward(self, number: int, function: str) -> float | None:
        """Try once; the seconds until the next try, if there has to be one."""
        if self._over:
            return None
        payload = self._spool.payload(number)
        try:
            name = f"{self._functions}{function}"
            self._client().invoke(FunctionName=name, InvocationType="Event", Payload=payload)
        except Exception as error:  # noqa: BLE001  whatever an SDK raises: what was acknowledged is not given up
            return self._failed(number, function, payload, error)
        self._settled(number)
        return None

    def _failed(self, number: int, function: str, payload: str, error: Exception) -> float | None:
        if self._dead_letters is not None and is_permanent(error):
            try:
                self._dead_letters.add(function, payload, f"{type(error).__name__}: {error}")
            except OSError as disk:
                log.warning("the dead letters cannot be written: %s", disk)
            else:
                log.warning("%s will never take an event, which is now a dead letter: %s", function, error)
                self._settled(number)
                return None
        pause = self._pauses.get(number, self._first_pause)
        self._pauses[number] = min(_LONGEST_PAUSE_S, pause * 2)
        log.warning("%s did not take an event, trying again in about %.1f s: %s", function, pause, error)
        # Many edges that lost AWS at once do not come back at once.
        return pause * random.uniform(0.5, 1.5)  # noqa: S311 - no secret

    def _settled(self, number: int) -> None:
        self._pauses.pop(number, None)
        self._spool.done(number)


def is_permanent(error: Exception) -> bool:
    """Whether the same event would fail in the same way whenever it is sent; all else passes, be it days later."""
    if isinstance(error, ParamValidationError):
        return True
    if not isinstance(error, ClientError):
        return False
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    code = error.response.get("Error", {}).get("Code")
    return code in _NEVER_TAKEN or status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
