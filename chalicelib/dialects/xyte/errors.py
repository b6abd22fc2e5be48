"""Errors in the vendor's shape: `{"error": "text"}`.

Devices forget who they are at 401 and 403. So only what is wrong with a key is 401, and only what a table of the
documentation says is 403: load, faults, rates and lost races are 429 or 503.
"""

from http import HTTPStatus

from chalicelib.fleet import errors as fleet
from chalicelib.fleet.fields import Field
from chalicelib.fleet.ports import Ports
from chalicelib.web import refusals
from chalicelib.web.request import Answer

UNAUTHORIZED = "Not authorized"
INTERNAL = "Internal server error"


class UnknownParameter(fleet.Invalid):
    """Update Device, of models from 1.0.6 on."""


class DeviceUnknown(fleet.NotFound):
    """A hardware key or a model that nobody has."""


class Refused(fleet.FleetError):
    """What devices are told with 403, where the documentation says so."""


STATUS: dict[type[Exception], HTTPStatus] = {
    UnknownParameter: HTTPStatus.BAD_REQUEST,
    Refused: HTTPStatus.FORBIDDEN,
    fleet.Invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    fleet.TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    fleet.Unauthenticated: HTTPStatus.UNAUTHORIZED,
    fleet.UnknownCredential: HTTPStatus.UNAUTHORIZED,
    fleet.Forbidden: HTTPStatus.FORBIDDEN,
    fleet.GroupInUse: HTTPStatus.UNPROCESSABLE_ENTITY,
    fleet.LimitReached: HTTPStatus.UNPROCESSABLE_ENTITY,
    fleet.RateLimitReached: HTTPStatus.TOO_MANY_REQUESTS,
    fleet.NotFound: HTTPStatus.NOT_FOUND,
    fleet.Conflict: HTTPStatus.UNPROCESSABLE_ENTITY,
    fleet.Contended: HTTPStatus.SERVICE_UNAVAILABLE,
    fleet.TemporarilyUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    refusals.RouteNotFound: HTTPStatus.NOT_FOUND,
    refusals.MethodNotAllowed: HTTPStatus.METHOD_NOT_ALLOWED,
    refusals.NotAcceptable: HTTPStatus.NOT_ACCEPTABLE,
    refusals.UnsupportedMediaType: HTTPStatus.UNPROCESSABLE_ENTITY,
}

FIELDS: dict[Field, str] = {}
"""What bodies of this API call what the fleet finds wrong."""


def explain(ports: Ports, error: Exception) -> Answer:  # noqa: ARG001 - nothing in this shape is made up
    """Any exception as Xyte would answer it; of one that nobody foresaw nothing is told."""
    status = status_of(type(error))
    headers = dict(getattr(error, "headers", {}))
    return Answer({"error": _sentence(status, error)}, status, headers)


def status_of(kind: type[Exception]) -> HTTPStatus:
    """That of an error class: its own, or that of its nearest relative."""
    return next((STATUS[cls] for cls in kind.__mro__ if cls in STATUS), HTTPStatus.INTERNAL_SERVER_ERROR)


def _sentence(status: HTTPStatus, error: Exception) -> str:
    if status is HTTPStatus.UNAUTHORIZED:
        return UNAUTHORIZED
    return INTERNAL if status is HTTPStatus.INTERNAL_SERVER_ERROR else str(error)
