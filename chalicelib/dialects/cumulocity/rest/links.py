"""Addresses in answers: of the host that the client asked, by the way that the gateway says it came."""

import re
from collections.abc import Mapping
from urllib.parse import quote, urlencode

from chalicelib.dialects.cumulocity.errors import BadRequest
from chalicelib.web.request import Request

_HOST = re.compile(
    r"([A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252}[A-Za-z0-9_])?\.?|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?", re.ASCII
)
"""Names, addresses of IPv4, and in brackets those of IPv6 (RFC 3986 3.2.2), with a port or without."""
_HERE = "localhost"


def ensure_host(request: Request) -> None:
    """Errors: BadRequest (what is in the Host field is none, and would stand in every address of the answer)."""
    host = request.headers.get("host", _HERE)
    if _HOST.fullmatch(host) is None:
        raise BadRequest("the field Host is no name of a host")


def to(request: Request, *segments: str, query: Mapping[str, str] | None = None) -> str:
    scheme = request.headers.get("x-forwarded-proto", "https")
    host = request.headers.get("host", _HERE)
    path = "/".join(quote(segment, safe="") for segment in segments)
    asked = f"?{urlencode(query)}" if query else ""
    return f"{scheme}://{host if _HOST.fullmatch(host) else _HERE}/{path}{asked}"
