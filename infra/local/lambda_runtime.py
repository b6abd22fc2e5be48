"""Lambda on this machine: our handlers, called with AWS's events, contexts, retries and failure destinations.

Asynchronous invocation follows the Lambda developer guide ("How Lambda handles errors and retries with asynchronous
invocation"): an event is accepted once it is kept, tried three times in all, then sent with its error to the
function's failure destination. The one difference is the pause between tries, which here takes seconds.
"""

import json
import logging
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from infra.local.ids import new_uuid
from infra.local.lambda_context import LambdaContext
from infra.local.lanes import Lanes
from infra.local.ordering import Ordering
from infra.local.shuffling import Shuffle
from infra.local.spool import Spool
from infra.local.timers import Timers
from infra.local.turns import Place

Handler = Callable[[Any, Any], Any]
SendToQueue = Callable[[str, str], None]
"""Puts a body (second) into the queue of a name (first)."""

_log = logging.getLogger(__name__)
_MAX_IN_MEMORY = 2000


class UnknownFunctionError(LookupError):
    """No function of that name is registered."""


class FunctionError(Exception):
    """A handler raised; `payload` is what Lambda answers then: errorType, errorMessage, stackTrace, requestId."""

    def __init__(self, payload: dict[str, Any]) -> None:
        super().__init__(f"{payload['errorType']}: {payload['errorMessage']}")
        self.payload = payload

    def json(self) -> bytes:
        return json.dumps(self.payload).encode()


@dataclass(frozen=True, kw_only=True)
class Function:
    """`concurrency` is how many asynchronous invocations run at once, `share` how many of one tenant.

    `on_failure` is a queue's name.
    """

    name: str
    handler: Handler
    concurrency: int = 32
    share: int | None = None
    on_failure: str | None = None
    timeout: float = 60.0


@dataclass
class _Invocation:
    id: int
    function: Function
    payload: str | None
    request_id: str
    tries: int = 0


