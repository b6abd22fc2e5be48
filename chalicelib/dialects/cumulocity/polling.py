"""How long somebody who polls is told to wait: the longer nothing has happened, the longer.

Nothing is held open on AWS: a function that waits for 25 s costs a device $5 to $18 a month, and one of the account's
concurrent executions. An answer at once and an interval of a minute cost $0.21.
"""

import os

SETTING = "HOMEPORT_LONGEST_POLL"
"""Seconds; a minute where nothing is said."""
SHORTEST, LONGEST, USUAL = 5, 300, 60
SOON, LATER = 2_000, 10_000
"""Intervals (ms) within a minute of what happened last, and within ten."""
_MINUTE = 60_000
_TEN = 10 * _MINUTE
_SPARE = 10_000
_EARLY, _SHARE = 5, 0.8


def longest() -> int:
    """The stage's own interval (ms) for who has heard nothing for ten minutes."""
    said = os.environ.get(SETTING, "")
    seconds = int(said) if said.isascii() and said.isdigit() else USUAL
    return min(max(seconds, SHORTEST), LONGEST) * 1_000


def interval(now: int, active: int, most: int, wanted: int | None) -> int:
    """Milliseconds to the next poll; `active` is when something happened last, `wanted` what the client asks for."""
    quiet = now - active
    ours = min(SOON if quiet < _MINUTE else LATER if quiet < _TEN else most, most)
    return max(ours, min(wanted or 0, LONGEST * 1_000))


def there_until(now: int, interval_: int) -> int:
    """Until when (ms) somebody counts as there who polls now and is to come again after so long."""
    return now + 2 * interval_ + _SPARE


def a_minute(interval_: int) -> int:
    """How many polls a minute are not too many: five may come before four fifths of the interval are over."""
    return _EARLY + int(_MINUTE / (_SHARE * interval_))
