"""API Gateway's REST API (version 1) with Lambda proxy integration, in front of a Chalice app.

The event and the answers follow the API Gateway developer guide ("Input format of a Lambda function for proxy
integration", "Important notes"): path parameters stay percent-encoded, repeated headers and query parameters come in
the multi-value maps with the last one in the single-value maps, an unknown route is 403, a body above 10 MB is 413,
unless gateway responses say otherwise ("Gateway response types").
A body is handed over as text unless its content type is one of the app's binary types; bytes that are no UTF-8 then
become U+FFFD each, as they do there, so that a handler which needs them exactly has to declare the type binary.

Headers are dropped and renamed as the table of "Important notes" says, a query is split at `;` too, `{name+}` takes all
that is left of a path, whose doubled slashes and slash at the end stay, and a body that is too long is told so in
Gateway's own words, which no gateway response changes ("Gateway response types").
"""

import base64
import json
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from http.client import responses
from typing import Any
from urllib.parse import parse_qsl

from chalice.app import Chalice

from chalicelib.web.application import ANY
from infra.local import gateway_headers
from infra.local.chalice_threads import make_current_request_thread_local
from infra.local.description import GatewayResponse
from infra.local.gateway_resources import Resources
from infra.local.http_server import RAW_HEADERS, StartResponse
from infra.local.lambda_context import LambdaContext

MAX_BODY = 10 * 1024 * 1024
"""Bytes of a request body that API Gateway still accepts."""

_ANY = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
"""What ANY stands for (API Gateway developer guide, "Set up a method request")."""
_TIMEOUT_S = 29.0  # API Gateway's integration timeout
_SHAPELESS = "REQUEST_TOO_LARGE"
"""The one gateway response that cannot be customized."""

_log = logging.getLogger(__name__)
PeerOf = Callable[[int], str | None]


@dataclass(frozen=True)
class _Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes
    length: tuple[tuple[str, str], ...] = ()
    """What the function says of it, which is told in answers to HEAD."""


@dataclass(frozen=True)
class _Refusal:
    """What API Gateway answers by itself unless it is told otherwise for this kind of case, or for its class."""

    kind: str
    status: int
    message: str
    error_type: str

    @property
    def kinds(self) -> tuple[str, str]:
        return self.kind, f"DEFAULT_{self.status // 100}XX"


_UNKNOWN_ROUTE = _Refusal(
    "MISSING_AUTHENTICATION_TOKEN", 403, "Missing Authentication Token", "MissingAuthenticationTokenException"
)
_TOO_LONG = _Refusal(_SHAPELESS, 413, "Request Too Long", "RequestTooLargeException")
_BROKEN_INTEGRATION = _Refusal("DEFAULT_5XX", 502, "Internal server error", "InternalServerErrorException")


