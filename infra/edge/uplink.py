"""From the edge to the functions in AWS: kept on disk before a device hears that its message was taken."""

import json
import logging
import random
import threading
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.local.lanes import Lanes
from infra.local.ordering import Ordering
from infra.local.spool import Spool

log = logging.getLogger(__name__)

_LANES = 32
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 60.0


class Uplink:
    """Hands events to functions, asynchronously, again and again until AWS has taken them; a device's own in order."""

    def __init__(
        self, spool: Spool, client: Callable[[], Any], functions: str, ordering: Ordering | None = None
    ) -> None:
        """`client` makes a Lambda client; `functions` begins the functions' names."""
        self._spool = spool
        self._client = client
        self._functions = functions
        self._ordering = ordering or Ordering()
        self._lanes = Lanes("edge-uplink", _LANES)
        self._over = threading.Event()

    def invoke(self, function: str, event: dict[str, Any]) -> None:
        """Returns once the event survives `kill -9`."""
        payload = json.dumps(event)
        self._submit(self._spool.add(function, payload), function, payload)

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
        waiting = list(self._spool.pending())
        for event in waiting:
            self._submit(event.id, event.function, event.payload)
        return len(waiting)

    def stop(self, timeout: float) -> None:
        """What AWS has not taken stays in the spool for the next start."""
        self._over.set()
        self._lanes.stop(timeout)
        self._spool.flush()

    def _submit(self, number: int, function: str, payload: str) -> None:
        lane = self._ordering.lane(json.loads(payload))
        self._lanes.submit(lane, lambda: self._forward(number, function, payload))

    def _forward(self, number: int, function: str, payload: str) -> None:
        pause = _FIRST_PAUSE_S
        while not self._over.is_set():
            try:
                name = f"{self._functions}{function}"
                self._client().invoke(FunctionName=name, InvocationType="Event", Payload=payload)
            except (ClientError, BotoCoreError) as error:
                log.warning("%s did not take an event, trying again in %.1f s: %s", function, pause, error)
                # Many edges that lost AWS at once do not come back at once.
                self._over.wait(pause * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
                pause = min(_LONGEST_PAUSE_S, pause * 2)
            else:
                self._spool.done(number)
                return
