"""Moments as clients write them, for every door: ISO 8601 with what its users do to it, or a number.

Also read: 24:00, a leap second, lower-case `t` and `z`, a zone's name in brackets behind the offset (as Java writes
it), and a blank where a query string lost the + of an offset.
"""

import math
import re
from datetime import UTC, datetime, timedelta

SECONDS_BELOW = 100_000_000_000
"""A smaller number counts seconds: as milliseconds it would be in 1973 at the latest."""
LONGEST = 64
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ZONE = re.compile(r"\[[A-Za-z0-9_+/:-]*\]$")
_BLANK_OFFSET = re.compile(r" (?=[0-9]{2}:?[0-9]{2}$)")
_LEAP_SECOND = re.compile(r"([T ][0-9]{2}(:?)[0-9]{2}\2)60(?=[.,Z+-]|$)")
_MIDNIGHT = re.compile(r"([T ])24(?=(?::?00(?::?00(?:[.,]0+)?)?)?(?:[Z+-]|$))")
_COUNTED = re.compile(r"[0-9]{10}|[0-9]{13}")
_DATE = re.compile(r"[0-9]{4}-?[0-9]{2}-?[0-9]{2} *$")


def parse(text: str) -> int:
    """Milliseconds since 1970 of a moment; without an offset it is UTC. ValueError for what is none."""
    text = text.strip("\0 \t\r\n")
    if not text.isascii() or len(text) > LONGEST:
        raise ValueError("not a moment")
    text = text.upper()
    if _COUNTED.fullmatch(text):
        return counted(int(text))
    text = _ZONE.sub("", text)
    later = timedelta()
    if not _DATE.match(text):
        text = _BLANK_OFFSET.sub("+", text)
        text, leaps = _LEAP_SECOND.subn(r"\g<1>59", text)
        text, midnights = _MIDNIGHT.subn(r"\g<1>00", text)
        later = timedelta(seconds=leaps, days=midnights)
    found = datetime.fromisoformat(text)
    try:
        moment = (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC) + later
    except OverflowError as error:
        raise ValueError("beyond the calendar") from error
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def counted(number: float) -> int:
    """Milliseconds of a moment given as milliseconds, or as seconds, since 1970. ValueError for what is no number."""
    if isinstance(number, bool) or not math.isfinite(number):
        raise ValueError("not a moment")
    return int(number * 1000) if abs(number) < SECONDS_BELOW else int(number)


def read(value: object) -> int:
    """As `parse` for text, as `counted` for a number; ValueError for anything else."""
    if isinstance(value, str):
        return parse(value)
    if isinstance(value, (int, float)):
        return counted(value)
    raise ValueError("not a moment")
