"""Errors in the shape of v0002: `{message, exception: {id, properties}, violations?}`.

The manual shows no error of v0001; its clients look at the status, or for `message`, and get the same shape. The ids
follow the pattern of those that the published clients' own tests know.
"""

from http import HTTPStatus
from typing import Any

from chalicelib.fleet import errors as fleet
from chalicelib.fleet.fields import Field
from chalicelib.fleet.ports import Ports
from chalicelib.web import refusals
from chalicelib.web.request import Answer

INVALID = "CUDRS0007E"
INTERNAL = "CUDRS0001E"
CHALLENGE = {"WWW-Authenticate": 'Basic realm="IoT Foundation"'}

CODES: dict[type[Exception], tuple[int, str]] = {
    fleet.Invalid: (HTTPStatus.BAD_REQUEST, INVALID),
    fleet.TooLarge: (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "CUDRS0008E"),
    fleet.Unauthenticated: (HTTPStatus.UNAUTHORIZED, "CUDRS0020E"),
    fleet.UnknownCredential: (HTTPStatus.FORBIDDEN, "CUDRS0021E"),
    fleet.Forbidden: (HTTPStatus.FORBIDDEN, "CUDRS0022E"),
    fleet.LimitReached: (HTTPStatus.TOO_MANY_REQUESTS, "CUDRS0029E"),
    fleet.RateLimitReached: (HTTPStatus.TOO_MANY_REQUESTS, "CUDRS0030E"),
    fleet.NotFound: (HTTPStatus.NOT_FOUND, "CUDRS0016E"),
    fleet.DeviceNotFound: (HTTPStatus.NOT_FOUND, "CUDRS0012E"),
    fleet.Conflict: (HTTPStatus.CONFLICT, "CUDRS0011E"),
    fleet.DeviceDuplicate: (HTTPStatus.CONFLICT, "CUDRS0010E"),
    fleet.InterfaceDuplicate: (HTTPStatus.CONFLICT, "CUDRS0010E"),
    fleet.Contended: (HTTPStatus.SERVICE_UNAVAILABLE, "CUDRS0002E"),
    fleet.TemporarilyUnavailable: (HTTPStatus.SERVICE_UNAVAILABLE, "CUDRS0002E"),
    refusals.RouteNotFound: (HTTPStatus.NOT_FOUND, "CUDRS0003E"),
    refusals.MethodNotAllowed: (HTTPStatus.METHOD_NOT_ALLOWED, "CUDRS0004E"),
    refusals.NotAcceptable: (HTTPStatus.NOT_ACCEPTABLE, "CUDRS0006E"),
    refusals.UnsupportedMediaType: (HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "CUDRS0005E"),
}

FIELDS: dict[Field, str] = {Field.DESCRIPTION: "comment", Field.ROLES: "roles"}
"""What bodies of this API call what the fleet finds wrong."""


def explain(ports: Ports, error: Exception) -> Answer:  # noqa: ARG001 - nothing in this shape is made up
    """Any exception as IBM would answer it; of one that nobody foresaw nothing is told."""
    status, code = code_of(type(error))
    message = "an unexpected error occurred" if code == INTERNAL else str(error)
    headers = dict(getattr(error, "headers", {}))
    if status == HTTPStatus.UNAUTHORIZED:
        headers |= CHALLENGE
    return Answer(body(code, message, _culprit(error)), status, headers)


def _culprit(error: Exception) -> str | None:
    """What this API calls it; what has no name here is in the sentence alone."""
    field = getattr(error, "field", None)
    return FIELDS.get(field) if isinstance(field, Field) else field


def body(code: str, message: str, field: str | None = None) -> dict[str, Any]:
    """The JSON of an error; one about a field is repeated as its violation."""
    told: dict[str, Any] = _told(code, message, [field] if field else [])
    if field:
        told["violations"] = [_told(code, message, [field])]
    return told


def code_of(kind: type[Exception]) -> tuple[int, str]:
    """Status and id of an error class: its own, or that of its nearest relative."""
    known = next((CODES[cls] for cls in kind.__mro__ if cls in CODES), None)
    return known or (HTTPStatus.INTERNAL_SERVER_ERROR, INTERNAL)


def _told(code: str, message: str, properties: list[str]) -> dict[str, Any]:
    return {"message": f"{code}: {message}", "exception": {"id": code, "properties": properties}}
