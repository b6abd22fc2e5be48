"""Messages that came before (RFC 7252, 4.5)."""

MOST = 256
"""Message ids that are remembered of a peer; the oldest makes room."""


class Duplicates:
    """What the messages of one peer were answered with."""

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen: dict[int, tuple[float, bytes | None]] = {}

    def answer(self, message_id: int, since: float) -> tuple[bool, bytes | None]:
        """Whether an id was noted after `since`, and what it was answered with so far."""
        noted = self._seen.get(message_id)
        if noted is None or noted[0] < since:
            return False, None
        return True, noted[1]

    def note(self, message_id: int, now: float, since: float) -> None:
        seen = self._seen
        seen.pop(message_id, None)
        while seen and (len(seen) >= MOST or next(iter(seen.values()))[0] < since):
            del seen[next(iter(seen))]
        seen[message_id] = now, None

    def answered(self, message_id: int, raw: bytes) -> None:
        noted = self._seen.get(message_id)
        if noted is not None:
            self._seen[message_id] = noted[0], raw
