"""Bodies of requests and answers.

The body of an answer to POST or PUT is there only where the client says that it accepts one. Its content type is the
vendor's, or plain JSON where that was asked for.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.reading import reading
from chalicelib.web import json_text, media_types
from chalicelib.web.request import Answer, Raw, Request
from chalicelib.web.schemas import Schema

ANYTHING = ("*/*",)
"""What a route `reads`: whatever a client calls it, a body is JSON."""
OBJECT: Schema = {"type": "object"}
_JSON = "application/json"
_VENDOR = "application/vnd.com.nsn.cumulocity."


def read(request: Request) -> dict[str, Any]:
    """The JSON object of a body, whatever its content type. Errors: Invalid."""
    with reading("the body"):
        body = json_text.parse(request.raw)
    if not isinstance(body, dict):
        raise Invalid("the body is a JSON object", json_text.BODY)
    return body


def kind_of(request: Request) -> str:
    """What the client calls its body: `managedObject` of the vendor's type of that name; "" where it says nothing."""
    kind = media_types.named(request.headers.get("content-type"))
    return kind.removeprefix(_VENDOR).partition("+")[0] if kind.startswith(_VENDOR) else ""


def found(request: Request, kind: str, body: Mapping[str, Any]) -> Answer:
    """What a GET answers."""
    return Answer(Raw(json_text.render(body).encode(), content_type(request, kind)))


def number(counted: int) -> Answer:
    """A number and nothing else."""
    return Answer(Raw(str(counted).encode(), f"{_JSON};charset=UTF-8"))


def changed(request: Request, kind: str, body: Mapping[str, Any], status: int = HTTPStatus.OK) -> Answer:
    """What a PUT answers, or a POST that made nothing."""
    return Answer(found(request, kind, body).body if accepts(request) else None, status)


def created(request: Request, kind: str, body: Mapping[str, Any], location: str | None) -> Answer:
    """What a POST answers that made something; `location` is its address, None where it has none."""
    sent = found(request, kind, body).body if accepts(request) else None
    return Answer(sent, HTTPStatus.CREATED, {"Location": location} if location is not None else {})


def accepts(request: Request) -> bool:
    return bool(request.headers.get("accept", "").strip())


def content_type(request: Request, kind: str) -> str:
    asked = media_types.named(request.headers.get("accept", "").partition(",")[0])
    return f"{_JSON};charset=UTF-8" if asked == _JSON else f"{_VENDOR}{kind}+json;charset=UTF-8;ver=0.9"
