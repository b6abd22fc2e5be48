"""Times as Live Objects writes them: ISO 8601 in UTC with milliseconds and `Z`."""

from datetime import UTC, datetime, timedelta

from chalicelib.fleet import times
from chalicelib.fleet.errors import Invalid

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)


def render(at: int) -> str:
    moment = _EPOCH + timedelta(milliseconds=min(max(at, 0), _LAST))
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def parse(said: str | float, field: str) -> int:
    """Milliseconds of a moment in ISO 8601, or of a number; without an offset it is UTC. Errors: Invalid."""
    try:
        return times.read(said)
    except ValueError:
        raise Invalid(f"{field} is a date and time in ISO 8601, not {str(said)[:64]}", field) from None


def parse_optional(said: str | float | None, field: str) -> int | None:
    return None if said is None or said == "" else parse(said, field)
