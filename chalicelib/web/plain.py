"""APIs that are no dialect's, open to all: files, the description, pages. Their errors are `{code, message}`."""

from collections.abc import Sequence
from http import HTTPStatus

from chalicelib.fleet import errors as fleet
from chalicelib.fleet.access.callers import Caller
from chalicelib.fleet.ports import Ports
from chalicelib.web.refusals import Refusal
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Api, Route

UNEXPECTED = "an unexpected error occurred"
_STATUSES: dict[type[Exception], HTTPStatus] = {
    fleet.Invalid: HTTPStatus.BAD_REQUEST,
    fleet.TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    fleet.Unauthenticated: HTTPStatus.UNAUTHORIZED,
    fleet.Forbidden: HTTPStatus.FORBIDDEN,
    fleet.NotFound: HTTPStatus.NOT_FOUND,
    fleet.Conflict: HTTPStatus.CONFLICT,
    fleet.RateLimitReached: HTTPStatus.TOO_MANY_REQUESTS,
    fleet.Contended: HTTPStatus.SERVICE_UNAVAILABLE,
    fleet.TemporarilyUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}


def api(name: str, prefixes: Sequence[str], routes: Sequence[Route] = ()) -> Api:
    """An API of routes that are all public. ValueError where one is not: there is nobody who could ask."""
    closed = [route.path for route in routes if not route.public]
    if closed:
        raise ValueError(f"{closed[0]} is not public, and {name} knows no keys")
    return Api(name, tuple(prefixes), routes, _nobody, explain)


def explain(ports: Ports, error: Exception) -> Answer:  # noqa: ARG001 - nothing in this shape is made up
    """Any exception; of one that nobody foresaw nothing is told."""
    status = status_of(error)
    unexpected = status == HTTPStatus.INTERNAL_SERVER_ERROR
    message = UNEXPECTED if unexpected else str(error)
    return Answer(body(status, message), status, getattr(error, "headers", {}))


def body(status: HTTPStatus, message: str) -> dict[str, str]:
    """The JSON of an error."""
    return {"code": status.name, "message": message}


def status_of(error: Exception) -> HTTPStatus:
    """Its own, or that of its nearest relative."""
    if isinstance(error, Refusal):
        return HTTPStatus(error.status)
    known = next((_STATUSES[cls] for cls in type(error).__mro__ if cls in _STATUSES), None)
    return known or HTTPStatus.INTERNAL_SERVER_ERROR


def _nobody(_ports: Ports, _request: Request) -> Caller:
    raise fleet.Unauthenticated("there is nothing here that needs a key")
