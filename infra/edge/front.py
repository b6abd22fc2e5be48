"""HTTP at the edge's host name: files for firmware, and every other path for the stage's API.

What the API answers with a redirect under `/dl/`, because Lambda cannot carry it, is fetched here: firmware takes none.
"""

import json
import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

import urllib3

from infra.edge.request_target import BadTarget, origin_form
from infra.local.http_server import RAW_HEADERS, Application, StartResponse
from infra.local.http_waiting import PeerOf

log = logging.getLogger(__name__)

DOWNLOADS = "/dl/"
MAX_BODY = 10 * 1024 * 1024 + 1
"""API Gateway takes 10 MB."""
_NEARLY_NONE = 4_096
"""A request for a file has no body, and chunks of one cost more to read than to send."""
_CHUNK = 64 * 1024
_TEMPORARY_REDIRECT = 307
_CONNECT_S, _READ_S = 5.0, 35.0
_HOP_BY_HOP = {
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-forwarded-for",
}


class Front:
    """A WSGI application in front of `api`, the base URL of the stage's API.

    Without `everything` it serves downloads alone, as on a port without TLS, where nobody should send a key.
    """

    def __init__(self, api: str, *, everything: bool, peer_of: PeerOf = lambda _port: None) -> None:
        self.max_body = MAX_BODY if everything else _NEARLY_NONE
        self._base = urlsplit(api).path.rstrip("/")
        self._everything = everything
        self._peer_of = peer_of
        self._pool = urllib3.PoolManager(
            maxsize=32, retries=False, timeout=urllib3.Timeout(connect=_CONNECT_S, read=_READ_S)
        )
        # Connections to this host alone: what a client asks for is a path there, and no part of a URL.
        self._api = self._pool.connection_from_url(api)

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        method = environ["REQUEST_METHOD"]
        try:
            target = origin_form(str(environ["REQUEST_URI"]))
        except BadTarget as error:
            return _refuse(start_response, "400 Bad Request", str(error))
        download = target.startswith(DOWNLOADS)
        if download and method not in {"GET", "HEAD"}:
            return _refuse(start_response, "405 Method Not Allowed", "a file can be fetched, and nothing else")
        if not download and not self._everything:
            return _refuse(start_response, "403 Forbidden", "without TLS there is nothing but /dl/ here")
        try:
            answer = self._ask(environ, method, target)
            if download and answer.status == _TEMPORARY_REDIRECT:
                answer = self._follow(answer, method)
        except urllib3.exceptions.HTTPError as error:
            log.warning("the stage's API was not reached: %s", error)
            return _refuse(start_response, "502 Bad Gateway", "the platform is not reached at the moment")
        start_response(f"{answer.status} {answer.reason or ''}".strip(), list(_kept(answer.headers.items())))
        return [] if method == "HEAD" else _body(answer)

    def _ask(self, environ: dict[str, Any], method: str, target: str) -> urllib3.BaseHTTPResponse:
        headers = urllib3.HTTPHeaderDict()
        for name, value in environ[RAW_HEADERS]:
            if name.lower() not in _HOP_BY_HOP:
                headers.add(name, value)
        peer = self._peer_of(int(environ.get("REMOTE_PORT") or 0)) or environ.get("REMOTE_ADDR", "")
        headers.add("X-Forwarded-For", peer)
        body = environ["wsgi.input"].read()
        return self._api.urlopen(method, self._base + target, body=body or None, headers=headers, **_AS_IT_IS)

    def _follow(self, answer: urllib3.BaseHTTPResponse, method: str) -> urllib3.BaseHTTPResponse:
        answer.drain_conn()
        # A URL that is signed for GET opens with nothing else.
        file = self._pool.request("GET", answer.headers["Location"], **_AS_IT_IS)
        if method == "HEAD":
            file.close()
        return file


_AS_IT_IS: dict[str, Any] = {"redirect": False, "preload_content": False, "decode_content": False}


def _kept(headers: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    for name, value in headers:
        if name.lower() not in _HOP_BY_HOP - {"content-length"}:
            yield name, value


def _body(answer: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    try:
        yield from answer.stream(_CHUNK, decode_content=False)
    finally:
        answer.release_conn()


def _refuse(start_response: StartResponse, status: str, message: str) -> list[bytes]:
    body = json.dumps({"message": message}).encode()
    start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def with_health(application: Application, failing: Callable[[], list[str]]) -> Application:
    """The same, and `GET /health`: 200 when nothing fails, else 503 with the names of what does."""

    def answered(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] != "/health":
            return application(environ, start_response)
        found = failing()
        shown: dict[str, Any] = {"status": "DOWN", "failing": found} if found else {"status": "UP"}
        body = json.dumps(shown).encode()
        status = "503 Service Unavailable" if found else "200 OK"
        start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]

    return answered
