"""The HTTP interface of `iot-data` (paths, query names and errors of its service model, 2015-05-28) as a WSGI app.

Signatures are not checked: the port belongs to the developer's own machine.
"""

import base64
import json
import logging
from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qsl, unquote_to_bytes

from . import request_properties
from .data_plane import (
    TIMEOUT_DEFAULT,
    DataPlaneError,
    InternalFailureException,
    InvalidRequestException,
    MethodNotAllowedException,
    RequestEntityTooLargeException,
    ResourceNotFoundException,
    ThrottlingException,
)
from .limits import Meter
from .properties import Properties
from .settings import Settings

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

log = logging.getLogger(__name__)

_PAGE_DEFAULT = 20
_PAGE_MAX = 200
_BODY_MAX = 4 * 1024 * 1024


class Operations(Protocol):
    """What the interface serves: `IotCore`."""

    settings: Settings

    def publish(
        self,
        topic: str,
        payload: bytes,
        qos: int = 0,
        *,
        retain: bool = False,
        properties: Properties | None = None,
    ) -> None: ...
    def send_direct_message(
        self,
        client_id: str,
        topic: str,
        payload: bytes,
        *,
        confirmation: bool = False,
        timeout: int = TIMEOUT_DEFAULT,
        properties: Properties | None = None,
    ) -> str: ...
    def get_connection(self, client_id: str, *, include_socket: bool = False) -> dict[str, Any]: ...
    def list_subscriptions(self, client_id: str) -> list[dict[str, Any]]: ...
    def delete_connection(self, client_id: str, *, clean_session: bool = False, prevent_will: bool = False) -> None: ...
    def get_retained_message(self, topic: str) -> dict[str, Any]: ...
    def list_retained_messages(self) -> list[dict[str, Any]]: ...


class _Request:
    """One request; `path` is percent-encoded, as a client id may hold a slash."""

    def __init__(self, environ: "WSGIEnvironment") -> None:
        self.method = str(environ["REQUEST_METHOD"])
        raw = environ.get("REQUEST_URI") or environ.get("RAW_URI")
        if raw is not None:
            self.path = str(raw).partition("?")[0]
        else:
            self.path = str(environ.get("PATH_INFO", "")).encode("latin-1").decode("utf-8", "replace")
        self.query = dict(parse_qsl(str(environ.get("QUERY_STRING", "")), keep_blank_values=True))
        self._environ = environ

    def body(self) -> bytes:
        length = str(self._environ.get("CONTENT_LENGTH") or "0")
        if not length.isdigit():
            raise InvalidRequestException("Content-Length is not a number")
        if int(length) > _BODY_MAX:
            raise RequestEntityTooLargeException("the payload is too large")
        return bytes(self._environ["wsgi.input"].read(int(length)))

    def flag(self, name: str) -> bool:
        value = self.query.get(name, "false").lower()
        if value not in ("true", "false"):
            raise InvalidRequestException(f"{name} is true or false")
        return value == "true"

    def number(self, name: str, default: int) -> int:
        value = self.query.get(name)
        if value is None:
            return default
        try:
            return int(value)
        except ValueError:
            raise InvalidRequestException(f"{name} is a whole number") from None

    def properties(self) -> Properties | None:
        return request_properties.read(self.query, self._environ)

    def page(self, items: list[dict[str, Any]], key: str) -> dict[str, Any]:
        """A page of `items`, ordered by `key`; the token is the last key given."""
        size = self.number("maxResults", _PAGE_DEFAULT)
        if not 1 <= size <= _PAGE_MAX:
            raise InvalidRequestException(f"maxResults is 1 to {_PAGE_MAX}")
        after = self._token()
        rest = [item for item in items if after is None or item[key] > after]
        page = {"items": rest[:size]}
        if len(rest) > size:
            page["nextToken"] = base64.urlsafe_b64encode(rest[size - 1][key].encode()).decode()  # type: ignore[assignment]
        return page

    def _token(self) -> str | None:
        token = self.query.get("nextToken")
        if token is None:
            return None
        try:
            return base64.b64decode(token, altchars=b"-_", validate=True).decode()
        except ValueError:
            raise InvalidRequestException("nextToken is not one of ours") from None


Answer = dict[str, Any] | None