class LambdaRuntime:
    """Holds the functions and runs them; thread-safe."""

    def __init__(
        self,
        spool: Spool,
        timers: Timers,
        *,
        account: str,
        region: str,
        prefix: str,
        send_to_queue: SendToQueue,
        retry_delays: tuple[float, ...] = (1.0, 2.0),
        ordering: Ordering | None = None,
        shuffle: Shuffle | None = None,
    ) -> None:
        """`prefix` starts every deployed function's name; callers may use the name with or without it, or an ARN.

        With `shuffle` events of clients run in no order, and some of them twice.
        """
        self._spool = spool
        self._timers = timers
        self._arn = f"arn:aws:lambda:{region}:{account}:function:"
        self._prefix = prefix
        self._send_to_queue = send_to_queue
        self._retry_delays = retry_delays
        self._place = (ordering or Ordering()).place
        self._shuffle = shuffle
        self._functions: dict[str, Function] = {}
        self._lanes: dict[str, Lanes] = {}
        self._in_memory = threading.BoundedSemaphore(_MAX_IN_MEMORY)

    def register(self, function: Function) -> None:
        self._functions[function.name] = function
        self._lanes[function.name] = Lanes(f"lambda-{function.name}", function.concurrency, share=function.share)

    def names(self) -> list[str]:
        return list(self._functions)

    def arn(self, name: str) -> str:
        return f"{self._arn}{self._prefix}{name}"

    def find(self, name_or_arn: str) -> Function:
        """The function that a name, a partial or a full ARN, with or without a qualifier, stands for."""
        name = name_or_arn.rsplit(":function:", 1)[-1].split(":", 1)[0]
        found = self._functions.get(name) or self._functions.get(name.removeprefix(self._prefix))
        if found is None:
            raise UnknownFunctionError(f"Function not found: {name_or_arn}")
        return found

    def invoke(self, name: str, event: Any) -> Any:
        """Run the handler now and return its answer; raises UnknownFunctionError or FunctionError."""
        return json.loads(self.invoke_json(name, json.dumps(event)))

    def invoke_json(self, name: str, payload: str) -> str:
        """As `invoke`, JSON text to JSON text."""
        return self._call(self.find(name), payload, new_uuid())

    def invoke_async(self, name: str, event: Any) -> str:
        """Keep the event, then run it in the background; returns the request id once it survives `kill -9`."""
        return self._accept(name, json.dumps(event), event)

    def invoke_async_json(self, name: str, payload: str) -> str:
        """As `invoke_async`, from JSON text; raises ValueError when it is not JSON."""
        return self._accept(name, payload, json.loads(payload))

    def replay(self) -> int:
        """Run again what an earlier process accepted and did not finish; returns how many events. Call it once."""
        count = 0
        for event in self._spool.pending():
            try:
                function = self.find(event.function)
            except UnknownFunctionError:
                _log.exception("event %s waits for a function that is gone", event.id)
                continue
            invocation = _Invocation(event.id, function, event.payload, new_uuid())
            self._enqueue(invocation, self._place(json.loads(event.payload)))
            count += 1
        return count

    def backlog(self) -> int:
        """How many accepted events wait or run, those that wait for another try left out."""
        return sum(lanes.backlog() for lanes in self._lanes.values())

    def stop(self, timeout: float) -> None:
        """Let running handlers finish; what has not started stays in the spool for the next start."""
        for lanes in self._lanes.values():
            lanes.stop(timeout)
        self._spool.flush()

    def _accept(self, name: str, payload: str, event: Any) -> str:
        function, place = self.find(name), self._place(event)
        request_id = new_uuid()
        if self._shuffle is None or place.lane is None:
            self._enqueue(self._kept(function, payload, request_id), place)
            return request_id
        for delay in self._shuffle.delays():
            late = partial(self._enqueue, self._kept(function, payload, request_id), Place(None, place.group))
            self._timers.after(delay, late)
        return request_id

    def _kept(self, function: Function, payload: str, request_id: str) -> _Invocation:
        return _Invocation(self._spool.add(function.name, payload), function, payload, request_id)

    def _enqueue(self, invocation: _Invocation, place: Place) -> None:
        # a flood is held on disk, not in memory: beyond a limit only the event's number waits
        if invocation.payload is not None and not self._in_memory.acquire(blocking=False):
            invocation.payload = None
        self._lanes[invocation.function.name].submit(place, lambda: self._attempt(invocation, place))

    def _attempt(self, invocation: _Invocation, place: Place) -> None:
        payload = invocation.payload
        if payload is None:
            payload = self._spool.payload(invocation.id)
        else:
            invocation.payload = None
            self._in_memory.release()
        invocation.tries += 1
        try:
            self._call(invocation.function, payload, invocation.request_id)
        except FunctionError as error:
            self._failed(invocation, payload, error, place)
        else:
            self._spool.done(invocation.id)

    def _failed(self, invocation: _Invocation, payload: str, error: FunctionError, place: Place) -> None:
        name = invocation.function.name
        _log.warning("%s failed (try %d): %s", name, invocation.tries, error, extra={"payload": error.payload})
        if invocation.tries <= len(self._retry_delays):
            delay = self._retry_delays[invocation.tries - 1]
            self._timers.after(delay, lambda: self._enqueue(invocation, place))
            return
        if invocation.function.on_failure is None:
            _log.error("event given up, %s has no failure destination: %.500s", name, payload)
        else:
            self._send_to_queue(invocation.function.on_failure, self._failure_record(invocation, payload, error))
        # only now: a stop before this line repeats the event, it does not lose it
        self._spool.done(invocation.id)

    def _failure_record(self, invocation: _Invocation, payload: str, error: FunctionError) -> str:
        return json.dumps(
            {
                "version": "1.0",
                "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "requestContext": {
                    "requestId": invocation.request_id,
                    "functionArn": self.arn(invocation.function.name) + ":$LATEST",
                    "condition": "RetriesExhausted",
                    "approximateInvokeCount": invocation.tries,
                },
                "requestPayload": json.loads(payload),
                "responseContext": {
                    "statusCode": 200,
                    "executedVersion": "$LATEST",
                    "functionError": "Unhandled",
                },
                "responsePayload": error.payload,
            }
        )

    def _call(self, function: Function, payload: str, request_id: str) -> str:
        context = LambdaContext(
            self._prefix + function.name, self.arn(function.name), request_id=request_id, timeout=function.timeout
        )
        try:
            return json.dumps(function.handler(json.loads(payload), context))
        except Exception as error:
            _log.debug("%s raised", function.name, exc_info=True)
            raise FunctionError(_error_payload(error, request_id)) from error


def _error_payload(error: Exception, request_id: str) -> dict[str, Any]:
    return {
        "errorMessage": str(error),
        "errorType": type(error).__name__,
        "requestId": request_id,
        "stackTrace": traceback.format_tb(error.__traceback__),
    }
