"""Signing in to the console of a local stack by a link: its code works once, for a minute, from this machine.

Whoever has the API key of the stack gets another one in the same way.
"""

import hmac
import ipaddress
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from infra.local.http_server import RAW_HEADERS, Application, StartResponse

PATH = "/console/once"
LASTS_S = 60.0
_MOST_BODY = 4096
PeerOf = Callable[[int], str | None]


class OneTimeSignIn:
    """A WSGI application in front of another, which serves all but PATH."""

    def __init__(
        self,
        application: Application,
        api_key: Callable[[], str],
        *,
        peer_of: PeerOf = lambda _port: None,
        now: Callable[[], float] = time.monotonic,
        chance: Callable[[], str] = secrets.token_urlsafe,
    ) -> None:
        """`peer_of` gives the address behind a TLS-unwrapped connection from a local port, None for a plain one."""
        self._application = application
        self._api_key = api_key
        self._peer_of = peer_of
        self._now = now
        self._chance = chance
        self._codes: dict[str, float] = {}
        self._lock = threading.Lock()

    def code(self) -> str:
        """A code that signs in from now on."""
        made = self._chance()
        with self._lock:
            self._codes = {code: end for code, end in self._codes.items() if end > self._now()}
            self._codes[made] = self._now() + LASTS_S
        return made

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"].rstrip("/") != PATH or environ["REQUEST_METHOD"] != "POST":
            return self._application(environ, start_response)
        status, body = self._answer(environ)
        content = json.dumps(body).encode()
        headers = [("Content-Type", "application/json"), ("Cache-Control", "no-store")]
        start_response(f"{status.value} {status.phrase}", [*headers, ("Content-Length", str(len(content)))])
        return [content]

    def _answer(self, environ: dict[str, Any]) -> tuple[HTTPStatus, dict[str, str]]:
        if not self._is_local(environ):
            return HTTPStatus.FORBIDDEN, _refusal("FORBIDDEN", "one signs in by a link on the stack's own machine only")
        presented = next((v for name, v in environ[RAW_HEADERS] if name.lower() == "x-api-key"), None)
        if presented is not None:
            if not hmac.compare_digest(presented.encode(), self._api_key().encode()):
                return HTTPStatus.UNAUTHORIZED, _refusal("UNAUTHORIZED", "this is not the API key of this stack")
            return HTTPStatus.OK, {"code": self.code()}
        if not self._taken(_code(environ["wsgi.input"].read(_MOST_BODY))):
            return HTTPStatus.UNAUTHORIZED, _refusal("UNAUTHORIZED", "this link was used, or its minute is over")
        return HTTPStatus.OK, {"apiKey": self._api_key()}

    def _taken(self, code: str) -> bool:
        with self._lock:
            end = self._codes.pop(code, None)
        return end is not None and end > self._now()

    def _is_local(self, environ: dict[str, Any]) -> bool:
        """Whether this machine asks, by a name of its own: a page of another site may make its host name lead here."""
        peer = self._peer_of(int(environ.get("REMOTE_PORT") or 0)) or environ.get("REMOTE_ADDR", "")
        host = environ.get("HTTP_HOST", "")
        origin = environ.get("HTTP_ORIGIN")
        try:
            own = origin is None or urlsplit(origin).netloc == host
            named = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        return own and _is_loopback(peer) and _is_loopback(named)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _code(body: bytes) -> str:
    try:
        read = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    code = read.get("code") if isinstance(read, dict) else None
    return code if isinstance(code, str) else ""


def _refusal(code: str, message: str) -> dict[str, str]:
    return {"code": code, "message": message}
