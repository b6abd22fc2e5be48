"""Which MQTT sessions are open, so that those which a crash ended are told to be over at the next start.

AWS IoT Core outlives every restart of ours and always tells the end of a session; a killed process tells nothing. What
it had announced as connected is therefore kept, and announced as disconnected by the next process.

While nothing can be kept, because the disk is full, events wait in memory: a client is not asked whether it may go.
"""

import json
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from infra.local.journal import Journal
from infra.local.timers import Timers

_SESSION = "iot.session"
_AGAIN_S = 1.0
_log = logging.getLogger(__name__)
Invoke = Callable[[str, dict[str, Any]], object]


class OpenSessions:
    """Stands between rules and functions and watches the lifecycle events that pass."""

    def __init__(self, journal: Journal, invoke: Invoke, timers: Timers, again: float = _AGAIN_S) -> None:
        """`again`: seconds until what could not be kept is tried once more."""
        self._journal = journal
        self._invoke = invoke
        self._timers = timers
        self._again = again
        self._lock = threading.Lock()
        self._unkept: deque[tuple[str, dict[str, Any]]] = deque()

    def invoke(self, function: str, event: dict[str, Any]) -> None:
        """Pass the event on and keep in mind what it says about its session."""
        if "eventType" not in event:
            self._invoke(function, event)
            return
        with self._lock:
            waits = bool(self._unkept)
            if waits:
                self._unkept.append((function, event))
        if waits:
            return
        try:
            self._keep(function, event)
        except Exception:  # noqa: BLE001  whatever keeps it from the disk
            _log.exception("an event of the session %s waits in memory", event.get("sessionIdentifier"))
            with self._lock:
                self._unkept.append((function, event))
            self._timers.after(self._again, self._retry)

    def _retry(self) -> None:
        while self._unkept:
            try:
                self._keep(*self._unkept[0])
            except Exception:  # noqa: BLE001  as above
                self._timers.after(self._again, self._retry)
                return
            with self._lock:
                self._unkept.popleft()

    def _keep(self, function: str, event: dict[str, Any]) -> None:
        kind, session = event.get("eventType"), event.get("sessionIdentifier")
        if kind == "connected" and session:
            self._journal.write([(_SESSION, f"{function}/{session}", json.dumps(event))])
        self._invoke(function, event)
        if kind == "disconnected" and session:
            self._journal.write([(_SESSION, f"{function}/{session}", None)])

    def end_all(self) -> int:
        """Tell that the sessions of an earlier process are over; returns how many. Call it before clients connect."""
        entries = list(self._journal.entries(_SESSION))
        for key, text in entries:
            event = json.loads(text)
            ended = {
                **event,
                "eventType": "disconnected",
                "timestamp": int(time.time() * 1000),
                "clientInitiatedDisconnect": False,
                "disconnectReason": "SERVER_ERROR",
            }
            self._invoke(key.split("/", 1)[0], ended)
            self._journal.write([(_SESSION, key, None)])
        return len(entries)
