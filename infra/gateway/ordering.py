"""Which notification is the newest (RFC 7641, 3.4): numbers of 24 bits that only tell close ones apart."""

from collections import OrderedDict

_SPAN_S = 128.0
_HALF = 1 << 23
_MOST = 100_000

Observed = tuple[str, str]
"""A principal and a token."""


class Orders:
    """The last number of each observation, with when it came."""

    def __init__(self) -> None:
        self._last: OrderedDict[Observed, tuple[int, float]] = OrderedDict()

    def newest(self, observed: Observed, number: int | None, now: float) -> bool:
        """Whether nothing newer came; what has no number is taken as it comes. `now` in seconds."""
        if number is None:
            return True
        known = self._last.get(observed)
        if known is not None and not _follows(number, known, now):
            return False
        self._last[observed] = number, now
        self._last.move_to_end(observed)
        if len(self._last) > _MOST:
            self._last.popitem(last=False)
        return True

    def forget(self, principal: str) -> None:
        for observed in [each for each in self._last if each[0] == principal]:
            del self._last[observed]


def _follows(number: int, known: tuple[int, float], now: float) -> bool:
    last, at = known
    near = 0 < number - last < _HALF or last - number > _HALF
    return near or now - at > _SPAN_S
