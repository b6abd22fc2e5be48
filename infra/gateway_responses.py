"""What API Gateway answers by itself, where no function of ours is asked, in the shape that Live Objects gives errors.

An unknown path below a dialect's own is a route and gets the dialect's own answer. What is left cannot be told apart
by dialect; IBM's clients look for `message`, which stands in this shape too.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.dialects.live_objects.errors import code_of
from chalicelib.fleet.errors import Invalid, RateLimitReached, TemporarilyUnavailable, TooLarge
from chalicelib.web.refusals import RouteNotFound, UnsupportedMediaType

REQUEST_ID, MESSAGE = "$context.requestId", "$context.error.messageString"
"""Variables that API Gateway fills in; the second is JSON text with its quotation marks."""


@dataclass(frozen=True, slots=True)
class GatewayResponse:
    """`kind` is one of AWS's response types; without `status` it keeps its own, without `message` Gateway's text."""

    kind: str
    code: str
    message: str | None = None
    status: int | None = None

    @property
    def template(self) -> str:
        """A mapping template for application/json. Gateway replaces variables in it and does nothing else."""
        message = MESSAGE if self.message is None else json.dumps(self.message)
        return f'{{"id":"{REQUEST_ID}","code":"{self.code}","message":{message}}}'

    def body(self, request_id: str, message: str) -> bytes:
        """The answer to one request, as API Gateway fills the template in."""
        return self.template.replace(REQUEST_ID, request_id).replace(MESSAGE, json.dumps(message)).encode()


def _like(kind: str, error: type[Exception], message: str) -> GatewayResponse:
    status, code = code_of(error)
    return GatewayResponse(kind, code, message, int(status))


# The status of the two defaults would be that of every answer which has none of its own here.
RESPONSES = (
    GatewayResponse("DEFAULT_4XX", code_of(Invalid)[1]),
    GatewayResponse("DEFAULT_5XX", code_of(Exception)[1], "an unexpected error occurred"),
    # Also what a path or method that is not there leads to, where Gateway would say "Missing Authentication Token".
    _like("MISSING_AUTHENTICATION_TOKEN", RouteNotFound, "there is nothing at this path"),
    _like("RESOURCE_NOT_FOUND", RouteNotFound, "there is nothing at this path"),
    _like("REQUEST_TOO_LARGE", TooLarge, "the body has more than 10 MB"),
    _like("UNSUPPORTED_MEDIA_TYPE", UnsupportedMediaType, "this content type is not taken"),
    _like("THROTTLED", RateLimitReached, "too many requests at once"),
    _like("QUOTA_EXCEEDED", RateLimitReached, "too many requests"),
    # What became of the request is not known, so that it stays 504.
    GatewayResponse("INTEGRATION_TIMEOUT", code_of(TemporarilyUnavailable)[1], "there was no answer in time"),
    GatewayResponse("INTEGRATION_FAILURE", code_of(TemporarilyUnavailable)[1], "there was no answer"),
)


def properties() -> dict[str, Any]:
    """The property GatewayResponses of an AWS::Serverless::Api."""
    return {response.kind: _property(response) for response in RESPONSES}


def _property(response: GatewayResponse) -> dict[str, Any]:
    made: dict[str, Any] = {"ResponseTemplates": _templates(response)}
    return made if response.status is None else {**made, "StatusCode": response.status}


def parameters(response: GatewayResponse) -> dict[str, Any]:
    """What PutGatewayResponse wants besides the API."""
    made: dict[str, Any] = {"responseType": response.kind, "responseTemplates": dict(_templates(response))}
    return made if response.status is None else {**made, "statusCode": str(response.status)}


def _templates(response: GatewayResponse) -> Mapping[str, str]:
    return {"application/json": response.template}
