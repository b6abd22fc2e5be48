"""Times as Live Objects writes them: ISO 8601 in UTC with milliseconds and `Z`."""

import re
from datetime import UTC, datetime, timedelta

from chalicelib.fleet.errors import Invalid

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)
_BLANK_OFFSET = re.compile(r" (?=\d\d:?\d\d$)")


def render(at: int) -> str:
    moment = _EPOCH + timedelta(milliseconds=min(max(at, 0), _LAST))
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def parse(text: str, field: str) -> int:
    """Milliseconds of a moment in ISO 8601; without an offset it is UTC. Errors: Invalid."""
    try:
        # In a query string the + of an offset arrives as a blank.
        moment = datetime.fromisoformat(_BLANK_OFFSET.sub("+", text.strip()))
        return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH) // timedelta(milliseconds=1)
    except (ValueError, OverflowError):
        raise Invalid(f"{field} is a date and time in ISO 8601, not {text[:64]}", field) from None


def parse_optional(text: str | None, field: str) -> int | None:
    return parse(text, field) if text else None
