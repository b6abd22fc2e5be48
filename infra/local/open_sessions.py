"""Which MQTT sessions are open, so that those which a crash ended are told to be over at the next start.

AWS IoT Core outlives every restart of ours and always tells the end of a session; a killed process tells nothing. What
it had announced as connected is therefore kept, and announced as disconnected by the next process.
"""

import json
import time
from collections.abc import Callable
from typing import Any

from infra.local.journal import Journal

_SESSION = "iot.session"
Invoke = Callable[[str, dict[str, Any]], object]


class OpenSessions:
    """Stands between rules and functions and watches the lifecycle events that pass."""

    def __init__(self, journal: Journal, invoke: Invoke) -> None:
        self._journal = journal
        self._invoke = invoke

    def invoke(self, function: str, event: dict[str, Any]) -> None:
        """Pass the event on and keep in mind what it says about its session."""
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
