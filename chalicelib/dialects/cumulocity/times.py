"""Moments as Cumulocity writes them: ISO 8601 in UTC with milliseconds and `Z`."""

from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.fleet import times
from chalicelib.fleet.errors import Invalid

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_FIRST = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // _MILLISECOND
_LAST = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MILLISECOND


def within(at: int) -> int:
    """The moment (ms), or the end of the calendar that it is beyond: other dialects take any number for one."""
    return min(max(at, _FIRST), _LAST)


def render(at: int) -> str:
    """From milliseconds."""
    return (_EPOCH + within(at) * _MILLISECOND).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse(said: Any, field: str) -> int:
    """Milliseconds; a moment without a zone is UTC, a date alone its beginning. Errors: Invalid."""
    try:
        return times.parse(said if isinstance(said, str) else "")
    except ValueError:
        raise Invalid(f"{field} is a date and time in ISO 8601, not {str(said)[:64]}", field) from None
