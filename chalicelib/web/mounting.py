"""Routes onto Chalice, which is left nothing to decide.

Chalice would turn an exception of ours into its own 500, answer a content type it does not know by itself, refuse
clients that send no Accept, and leave unknown paths to API Gateway. Views here never raise, accept every content type
and know what was asked for; unknown paths and methods below a dialect's prefix are routes too.
"""

import base64
import binascii
import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.ports import Ports
from chalicelib.web import cors, json_text
from chalicelib.web.refusals import MethodNotAllowed, RouteNotFound
from chalicelib.web.request import Answer, Headers, Query, Request
from chalicelib.web.routes import Api, Route
from chalicelib.web.serving import explained, serve

if TYPE_CHECKING:
    from chalice.app import Blueprint

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_PREFLIGHT = "OPTIONS"
_NO_CONTENT = 204
DEPTH = 8
"""How many segments below a dialect's prefix an unknown path may have to get the vendor's own 404."""

LARGEST = 4_600_000
"""Bytes of an answer: a Lambda function's has at most 6 MB, and the biggest are encoded in base64 on the way."""
_REPLACEMENT = "\ufffd"

View = Callable[[Ports, Mapping[str, Any]], Answer]


def blueprint(api: Api, ports: Callable[[], Ports], origins: Collection[str] | None = None) -> "Blueprint":
    """What `app.register_blueprint` takes; `ports` is called at the first request, not before.

    `origins` are those of other sites whose pages may ask; the operator's where none are given.
    """
    from chalice.app import Blueprint

    made = Blueprint(__name__)
    allowed = cors.origins(os.environ.get(cors.SETTING, "")) if origins is None else origins
    for (method, path), view in views(api, allowed).items():
        made.route(path, methods=[method], content_types=[])(_chalice_view(api, made, view, ports, allowed))
    return made


def views(api: Api, origins: Collection[str] = ()) -> dict[tuple[str, str], View]:
    """Everything that is served, by method and path: the routes, then what refuses the rest in the vendor's shape."""
    served: dict[tuple[str, str], View] = {(r.method, r.path): _serving(api, r) for r in api.routes}
    for route in api.routes:
        if route.method == "GET":
            served["HEAD", route.path] = _without_body(served["GET", route.path])
    for path in dict.fromkeys(route.path for route in api.routes):
        allowed = ", ".join(method for method in METHODS if (method, path) in served)
        for method in METHODS:
            served.setdefault((method, path), _refusing_method(api, allowed))
        served[_PREFLIGHT, path] = _preflight(allowed, origins)
    for path in _unknown_paths(api.prefix):
        for method in (*METHODS, _PREFLIGHT):
            served.setdefault((method, path), _refusing_path(api))
    return served


def request_of(event: Mapping[str, Any]) -> Request:
    """The request in an event of API Gateway's Lambda proxy integration. Errors: Invalid."""
    headers, context = event.get("headers") or {}, event.get("requestContext") or {}
    return Request(
        method=event["httpMethod"],
        path={name: _unquoted(value) for name, value in (event.get("pathParameters") or {}).items()},
        query=Query(event.get("multiValueQueryStringParameters")),
        headers=Headers(headers),
        raw=_raw(event),
        trace=context.get("requestId"),
        address=str((context.get("identity") or {}).get("sourceIp") or ""),
    )


def _unquoted(value: str) -> str:
    """API Gateway hands path parameters over still encoded."""
    try:
        return unquote(value, errors="strict")
    except UnicodeDecodeError:
        raise Invalid("the path is not UTF-8", "path") from None


def _raw(event: Mapping[str, Any]) -> bytes:
    body = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        # API Gateway decoded it by itself and leaves this where bytes were no UTF-8.
        if _REPLACEMENT in body:
            raise Invalid(f"the body is not UTF-8: wrong character at {body.index(_REPLACEMENT)}", json_text.BODY)
        return str(body).encode(errors="replace")
    try:
        return base64.b64decode(body)
    except binascii.Error:
        raise Invalid("the body cannot be read", json_text.BODY) from None


def _serving(api: Api, route: Route) -> View:
    def view(ports: Ports, event: Mapping[str, Any]) -> Answer:
        try:
            request = request_of(event)
        except Invalid as error:
            return explained(api, ports, error, route.path)
        return serve(api, route, ports, request)

    return view


def _refusing_method(api: Api, allowed: str) -> View:
    def view(ports: Ports, event: Mapping[str, Any]) -> Answer:
        error = MethodNotAllowed(f"{event['httpMethod']} is not among {allowed}", {"Allow": allowed})
        return explained(api, ports, error, "")

    return view


def _without_body(view: View) -> View:
    """HEAD (RFC 9110 9.3.2)."""

    def head(ports: Ports, event: Mapping[str, Any]) -> Answer:
        answer = view(ports, event)
        typed = {"Content-Type": "application/json"} if answer.body is not None else {}
        return replace(answer, body=None, headers={**typed, **answer.headers})

    return head


def _preflight(methods: str, origins: Collection[str]) -> View:
    def view(_ports: Ports, event: Mapping[str, Any]) -> Answer:
        sent = Headers(event.get("headers") or {})
        granted = cors.preflight(sent.get("origin"), sent.get("access-control-request-headers"), methods, origins)
        return Answer(status=_NO_CONTENT, headers={"Allow": f"{methods}, {_PREFLIGHT}", **granted})

    return view


def _refusing_path(api: Api) -> View:
    def view(ports: Ports, event: Mapping[str, Any]) -> Answer:
        return explained(api, ports, RouteNotFound(f"there is nothing at {event['path'][:256]}"), "")

    return view


def _unknown_paths(prefix: str) -> list[str]:
    paths = [prefix]
    for level in range(1, DEPTH + 1):
        paths.append(f"{paths[-1]}/{{level{level}}}")
    return paths


def _chalice_view(
    api: Api, made: "Blueprint", view: View, ports: Callable[[], Ports], origins: Collection[str]
) -> Callable[..., Any]:
    from chalicelib.web.responses import respond

    def chalice_view(**_: str) -> Any:
        request = made.current_request
        answer = _bounded(api, ports(), view(ports(), request.to_original_event()))
        granted = cors.headers(Headers(request.headers).get("origin"), origins)
        return respond(request, answer.body or "", {**granted, **answer.headers}, answer.status or 200)

    return chalice_view


def _bounded(api: Api, ports: Ports, answer: Answer) -> Answer:
    """The answer with its body as text, or the refusal of one that Lambda could not carry."""
    if answer.body is None:
        return answer
    text = json_text.render(answer.body)
    if len(text.encode()) > LARGEST:
        error = Invalid(f"the answer would have more than {LARGEST} bytes: ask for fewer items at once", "limit")
        return _bounded(api, ports, explained(api, ports, error, ""))
    return replace(answer, body=text, headers={"Content-Type": "application/json", **answer.headers})
