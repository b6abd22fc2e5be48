"""Addresses in answers: of the host that the client asked, by the way that the gateway says it came."""

from collections.abc import Mapping
from urllib.parse import quote, urlencode

from chalicelib.dialects.cumulocity.errors import BadRequest
from chalicelib.web import origins
from chalicelib.web.request import Request


def ensure_host(request: Request) -> None:
    """Errors: BadRequest (what is in the Host field is none, and would stand in every address of the answer)."""
    host = request.headers.get("host", origins.HERE)
    if origins.HOST.fullmatch(host) is None:
        raise BadRequest("the field Host is no name of a host")


def to(request: Request, *segments: str, query: Mapping[str, str] | None = None) -> str:
    path = "/".join(quote(segment, safe="") for segment in segments)
    asked = f"?{urlencode(query)}" if query else ""
    return f"{origins.origin(request)}/{path}{asked}"
