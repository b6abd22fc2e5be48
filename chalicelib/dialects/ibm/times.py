"""Times as IBM writes them: ISO 8601 in UTC, with milliseconds and `Z`."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)


def render(at: int) -> str:
    moment = _EPOCH + timedelta(milliseconds=min(max(at, 0), _LAST))
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def with_offset(at: int) -> str:
    """The same with `+0000`, which the last-event cache writes."""
    return f"{render(at)[:-1]}+0000"
