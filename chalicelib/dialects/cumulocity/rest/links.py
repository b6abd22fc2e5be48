"""Addresses in answers: of the host that the client asked, by the way that the gateway says it came."""

from collections.abc import Mapping
from urllib.parse import quote, urlencode

from chalicelib.web.request import Request


def to(request: Request, *segments: str, query: Mapping[str, str] | None = None) -> str:
    scheme = request.headers.get("x-forwarded-proto", "https")
    host = request.headers.get("host", "localhost")
    path = "/".join(quote(segment, safe="") for segment in segments)
    asked = f"?{urlencode(query)}" if query else ""
    return f"{scheme}://{host}/{path}{asked}"