class ApiGateway:
    """A WSGI application. `GET /health` is answered here: 200 when `ready()` and nothing is `failing()`, else 503."""

    def __init__(
        self,
        app: Chalice,
        *,
        function_arn: str,
        account: str,
        ready: Callable[[], bool],
        failing: Callable[[], Sequence[str]] = tuple,
        peer_of: PeerOf = lambda _port: None,
        responses: Sequence[GatewayResponse] = (),
        stage: str = "api",
    ) -> None:
        """`peer_of` gives the address behind a TLS-unwrapped connection from a local port, None for a plain one."""
        self._responses = {response.kind: response for response in responses}
        make_current_request_thread_local(app)
        self._app = app
        self._resources = Resources(app.routes)
        self._function_arn = function_arn
        self._account = account
        self._ready = ready
        self._failing = failing
        self._peer_of = peer_of
        self._stage = stage

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        context = LambdaContext(self._function_arn.rsplit(":", 1)[-1], self._function_arn, timeout=_TIMEOUT_S)
        answer = self._answer(environ, context)
        status = f"{answer.status} {responses.get(answer.status, 'Unknown')}"
        headers = [*answer.headers, ("x-amzn-RequestId", context.aws_request_id)]
        if environ["REQUEST_METHOD"] == "HEAD":
            start_response(status, [*headers, *answer.length])
            return []
        start_response(status, [*headers, ("Content-Length", str(len(answer.body)))])
        return [answer.body]

    def _answer(self, environ: dict[str, Any], context: LambdaContext) -> _Answer:
        path = _path(environ)
        method = environ["REQUEST_METHOD"]
        if path == "/health" and method in {"GET", "HEAD"}:
            return self._health()
        body = environ["wsgi.input"].read()
        if len(body) > MAX_BODY:
            return self._refuse(_TOO_LONG, context)
        matched = self._resources.match(path)
        if matched is None:
            return self._refuse(_UNKNOWN_ROUTE, context)
        route, parameters = matched
        served = self._app.routes[route]
        if method not in served and not (ANY in served and method in _ANY):
            preflight = self._preflight(route) if method == "OPTIONS" else None
            return preflight or self._refuse(_UNKNOWN_ROUTE, context)
        request = _Request(environ, path, method, route, parameters, body)
        return self._integrate(self._event(request, context), context)

    def _health(self) -> _Answer:
        if not self._ready():
            shown: dict[str, Any] = {"status": "STARTING"}
        elif failing := self._failing():
            shown = {"status": "DOWN", "failing": list(failing)}
        else:
            shown = {"status": "UP"}
        status = 200 if shown["status"] == "UP" else 503
        return _Answer(status, [("Content-Type", "application/json")], json.dumps(shown).encode())

    def _preflight(self, route: str) -> _Answer | None:
        """What Chalice deploys for a route with CORS: an OPTIONS method that API Gateway answers by itself."""
        with_cors = {method: entry for method, entry in self._app.routes[route].items() if entry.cors}
        if not with_cors:
            return None
        headers = dict(next(iter(with_cors.values())).cors.get_access_control_headers())
        headers["Access-Control-Allow-Methods"] = ",".join([*with_cors, "OPTIONS"])
        return _Answer(200, [("Content-Type", "application/json"), *headers.items()], b"")

    def _event(self, request: "_Request", context: LambdaContext) -> dict[str, Any]:
        forwarded = self._peer_of(int(request.environ.get("REMOTE_PORT") or 0))
        headers = request.headers(forwarded)
        query: dict[str, list[str]] = {}
        for part in request.environ.get("QUERY_STRING", "").split(";"):
            for name, value in parse_qsl(part, keep_blank_values=True, errors="replace"):
                query.setdefault(name, []).append(value)
        content_type = _first_type(_header(headers, "content-type"))
        binary = _is_binary(content_type, self._app.api.binary_types)
        return {
            "resource": request.route,
            "path": request.path,
            "httpMethod": request.method,
            "headers": {name: values[-1] for name, values in headers.items()},
            "multiValueHeaders": headers,
            "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
            "multiValueQueryStringParameters": query or None,
            "pathParameters": request.parameters,
            "stageVariables": None,
            "requestContext": self._request_context(request, context, forwarded, _header(headers, "user-agent")),
            "body": _encode_body(request.body, binary=binary),
            "isBase64Encoded": binary and bool(request.body),
        }

    def _request_context(
        self, request: "_Request", context: LambdaContext, forwarded: str | None, agent: str | None
    ) -> dict[str, Any]:
        now = time.time()
        return {
            "accountId": self._account,
            "apiId": "local",
            "domainName": request.environ.get("HTTP_HOST", "localhost").rsplit(":", 1)[0],
            "extendedRequestId": context.aws_request_id,
            "httpMethod": request.method,
            "identity": {
                "sourceIp": forwarded or request.environ.get("REMOTE_ADDR", "127.0.0.1"),
                "userAgent": agent,
                **dict.fromkeys(("accessKey", "accountId", "apiKey", "caller", "principalOrgId", "user", "userArn")),
            },
            "path": f"/{self._stage}{request.path}",
            "protocol": request.environ.get("SERVER_PROTOCOL", "HTTP/1.1"),
            "requestId": context.aws_request_id,
            "requestTime": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
            "requestTimeEpoch": int(now * 1000),
            "resourceId": "local",
            "resourcePath": request.route,
            "stage": self._stage,
        }

    def _integrate(self, event: dict[str, Any], context: LambdaContext) -> _Answer:
        try:
            return _render(self._app(event, context), event, self._app.api.binary_types)
        except Exception:  # noqa: BLE001  whatever a handler lets out, the caller gets 502
            _log.exception("%s %s: no usable answer", event["httpMethod"], event["path"])
            return self._refuse(_BROKEN_INTEGRATION, context)

    def _refuse(self, refusal: _Refusal, context: LambdaContext) -> _Answer:
        headers = [("Content-Type", "application/json"), ("x-amzn-ErrorType", refusal.error_type)]
        customized = () if refusal.kind == _SHAPELESS else refusal.kinds
        told = next((self._responses[kind] for kind in customized if kind in self._responses), None)
        if told is None:
            return _Answer(refusal.status, headers, json.dumps({"message": refusal.message}).encode())
        return _Answer(told.status or refusal.status, headers, told.body(context.aws_request_id, refusal.message))


