"""Who waits, and for what: a session for itself, and for the agents whose operations it is told."""

import asyncio
from collections import defaultdict


class Bell:
    """Rung by name from any thread; whoever waits under that name looks again."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: dict[str, set[asyncio.Event]] = defaultdict(set)

    def ring(self, name: str) -> None:
        self._loop.call_soon_threadsafe(self._rung, name)

    def listen(self, names: set[str], event: asyncio.Event) -> None:
        for name in names:
            self._waiting[name].add(event)

    def leave(self, names: set[str], event: asyncio.Event) -> None:
        for name in names:
            waiting = self._waiting.get(name)
            if waiting is not None:
                waiting.discard(event)
                if not waiting:
                    del self._waiting[name]

    def _rung(self, name: str) -> None:
        for event in self._waiting.get(name, ()):
            event.set()


class Channels:
    """What each session has subscribed to, as far as this door has seen it; the oldest are forgotten beyond `most`."""

    def __init__(self, most: int = 50_000) -> None:
        self._most = most
        self._names: dict[str, set[str]] = {}

    def add(self, session: str, channel: str) -> None:
        if session not in self._names and len(self._names) >= self._most:
            del self._names[next(iter(self._names))]
        self._names.setdefault(session, set()).add(channel.strip("/"))

    def forget(self, session: str) -> None:
        self._names.pop(session, None)

    def of(self, session: str) -> set[str]:
        """The names under which a session waits."""
        return {session, *self._names.get(session, ())}
