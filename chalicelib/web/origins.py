"""Where the client asked: for addresses in answers, which must lead back to the same host."""

import re

from chalicelib.web.request import Request

HOST = re.compile(
    r"([A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252}[A-Za-z0-9_])?\.?|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?", re.ASCII
)
"""Names, addresses of IPv4, and in brackets those of IPv6 (RFC 3986 3.2.2), with a port or without."""
HERE = "localhost"


def origin(request: Request) -> str:
    """Scheme and host as the client asked, with the port, and what stands before its paths there.

    This machine where what it sent names no host.
    """
    return f"{scheme(request)}://{authority(request)}{request.base}"


def scheme(request: Request) -> str:
    return request.headers.get("x-forwarded-proto", "https")


def authority(request: Request) -> str:
    """Host and port alone."""
    host = request.headers.get("host", HERE)
    return host if HOST.fullmatch(host) else HERE


def host(request: Request) -> str:
    """The host without a port."""
    found = HOST.fullmatch(authority(request))
    return found[1] if found else HERE
