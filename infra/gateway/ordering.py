"""Which notification is the newest (RFC 7641, 3.4): numbers of 24 bits that only tell close ones apart."""

from collections import OrderedDict

_SPAN_S = 128.0
_HALF = 1 << 23
MOST = 100_000

Observed = tuple[str, str]
"""A principal and a token."""


class Orders:
    """The last number of each observation, with when it came; those of a principal are found without the others."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._last: OrderedDict[Observed, tuple[int, float]] = OrderedDict()
        self._of: dict[str, set[Observed]] = {}

    def __len__(self) -> int:
        return len(self._last)

    def newest(self, observed: Observed, number: int | None, now: float) -> bool:
        """Whether nothing newer came; what has no number is taken as it comes. `now` in seconds."""
        if number is None:
            return True
        known = self._last.get(observed)
        if known is not None and not _follows(number, known, now):
            return False
        self._last[observed] = number, now
        self._last.move_to_end(observed)
        self._of.setdefault(observed[0], set()).add(observed)
        if len(self._last) > self._most:
            oldest, _ = self._last.popitem(last=False)
            self._drop(oldest)
        return True

    def withdraw(self, observed: Observed, number: int | None) -> None:
        """Nothing came of that notification: its repetition is not to be older than itself."""
        known = self._last.get(observed)
        if known is not None and known[0] == number:
            del self._last[observed]
            self._drop(observed)

    def forget(self, principal: str) -> None:
        for observed in self._of.pop(principal, ()):
            del self._last[observed]

    def _drop(self, observed: Observed) -> None:
        left = self._of[observed[0]]
        left.discard(observed)
        if not left:
            del self._of[observed[0]]


def _follows(number: int, known: tuple[int, float], now: float) -> bool:
    last, at = known
    near = 0 < number - last < _HALF or last - number > _HALF
    return near or now - at > _SPAN_S
