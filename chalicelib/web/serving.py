"""The one way from a request to an answer."""

import logging
from dataclasses import replace
from typing import Any

from chalicelib.fleet.access import doors
from chalicelib.fleet.errors import FleetError, Forbidden, TemporarilyUnavailable, TooLarge
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.reading import reading
from chalicelib.web import json_text, media_types, schemas, trouble
from chalicelib.web.parameters import read_all
from chalicelib.web.refusals import NotAcceptable, Refusal, UnsupportedMediaType
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Api, Route

log = logging.getLogger(__name__)

_JSON, _OCTETS = "application/json", "application/octet-stream"
_CHARSETS = ("utf-8", "utf8", "us-ascii")


def serve(api: Api, route: Route, ports: Ports, request: Request) -> Answer:
    """The answer of a route, or of the error that came up, with its status filled in. Never raises."""
    try:
        answer = _serve(api, route, ports, request)
    except Exception as error:  # noqa: BLE001 - whatever happens, the caller gets the vendor's shape
        return explained(api, ports, error, f"{route.method} {route.path}")
    return replace(answer, status=answer.status or route.success)


def explained(api: Api, ports: Ports, error: Exception, where: str) -> Answer:
    """An error in the vendor's shape; one that nobody foresaw is logged with its trace."""
    if not isinstance(error, (FleetError, Refusal)):
        _log(api, error, where)
        if trouble.passes(error):
            error = TemporarilyUnavailable("the platform is busy; try again in a moment")
    return api.explain(ports, error)


def _serve(api: Api, route: Route, ports: Ports, request: Request) -> Answer:
    caller = None if route.public else api.authenticate(ports, request)
    if caller is not None and route.roles and not route.roles & caller.roles:
        raise Forbidden(f"this needs an API key with the role {' or '.join(sorted(route.roles))}")
    if caller is not None:
        doors.ensure_unscoped(caller, queues=route.queues)
        doors.ensure_no_device(caller, devices=route.devices)
    with reading("the request"):
        asked = read_all(route.parameters, request)
    offered, body = _offered(route, request), _body(route, request)
    return route.handler(ports, replace(request, caller=caller, asked=asked, body=body, offered=offered))


def _offered(route: Route, request: Request) -> str:
    if not route.offers:
        return ""
    chosen = media_types.choose(request.headers.get("accept"), route.offers)
    if chosen is None:
        raise NotAcceptable(f"what there is here is {', '.join(route.offers)}")
    return chosen


def _body(route: Route, request: Request) -> Any:
    if route.schema is None and not route.reads:
        return None
    if len(request.raw) > route.max_body:
        raise TooLarge(f"the body has {len(request.raw)} bytes; {route.max_body} are allowed", json_text.BODY)
    kind = media_types.named(request.headers.get("content-type"), _OCTETS if route.schema is None else _JSON)
    if any(media_types.matches(pattern, kind) for pattern in route.reads):
        return None
    if route.schema is None:
        raise UnsupportedMediaType(f"the content type is {' or '.join(route.reads)}, not {kind[:64]}")
    word = route.schema.get("const")
    if isinstance(word, str) and request.raw.strip() == word.encode():
        # Clients leave out the quotes of a body that is but a word, and call it text.
        return word
    _ensure_json(request.headers.get("content-type"))
    with reading("the body"):
        return schemas.check(route.schema, json_text.parse(request.raw))


def _ensure_json(content_type: str | None) -> None:
    """Clients that name no type mean JSON."""
    kind, *options = [part.strip().lower() for part in (content_type or _JSON).split(";")]
    if kind != _JSON and not (kind.startswith("application/") and kind.endswith("+json")):
        raise UnsupportedMediaType(f"the content type is application/json, not {kind[:64]}")
    for option in options:
        name, _, value = option.partition("=")
        if name.strip() == "charset" and value.strip().strip('"') not in _CHARSETS:
            raise UnsupportedMediaType(f"JSON is written in UTF-8, not in {value[:32]}")


def _log(api: Api, error: Exception, where: str) -> None:
    log.error("unexpected error", exc_info=error, extra={"dialect": api.name, "where": where})
