"""Parts of a file, as the header field Range asks for them (RFC 9110 14)."""

import re

_RANGE = re.compile(r"bytes=(\d{1,15})-(\d{0,15})|bytes=-(\d{1,15})", re.ASCII)


def span(asked: str | None, size: int) -> tuple[int, int] | None:
    """First and last byte, both included; None where there are no such bytes. What is no range asks for all."""
    found = _RANGE.fullmatch((asked or "").strip())
    if found is None or not size:
        return 0, size - 1
    first, last, final = found.groups()
    if final is not None:
        return (max(0, size - int(final)), size - 1) if int(final) else None
    end = min(int(last), size - 1) if last else size - 1
    if int(first) >= size:
        return None
    return (int(first), end) if int(first) <= end else (0, size - 1)