@dataclass(frozen=True)
class _Request:
    environ: dict[str, Any]
    path: str
    method: str
    route: str
    parameters: dict[str, str] | None
    body: bytes

    def headers(self, forwarded: str | None) -> dict[str, list[str]]:
        """Names as sent, values in order; the forwarding headers are the gateway's own word, not the client's."""
        collected: dict[str, list[str]] = {}
        for name, value in self.environ[RAW_HEADERS]:
            if not gateway_headers.dropped_from_request(name):
                collected.setdefault(name, []).append(value)
        source = forwarded or self.environ.get("REMOTE_ADDR", "127.0.0.1")
        earlier = next((collected.pop(name) for name in list(collected) if name.lower() == "x-forwarded-for"), [])
        collected["X-Forwarded-For"] = [", ".join([*earlier, source])]
        collected["X-Forwarded-Proto"] = ["https" if forwarded else "http"]
        collected["X-Forwarded-Port"] = [str(self.environ.get("SERVER_PORT", ""))]
        return collected


def _path(environ: dict[str, Any]) -> str:
    """The path as it was sent, still percent-encoded, without scheme, host and query."""
    target = str(environ["REQUEST_URI"])
    if not target.startswith("/"):
        target = "/" + target.partition("://")[2].partition("/")[2]
    return target.partition("?")[0].partition("#")[0]


def _header(headers: dict[str, list[str]], wanted: str) -> str | None:
    return next((values[-1] for name, values in headers.items() if name.lower() == wanted), None)


def _first_type(value: str | None) -> str:
    return (value or "").partition(",")[0].partition(";")[0].strip().lower()


def _is_binary(content_type: str, binary_types: Iterable[str]) -> bool:
    if not content_type:
        return False
    main = content_type.partition("/")[0]
    return any(kind in {content_type, f"{main}/*", "*/*"} for kind in binary_types)


def _encode_body(body: bytes, *, binary: bool) -> str | None:
    if not body:
        return None
    return base64.b64encode(body).decode("ascii") if binary else body.decode("utf-8", "replace")


def _render(output: dict[str, Any], event: dict[str, Any], binary_types: Iterable[str]) -> _Answer:
    text = output.get("body") or ""
    accepted = _first_type(_header(event["multiValueHeaders"], "accept"))
    # a type of */* makes every answer binary, whatever the client says it accepts
    if output.get("isBase64Encoded") and (_is_binary(accepted, binary_types) or "*/*" in binary_types):
        body = base64.b64decode(text)
    else:
        body = text.encode("utf-8")
    multiple = {name.lower() for name in output.get("multiValueHeaders") or {}}
    headers = [
        (name, str(value)) for name, value in (output.get("headers") or {}).items() if name.lower() not in multiple
    ]
    headers += [
        (name, str(value)) for name, values in (output.get("multiValueHeaders") or {}).items() for value in values
    ]
    length = tuple((name, value) for name, value in headers if name.lower() == "content-length")
    headers = list(gateway_headers.answered(headers))
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", "application/json"))
    return _Answer(int(output["statusCode"]), headers, body, length)
