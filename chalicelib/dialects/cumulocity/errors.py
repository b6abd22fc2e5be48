"""Errors in the vendor's shape: `{error, message, info}`, where `error` is `resource/name`."""

from http import HTTPStatus
from typing import Any

from chalicelib.fleet import errors as fleet
from chalicelib.fleet.fields import Field
from chalicelib.fleet.ports import Ports
from chalicelib.web import refusals
from chalicelib.web.request import Answer

INFO = "https://www.cumulocity.com/guides/reference/rest-implementation/#error_reporting"
UNPROCESSABLE = "undefined/validationError"
INTERNAL = "general/internalError"
CHALLENGE = {"WWW-Authenticate": 'Basic realm="Homeport"'}
BAD_CREDENTIALS = "Invalid credentials! : Bad credentials"
DENIED = "Access is denied"


class BadRequest(fleet.Invalid):
    """What the vendor answers with 400, where all else that is wrong is 422."""


class EventNotFound(fleet.MessageNotFound):
    pass


class AuditRecordNotFound(fleet.NotFound):
    pass


class MeasurementNotFound(fleet.MessageNotFound):
    pass


class RequestNotFound(fleet.NotFound):
    """Of registrations of devices; clients look for the blank in its code."""


CODES: dict[type[Exception], tuple[int, str]] = {
    BadRequest: (HTTPStatus.BAD_REQUEST, "general/badRequest"),
    fleet.Invalid: (HTTPStatus.UNPROCESSABLE_ENTITY, UNPROCESSABLE),
    fleet.TooLarge: (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "general/payloadTooLarge"),
    fleet.Unauthenticated: (HTTPStatus.UNAUTHORIZED, "security/Unauthorized"),
    fleet.UnknownCredential: (HTTPStatus.UNAUTHORIZED, "security/Unauthorized"),
    fleet.Forbidden: (HTTPStatus.FORBIDDEN, "security/Forbidden"),
    fleet.LimitReached: (HTTPStatus.UNPROCESSABLE_ENTITY, UNPROCESSABLE),
    fleet.RateLimitReached: (HTTPStatus.TOO_MANY_REQUESTS, "general/tooManyRequests"),
    fleet.NotFound: (HTTPStatus.NOT_FOUND, "general/notFound"),
    RequestNotFound: (HTTPStatus.NOT_FOUND, "devicecontrol/Not Found"),
    fleet.UserNotFound: (HTTPStatus.NOT_FOUND, "user/notFound"),
    fleet.UserDuplicate: (HTTPStatus.CONFLICT, "user/Duplicate"),
    fleet.ObjectNotFound: (HTTPStatus.NOT_FOUND, "inventory/notFound"),
    fleet.ExternalIdNotFound: (HTTPStatus.NOT_FOUND, "identity/notFound"),
    fleet.DeviceNotFound: (HTTPStatus.NOT_FOUND, "inventory/notFound"),
    AuditRecordNotFound: (HTTPStatus.NOT_FOUND, "audit/notFound"),
    EventNotFound: (HTTPStatus.NOT_FOUND, "event/notFound"),
    MeasurementNotFound: (HTTPStatus.NOT_FOUND, "measurement/notFound"),
    fleet.AttachmentNotFound: (HTTPStatus.NOT_FOUND, "general/notFound"),
    fleet.AlarmNotFound: (HTTPStatus.NOT_FOUND, "alarm/notFound"),
    fleet.CommandNotFound: (HTTPStatus.NOT_FOUND, "devicecontrol/notFound"),
    fleet.CampaignNotFound: (HTTPStatus.NOT_FOUND, "devicecontrol/notFound"),
    fleet.IllegalTransition: (HTTPStatus.UNPROCESSABLE_ENTITY, UNPROCESSABLE),
    fleet.Conflict: (HTTPStatus.CONFLICT, "general/conflict"),
    fleet.AttachmentDuplicate: (HTTPStatus.CONFLICT, "general/duplicate"),
    fleet.AlarmOpen: (HTTPStatus.CONFLICT, "alarm/conflict"),
    fleet.ExternalIdDuplicate: (HTTPStatus.CONFLICT, "identity/Duplicate"),
    fleet.Contended: (HTTPStatus.SERVICE_UNAVAILABLE, "general/serviceUnavailable"),
    fleet.TemporarilyUnavailable: (HTTPStatus.SERVICE_UNAVAILABLE, "general/serviceUnavailable"),
    refusals.RouteNotFound: (HTTPStatus.NOT_FOUND, "general/notFound"),
    refusals.MethodNotAllowed: (HTTPStatus.METHOD_NOT_ALLOWED, "general/methodNotAllowed"),
    refusals.NotAcceptable: (HTTPStatus.NOT_ACCEPTABLE, "general/notAcceptable"),
    refusals.UnsupportedMediaType: (HTTPStatus.UNPROCESSABLE_ENTITY, UNPROCESSABLE),
}

FIELDS: dict[Field, str] = {}
"""What bodies of this API call what the fleet finds wrong."""


class Missing(fleet.Invalid):
    """Properties that a body has to have; clients look for this sentence."""

    def __init__(self, *names: str) -> None:
        super().__init__(f"Following mandatory fields should be included: {','.join(names)}", names[0])


def explain(ports: Ports, error: Exception) -> Answer:  # noqa: ARG001 - nothing in this shape is made up
    """Any exception as Cumulocity would answer it; of one that nobody foresaw nothing is told."""
    status, code = code_of(type(error))
    headers = dict(getattr(error, "headers", {}))
    if status == HTTPStatus.UNAUTHORIZED:
        headers |= CHALLENGE
    return Answer(body(code, _message(status, code, error)), status, headers)


def body(code: str, message: str) -> dict[str, Any]:
    return {"error": code, "message": message, "info": INFO}


def named(error: Exception) -> str:
    """What the vendor calls it."""
    return code_of(type(error))[1]


def code_of(kind: type[Exception]) -> tuple[int, str]:
    """Status and `error` of an error class: its own, or that of its nearest relative."""
    known = next((CODES[cls] for cls in kind.__mro__ if cls in CODES), None)
    return known or (HTTPStatus.INTERNAL_SERVER_ERROR, INTERNAL)


def _message(status: int, code: str, error: Exception) -> str:
    if code == INTERNAL:
        return "an unexpected error occurred"
    return {HTTPStatus.UNAUTHORIZED: BAD_CREDENTIALS, HTTPStatus.FORBIDDEN: DENIED}.get(HTTPStatus(status), str(error))
