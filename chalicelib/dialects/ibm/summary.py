"""The aggregate functions of `summarize_type` (manual 3.2.3), computed in one pass that can be interrupted.

`stdev` and `variance` are those of a sample (divisor n - 1), as in the time series database behind the original.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Accumulator:
    """What has to be remembered of the values so far; `spread` is the sum of squared deviations from `mean`."""

    count: int = 0
    total: float = 0.0
    mean: float = 0.0
    spread: float = 0.0
    least: float = math.inf
    most: float = -math.inf

    def add(self, value: float) -> None:
        """Welford's method: no difference of large sums."""
        self.count += 1
        self.total += value
        delta = value - self.mean
        self.mean += delta / self.count
        self.spread += delta * (value - self.mean)
        self.least, self.most = min(self.least, value), max(self.most, value)

    def packed(self) -> list[float]:
        """As JSON can hold it."""
        return [self.count, self.total, self.mean, self.spread, self.least, self.most] if self.count else []

    @classmethod
    def unpacked(cls, packed: list[float]) -> "Accumulator":
        return cls(int(packed[0]), *packed[1:]) if packed else cls()


def _variance(seen: Accumulator) -> float:
    return seen.spread / (seen.count - 1) if seen.count > 1 else 0.0


FUNCTIONS: dict[str, Callable[[Accumulator], float]] = {
    "avg": lambda seen: seen.mean,
    "count": lambda seen: seen.count,
    "min": lambda seen: seen.least,
    "max": lambda seen: seen.most,
    "sum": lambda seen: seen.total,
    "range": lambda seen: seen.most - seen.least,
    "stdev": lambda seen: math.sqrt(_variance(seen)),
    "variance": _variance,
}


def result(function: str, seen: Accumulator) -> float | None:
    """The function's value; None where there were no numbers (their count is 0) or it is beyond a double."""
    if not seen.count and function != "count":
        return None
    value = FUNCTIONS[function](seen)
    return value if math.isfinite(value) else None


def number(data: Mapping[str, Any], field: str) -> float | None:
    """A field's number, by its name or, where objects hold objects, by a path with full stops."""
    found: Any = data.get(field)
    if field not in data:
        found = data
        for step in field.split("."):
            found = found.get(step) if isinstance(found, Mapping) else None
    if isinstance(found, bool) or not isinstance(found, (int, float)):
        return None
    return float(found)
