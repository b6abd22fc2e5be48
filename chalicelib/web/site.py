"""Everything that is served: from an event of API Gateway to the answer as it goes back.

Nothing here raises: an unknown path, a method that is not there, a body that cannot be read are answered in the shape
of the dialect whose prefix the path has, at any depth.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from chalicelib.fleet import traces
from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.ports import Ports
from chalicelib.web import cors, json_text, media_types
from chalicelib.web.events import request_of
from chalicelib.web.refusals import MethodNotAllowed, RouteNotFound
from chalicelib.web.request import Answer, Headers, Raw
from chalicelib.web.router import Place, Router
from chalicelib.web.routes import Api, Route
from chalicelib.web.serving import explained, serve

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
PREFLIGHT = "OPTIONS"
_NO_CONTENT = 204
LARGEST = 4_600_000
"""Bytes of an answer: a Lambda function's has at most 6 MB, and the biggest are encoded in base64 on the way."""
_LONGEST_TEXT = 1_000_000
"""Bytes of a body that goes as a text."""
_TEXTS = ("text/*", "application/json", "application/javascript", "application/xml")


@dataclass(frozen=True, slots=True)
class Rendered:
    """`body` is a text where it can go as it is, and bytes where only they say what it is."""

    status: int
    headers: Mapping[str, str]
    body: str | bytes = ""


class Site:
    def __init__(self, router: Router, origins: Collection[str] = ()) -> None:
        """`origins` are those of other sites whose pages may ask."""
        self._router = router
        self._origins = origins

    def answer(self, ports: Ports, event: Mapping[str, Any]) -> Rendered:
        api = self._router.api(event["path"])
        with traces.within((event.get("requestContext") or {}).get("requestId")):
            made = _rendered(api, ports, self._answer(api, ports, event))
        if event["httpMethod"] == "HEAD":
            made = _without_body(made)
        granted = cors.headers(Headers(event.get("headers")).get("origin"), self._origins)
        return replace(made, headers={**granted, **made.headers})

    def _answer(self, api: Api, ports: Ports, event: Mapping[str, Any]) -> Answer:
        method, path = _method(api, event), event["path"]
        try:
            place = self._router.find(path)
            route = self._route(place, method, path)
            if route is None:
                return self._preflight(place, event)
            request = request_of(event, place.parameters(route))
        except UnicodeDecodeError:
            return explained(api, ports, Invalid("the path is not UTF-8", "path"), method)
        except Exception as error:  # noqa: BLE001 - whatever happens, the caller gets the vendor's shape
            return explained(api, ports, error, method)
        return serve(api, route, ports, request)

    def _route(self, place: Place, method: str, path: str) -> Route | None:
        """None for what is answered to OPTIONS. Errors: RouteNotFound, MethodNotAllowed."""
        if not place.routes:
            raise RouteNotFound(f"there is nothing at {path[:256]}")
        served = place.routes.get(method) or (place.routes.get("GET") if method == "HEAD" else None)
        if served is None and method != PREFLIGHT:
            allowed = _allowed(place)
            raise MethodNotAllowed(f"{method} is not among {allowed}", {"Allow": allowed})
        return served

    def _preflight(self, place: Place, event: Mapping[str, Any]) -> Answer:
        sent, methods = Headers(event.get("headers")), _allowed(place)
        asked = sent.get("access-control-request-headers")
        granted = cors.preflight(sent.get("origin"), asked, methods, self._origins)
        return Answer(status=_NO_CONTENT, headers={"Allow": f"{methods}, {PREFLIGHT}", **granted})


def _method(api: Api, event: Mapping[str, Any]) -> str:
    """The method that is meant."""
    sent = str(event["httpMethod"])
    meant = Headers(event.get("headers")).get(api.method_header, "") if api.method_header and sent == "POST" else ""
    return meant.strip().upper() or sent


def _allowed(place: Place) -> str:
    served = {*place.routes, *(("HEAD",) if "GET" in place.routes else ())}
    return ", ".join(method for method in METHODS if method in served)


def _without_body(made: Rendered) -> Rendered:
    """What HEAD gets: the length is that of the body which GET would get (RFC 9110 8.6)."""
    body = made.body.encode() if isinstance(made.body, str) else made.body
    return Rendered(made.status, {"Content-Length": str(len(body)), **made.headers})


def _rendered(api: Api, ports: Ports, answer: Answer) -> Rendered:
    """The answer as it goes, or the refusal of one that Lambda could not carry."""
    status = answer.status or 200
    if answer.body is None:
        return Rendered(status, answer.headers)
    raw = answer.body if isinstance(answer.body, Raw) else _json(answer.body)
    if len(raw.content) > LARGEST:
        error = Invalid(f"the answer would have more than {LARGEST} bytes: ask for fewer items at once", "limit")
        return _rendered(api, ports, explained(api, ports, error, ""))
    return Rendered(status, {"Content-Type": raw.content_type, **answer.headers}, _body(raw))


def _json(body: Any) -> Raw:
    # Half of a surrogate pair has no UTF-8, but an escape that JSON knows too.
    return Raw(json_text.render(body).encode(errors="backslashreplace"), "application/json")


def _body(raw: Raw) -> str | bytes:
    kind = media_types.named(raw.content_type)
    # In the JSON of Lambda's answer each character of a text may take six.
    if len(raw.content) > _LONGEST_TEXT:
        return raw.content
    if kind.endswith(("+json", "+xml")) or any(media_types.matches(text, kind) for text in _TEXTS):
        try:
            return raw.content.decode()
        except UnicodeDecodeError:
            return raw.content
    return raw.content
