"""The public REST API, as any client of it sees it."""

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from infra.client.problems import Refused, Unreachable, Unusable

PAGE = 1000
"""Items that are asked for at once."""
_ANSWERS_WITHIN_S = 60
_SHOWN = 300


@dataclass(frozen=True, slots=True)
class Place:
    """Where a tenant is served, and the key that opens it.

    `ca` is a file with the certificates to trust in place of the system's; `mqtt` is host and port of MQTT over TLS.
    """

    url: str
    key: str = field(repr=False)
    ca: str | None = None
    mqtt: tuple[str, int] | None = None


class Api:
    """Calls raise Refused, Unreachable and Unusable."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._opener: urllib.request.OpenerDirector | None = None

    def get(self, path: str, **query: Any) -> Any:
        return self.call("GET", path, query=query)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """The body of the answer, None where it has none. Entries of `query` that are None are left out."""
        request = urllib.request.Request(  # noqa: S310 - profiles take http and https alone
            self.place.url + path + _query(query or {}),
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"X-API-Key": self.place.key, "User-Agent": "homeport", **(headers or {})},
        )
        if body is not None:
            request.add_header("Content-Type", "application/json")
        return _parsed(self._sent(request), request.full_url)

    def pages(self, path: str, **query: Any) -> Iterator[Any]:
        """All items of a list that goes on after the id of the last one."""
        limit = query.pop("limit", None)
        left, bookmark = limit, None
        while left is None or left > 0:
            size = PAGE if left is None else min(PAGE, left)
            page = self.get(path, **query, limit=size, bookmarkId=bookmark)
            yield from page
            if len(page) < size:
                return
            bookmark = page[-1]["id"]
            left = None if left is None else left - len(page)

    def numbered(self, path: str, **query: Any) -> Iterator[Any]:
        """All items of a list that comes as numbered pages."""
        number = 0
        while True:
            page = self.get(path, **query, page=number, size=PAGE)
            yield from page["data"]
            number += 1
            if number * PAGE >= page["totalCount"]:
                return

    def _sent(self, request: urllib.request.Request) -> bytes:
        try:
            with self._open(request) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                raise _refusal(error.code, error.read()) from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            host = urlsplit(self.place.url).netloc
            raise Unreachable(f"{host} cannot be reached: {_reason(error)}") from None

    def _open(self, request: urllib.request.Request) -> Any:
        if self._opener is None:
            handlers: list[urllib.request.BaseHandler] = [_Straight()]
            if self.place.url.startswith("https:"):
                import ssl

                handlers.append(urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=self.place.ca)))
            self._opener = urllib.request.build_opener(*handlers)
        return self._opener.open(request, timeout=_ANSWERS_WITHIN_S)


class _Straight(urllib.request.HTTPRedirectHandler):
    """Goes nowhere else: the key is for the one host that it was given for."""

    def redirect_request(self, *_: Any) -> None:
        return None


def device_path(device: str, *further: str) -> str:
    return path("/api/v1/deviceMgt/devices", device, *further)


def path(root: str, *segments: str) -> str:
    """A path below `root`, whose further segments are encoded. Errors: Unusable (one is empty, or no UTF-8)."""
    if not all(segments):
        raise Unusable("an empty name is nobody's")
    return "/".join([root, *(quote(sendable(segment), safe=":") for segment in segments)])


def sendable(text: str) -> str:
    """The same. Errors: Unusable (bytes of a command line that are no UTF-8)."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Unusable(f"{text!r} is not UTF-8") from None
    return text


def _query(query: Mapping[str, Any]) -> str:
    given = {
        name: sendable(str(value).lower() if isinstance(value, bool) else str(value))
        for name, value in query.items()
        if value is not None
    }
    return f"?{urlencode(given)}" if given else ""


def _parsed(content: bytes, url: str) -> Any:
    if not content:
        return None
    try:
        return json.loads(content)
    except ValueError:
        raise Unreachable(f"{url} answers with no JSON: this is no Homeport") from None


def _refusal(status: int, content: bytes) -> Refused:
    try:
        said = json.loads(content)
        message, code = said["message"], said.get("code", "")
    except (ValueError, TypeError, KeyError, AttributeError):
        message, code = content.decode(errors="replace").strip()[:_SHOWN] or http.client.responses.get(status, ""), ""
    return Refused(status, str(code), str(message))


def _reason(error: BaseException) -> str:
    if isinstance(error, urllib.error.URLError):
        return _reason(error.reason) if isinstance(error.reason, BaseException) else str(error.reason)
    if isinstance(error, TimeoutError):
        return "it does not answer in time"
    return str(getattr(error, "strerror", None) or error) or type(error).__name__
