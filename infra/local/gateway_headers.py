"""What API Gateway does with headers (developer guide, "Amazon API Gateway important notes", REST APIs)."""

from collections.abc import Iterable, Iterator

Header = tuple[str, str]

_FROM_REQUESTS = frozenset(
    {
        "connection",
        "content-md5",
        "expect",
        "max-forwards",
        "proxy-authenticate",
        "server",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "via",
        # The gateway's own word, not the client's.
        "x-forwarded-port",
        "x-forwarded-proto",
    }
)
_FROM_ANSWERS = frozenset(
    {"content-length", "expect", "host", "proxy-authenticate", "te", "trailer", "transfer-encoding", "upgrade", "via"}
)
_RENAMED = frozenset(
    {
        "authorization",
        "connection",
        "content-md5",
        "date",
        "max-forwards",
        "server",
        "user-agent",
        "www-authenticate",
    }
)


def dropped_from_request(name: str) -> bool:
    """Whether a function never gets to see that header of a client."""
    return name.lower() in _FROM_REQUESTS


def answered(headers: Iterable[Header]) -> Iterator[Header]:
    """Those of a function's answer as the client sees them."""
    for name, value in headers:
        if name.lower() not in _FROM_ANSWERS:
            yield (f"x-amzn-Remapped-{name}" if name.lower() in _RENAMED else name, value)
