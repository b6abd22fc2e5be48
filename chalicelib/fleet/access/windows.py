"""How much was used in the running window of time, counted in this process."""

from chalicelib.fleet.tenancy.records import Limit, Use

_MOST_WINDOWS = 20_000


def _number(limit: Limit, now: int) -> int:
    return now // (limit.window * 1000)


class Windows:
    """What was used in the present window of each limit."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str, Use], tuple[int, int]] = {}

    def spend(self, tenant: str, limits: list[Limit], now: int) -> int | None:
        """Count one use against all of them; where one is used up count nothing, and tell when (s) to come back."""
        present = [(tenant, limit.holder, limit.use) for limit in limits]
        counts = [self._count(name, limit, now) for name, limit in zip(present, limits, strict=True)]
        waits = [
            limit.window - now // 1000 % limit.window
            for limit, count in zip(limits, counts, strict=True)
            if count >= limit.most
        ]
        if waits:
            return max(waits)
        if len(self._counts) >= _MOST_WINDOWS:
            self._counts.clear()
        for name, limit, count in zip(present, limits, counts, strict=True):
            self._counts[name] = _number(limit, now), count + 1
        return None

    def _count(self, name: tuple[str, str, Use], limit: Limit, now: int) -> int:
        number, count = self._counts.get(name, (0, 0))
        return count if number == _number(limit, now) else 0
