"""Alarms: what is wrong with a device until somebody or something clears it."""

from collections.abc import Mapping
from dataclasses import field, replace
from enum import StrEnum
from typing import Any

from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.shapes import Extensible

LONGEST_HISTORY = 20
"""Entries; the first one stays."""
REMEMBERED = 16
"""The raises that were counted last, of which an alarm knows one that is told again."""
OVER = 3
"""Alarms that were in a seat before, of which it is known what they have counted."""


class AlarmStatus(StrEnum):
    ACTIVE = "active"
    ACKNOWLEDGED = "acknowledged"
    CLEARED = "cleared"


class Severity(StrEnum):
    CRITICAL = "critical"
    MAJOR = "major"
    MINOR = "minor"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class AlarmEntry(Extensible):
    """How an alarm stood from `at` (ms) on, and who changed it; `by` is empty for its source."""

    at: int
    status: AlarmStatus
    severity: Severity
    by: str = ""


@dataclass(frozen=True, slots=True)
class Alarm(Extensible):
    """One of (source, type) is open at a time. `id` is a number (`ids.number`).

    `count` is how often it was raised, `first` and `time` when it first and last happened, as its source says, `raised`
    and `cleared` the stamps of the last raise and of what cleared it, `seen` the marks of the raises that were counted
    last. Times in ms.
    """

    tenant: str
    id: str
    source: str
    type: str
    severity: Severity
    status: AlarmStatus
    text: str
    first: int
    created: int
    updated: int
    time: int
    raised: str
    count: int = 1
    cleared: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    history: tuple[AlarmEntry, ...] = ()
    seen: tuple[str, ...] = ()
    revision: int = 0

    @property
    def open(self) -> bool:
        return self.status is not AlarmStatus.CLEARED

    def knows(self, stamp: str) -> bool:
        """Whether that raise was counted, of the last that were; older ones are forgotten."""
        return stamp == self.raised or mark(stamp) in self.seen

    def noted(self, at: int, by: str) -> "Alarm":
        """With an entry in its history of how it stands now."""
        entry = AlarmEntry(at, self.status, self.severity, by)
        history = (*self.history, entry)
        if len(history) > LONGEST_HISTORY:
            history = (history[0], *history[-LONGEST_HISTORY + 1 :])
        return replace(self, history=history, updated=at)


@dataclass(frozen=True, slots=True)
class Seat:
    """Which alarm of (source, type) is open, and the stamp of the last clearing: what was raised before is over.

    `over` are the alarms that had it before, the last one first.
    """

    tenant: str
    source: str
    type: str
    alarm: str | None = None
    cleared: str = ""
    over: tuple[str, ...] = ()
    revision: int = 0

    @property
    def vacated(self) -> "Seat":
        """Free, and known to have been its alarm's."""
        return self if self.alarm is None else replace(self, alarm=None, over=(self.alarm, *self.over)[:OVER])


def mark(stamp: str) -> str:
    """What an alarm remembers of a stamp: shorter than that, and still another one for each raise."""
    return stamp[-16:]


def remembering(seen: tuple[str, ...], stamp: str) -> tuple[str, ...]:
    """The last one first."""
    return (mark(stamp), *seen)[:REMEMBERED]
