"""Messages that came before (RFC 7252, 4.5)."""

MOST = 256
"""Message ids that are remembered of a peer; the oldest makes room."""


class Duplicates:
    """What the messages of one peer were answered with."""

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen: dict[int, tuple[float, bytes | None]] = {}

    def noted(self, message_id: int, now: float, since: float) -> tuple[float, bytes | None] | None:
        """When an id came, if after `since`, and what it was answered with so far; one that is new is noted."""
        seen = self._seen
        noted = seen.get(message_id)
        if noted is not None:
            if noted[0] >= since:
                return noted
            del seen[message_id]
        while seen and (len(seen) >= MOST or next(iter(seen.values()))[0] < since):
            del seen[next(iter(seen))]
        seen[message_id] = now, None
        return None

    def answered(self, message_id: int, raw: bytes) -> None:
        noted = self._seen.get(message_id)
        if noted is not None:
            self._seen[message_id] = noted[0], raw

    def forget(self, message_id: int) -> None:
        """Nothing came of it: when it is sent again it is a first one."""
        self._seen.pop(message_id, None)
