"""Moments as Xyte writes them: ISO 8601 in UTC."""

from datetime import UTC, datetime


def render(at: int) -> str:
    """`at` is in ms."""
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
