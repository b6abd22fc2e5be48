"""Series of measurements over a span of time, as they are or by interval (reference, "Measurements", series)."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from statistics import fmean, mean, pstdev, stdev
from typing import Any

from chalicelib.dialects.cumulocity import times
from chalicelib.dialects.cumulocity.measurements import Measurement
from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.frozen import dataclass

MOST_VALUES = 5_000
_LARGEST = 1.7976931348623157e308
TYPES = {"DAILY": "1d", "HOURLY": "1h", "MINUTELY": "1m"}
USUAL = ("min", "max")


def _average(values: Sequence[float]) -> float:
    try:
        return fmean(values)
    except OverflowError:
        # Their sum is beyond a double, and they are not.
        return mean(values)


FUNCTIONS: Mapping[str, Callable[[Sequence[float]], float | None]] = {
    "min": min,
    "max": max,
    "avg": _average,
    "sum": sum,
    "count": len,
    "stdDevPop": pstdev,
    "stdDevSamp": lambda values: stdev(values) if len(values) > 1 else None,
}
_INTERVAL = re.compile(r"([1-9][0-9]{0,2})([smhdwMqy])")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 7 * 86_400}
_MONTHS = {"M": 1, "q": 3, "y": 12}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MONDAY = -3 * 86_400_000
"""The Monday (ms) before the first of January 1970: weeks begin on Mondays."""

Name = tuple[str, str]
"""Fragment and series."""


@dataclass(frozen=True, slots=True)
class Interval:
    count: int
    unit: str

    def begin(self, at: int) -> int:
        """The beginning (ms, in UTC) of the interval that a moment is in."""
        if self.unit in _SECONDS:
            length, first = self.count * _SECONDS[self.unit] * 1_000, _MONDAY if self.unit == "w" else 0
            return times.within((at - first) // length * length + first)
        months = self.count * _MONTHS[self.unit]
        moment = _EPOCH + timedelta(milliseconds=times.within(at))
        begun = (moment.year * 12 + moment.month - 1) // months * months
        year, month = max(begun // 12, 1), begun % 12 + 1
        return round((datetime(year, month, 1, tzinfo=UTC) - _EPOCH).total_seconds() * 1_000)


def interval(said: str) -> Interval:
    """Errors: Invalid."""
    found = _INTERVAL.fullmatch(said)
    if found is None:
        raise Invalid(
            f"aggregationInterval is 1 to 999 and one of s m h d w M q y, not {said[:64]}", "aggregationInterval"
        )
    return Interval(int(found[1]), found[2])


def table(
    found: Iterable[Measurement],
    wanted: frozenset[str],
    by: Interval | None = None,
    functions: Sequence[str] = USUAL,
) -> dict[str, Any]:
    """The answer: by moment a value, or none, of each series. `wanted` are names `fragment.series`, of all if empty.

    Without an interval a moment has the least and the greatest of its values; at most MOST_VALUES are told.
    """
    points: dict[int, dict[Name, list[float]]] = {}
    units: dict[Name, str | None] = {}
    told, truncated = 0, False
    for measurement in found:
        at = by.begin(measurement.time) if by is not None else measurement.time
        for fragment, name, value in measurement.series():
            if wanted and f"{fragment}.{name}" not in wanted:
                continue
            series = fragment, name
            if series not in points.get(at, {}):
                if told == MOST_VALUES:
                    truncated = True
                    continue
                told += 1
            units[series] = measurement.unit(*series) or units.get(series)
            points.setdefault(at, {}).setdefault(series, []).append(value)
    return {
        "values": {times.render(at): [_told(row.get(one), functions) for one in units] for at, row in points.items()},
        "series": [_described(one, unit) for one, unit in units.items()],
        "truncated": truncated,
    }


def _told(values: Sequence[float] | None, functions: Sequence[str]) -> dict[str, float | None] | None:
    return {name: _finite(FUNCTIONS[name], values) for name in functions} if values else None


def _finite(function: Callable[[Sequence[float]], float | None], values: Sequence[float]) -> float | None:
    """None for what JSON has no number for: values that can be told may have a sum that cannot."""
    try:
        found = function(values)
    except OverflowError:
        return None
    return found if found is not None and abs(found) <= _LARGEST else None


def _described(series: Name, unit: str | None) -> dict[str, str]:
    shown = {"type": series[0], "name": series[1]}
    return {**shown, "unit": unit} if unit is not None else shown
