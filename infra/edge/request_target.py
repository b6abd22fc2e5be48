"""The target of a client's request (RFC 9112, 3.2), as it may be asked of the API and of nothing else."""

import re
from urllib.parse import unquote

_ABSOLUTE = re.compile(r"https?://[^/?#\\]*", re.IGNORECASE)
_BETWEEN_SEGMENTS = re.compile(r"[/\\]")
_DOTS = frozenset({".", ".."})


class BadTarget(Exception):
    """The target names no path of the API."""


def origin_form(target: str) -> str:
    """Path and query, beginning with a slash.

    The host of an absolute target counts for nothing, as the one in `Host` does. Dot segments are refused, in whatever
    spelling: whoever resolved them behind us would leave the path that was looked at here. Raises BadTarget.
    """
    found = _ABSOLUTE.sub("", target, count=1) if _ABSOLUTE.match(target) else target
    if found != target and not found.startswith("/"):
        found = f"/{found}"
    if not found.startswith("/"):
        raise BadTarget("the target of a request is a path that begins with a slash")
    path = re.split(r"[?#]", found, maxsplit=1)[0]
    if _DOTS.intersection(_BETWEEN_SEGMENTS.split(unquote(path))):
        raise BadTarget("a path has no segments . and ..")
    return found