class IotData:
    def __init__(self, operations: Operations) -> None:
        self._operations = operations
        self._account_meters: dict[str, Meter] = {}
        self._client_meters: dict[tuple[str, str], Meter] = {}

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request; an error has the model's name in `x-amzn-errortype`."""
        headers = [("Content-Type", "application/json"), ("x-amzn-RequestId", self._operations.settings.new_id())]
        try:
            answer, status = self._answer(_Request(environ)), HTTPStatus.OK
        except DataPlaneError as error:
            answer, status = {"message": str(error)}, error.status
            headers.append(("x-amzn-errortype", type(error).__name__))
        except Exception:
            log.exception("%s %s", environ.get("REQUEST_METHOD"), environ.get("PATH_INFO"))
            answer, status = {"message": "internal failure"}, HTTPStatus.INTERNAL_SERVER_ERROR
            headers.append(("x-amzn-errortype", InternalFailureException.__name__))
        body = b"" if answer is None else json.dumps(answer).encode()
        headers.append(("Content-Length", str(len(body))))
        start_response(f"{status.value} {status.phrase}", headers)
        return [body]

    def _answer(self, request: _Request) -> Answer:
        room, _, rest = request.path.lstrip("/").partition("/")
        if room == "topics":
            return self._publish(request, rest)
        if room == "connections":
            return self._connections(request, rest)
        if room == "retainedMessage":
            return self._retained(request, rest)
        raise ResourceNotFoundException(f"no operation at {request.path}")

    def _publish(self, request: _Request, topic: str) -> Answer:
        _only(request, "POST")
        qos = request.number("qos", 0)
        properties = request.properties()
        retain = request.flag("retain")
        self._operations.publish(_decoded(topic), request.body(), qos, retain=retain, properties=properties)
        return None

    def _connections(self, request: _Request, rest: str) -> Answer:
        if request.method == "POST":
            client_id, slash, room = rest.rpartition("/")
            if not slash or room != "messages":
                raise ResourceNotFoundException(f"no operation at {request.path}")
            return self._send_direct_message(request, _decoded(client_id))
        if request.method == "DELETE":
            client_id = _decoded(rest)
            self._throttle("DeleteConnection", client_id)
            self._operations.delete_connection(
                client_id,
                clean_session=request.flag("cleanSession"),
                prevent_will=request.flag("preventWillMessage"),
            )
            return None
        _only(request, "GET")
        client_id, slash, room = rest.rpartition("/")
        if slash and room == "subscriptions":
            return self._list_subscriptions(request, _decoded(client_id))
        self._throttle("GetConnection", _decoded(rest))
        include_socket = request.flag("includeSocketInformation")
        return self._operations.get_connection(_decoded(rest), include_socket=include_socket)

    def _send_direct_message(self, request: _Request, client_id: str) -> Answer:
        topic = request.query.get("topic")
        if topic is None:
            raise InvalidRequestException("topic is missing")
        trace_id = self._operations.send_direct_message(
            client_id,
            topic,
            request.body(),
            confirmation=request.flag("confirmation"),
            timeout=request.number("timeout", TIMEOUT_DEFAULT),
            properties=request.properties(),
        )
        return {"message": "OK", "traceId": trace_id}

    def _list_subscriptions(self, request: _Request, client_id: str) -> Answer:
        self._throttle("ListSubscriptions", client_id)
        page = request.page(self._operations.list_subscriptions(client_id), "topicFilter")
        return {"subscriptions" if name == "items" else name: value for name, value in page.items()}

    def _retained(self, request: _Request, topic: str) -> Answer:
        _only(request, "GET")
        if not topic:
            page = request.page(self._operations.list_retained_messages(), "topic")
            return {"retainedTopics" if name == "items" else name: value for name, value in page.items()}
        message = self._operations.get_retained_message(_decoded(topic))
        answer = message | {"payload": base64.b64encode(message["payload"]).decode()}
        if "userProperties" in message:
            told = json.dumps(message["userProperties"]).encode()
            answer["userProperties"] = base64.b64encode(told).decode()
        return answer

    def _throttle(self, operation: str, client_id: str) -> None:
        """One call a second and client id, 100 a second for the account: for each of the three operations."""
        limits, now = self._operations.settings.limits, self._operations.settings.monotonic()
        account = self._account_meters.setdefault(operation, Meter(limits.connection_api_per_account))
        client = self._client_meters.setdefault((operation, client_id), Meter(limits.connection_api_per_client))
        if not client.admit(now) or not account.admit(now):
            raise ThrottlingException(f"{operation}: too many requests")
        if len(self._client_meters) > 10_000:  # noqa: PLR2004 - only bounds memory
            self._client_meters = {key: meter for key, meter in self._client_meters.items() if not meter.idle(now)}


def _only(request: _Request, method: str) -> None:
    if request.method != method:
        raise MethodNotAllowedException(f"{request.method} is not possible here")


def _decoded(part: str) -> str:
    try:
        return unquote_to_bytes(part).decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidRequestException("the path is not UTF-8") from None
