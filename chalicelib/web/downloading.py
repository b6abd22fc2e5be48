"""`/dl/{token}`: files for firmware that takes no redirect, needs a Content-Length and knows no range.

Lambda answers 6 MB at most. A file that does not fit is fetched in ranges (RFC 9110 14), or, by whoever follows a
redirect, from the object store; an edge does that for its clients.
"""

from collections.abc import Mapping
from dataclasses import field

from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.resources import links
from chalicelib.fleet.resources.records import CARRIED, Link
from chalicelib.web import plain, ranges
from chalicelib.web.refusals import RouteNotFound
from chalicelib.web.request import Answer, Raw, Request
from chalicelib.web.routes import Route

_ELSEWHERE_VALID = 300
_OCTETS = "application/octet-stream"
_BYTES = {
    "Accept-Ranges": "bytes",
    "Cache-Control": "private, no-transform",
    # API Gateway compresses what names no encoding for clients that would take it, and with that the length is lost.
    "Content-Encoding": "identity",
}


@dataclass(frozen=True, slots=True)
class Download:
    """`length` is that of the body, which a HEAD does not get to see."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    length: int = 0


def download(ports: Ports, token: str, asked: str | None, *, only_headers: bool = False) -> Download:
    """The file, or the part of it that a Range header `asked` for. Errors: RouteNotFound, FileNotFoundError."""
    link = links.find(ports, token)
    if link is None:
        raise RouteNotFound("this link does not exist, or is no longer valid")
    span = ranges.span(asked, link.size)
    if span is None:
        return Download(416, {"Content-Range": f"bytes */{link.size}"})
    first, last = span
    whole = last - first + 1 == link.size
    if whole and link.size > CARRIED:
        return Download(307, {"Location": ports.files.download_url(link.file, _ELSEWHERE_VALID)})
    last = min(last, first + CARRIED - 1)
    length = last - first + 1
    body = ports.files.read(link.file, first, last) if length and not only_headers else b""
    ranged = {} if whole else {"Content-Range": f"bytes {first}-{last}/{link.size}"}
    return Download(200 if whole else 206, {**_BYTES, **_described(link), **ranged}, body, length)


def serve(ports: Ports, request: Request) -> Answer:
    only_headers = request.method == "HEAD"
    try:
        found = download(ports, request.path["token"], request.headers.get("range"), only_headers=only_headers)
    except FileNotFoundError:
        raise RouteNotFound("the file of this link was deleted") from None
    headers = {**found.headers, "Content-Length": str(found.length)}
    return Answer(Raw(found.body, _OCTETS), found.status, headers)


PREFIX = links.PATH.rstrip("/")
API = plain.api("downloads", (PREFIX,), (Route("GET", f"{PREFIX}/{{token}}", serve, "Fetch a file", public=True),))


def _described(link: Link) -> dict[str, str]:
    return {"ETag": f'"{link.md5}"'}
