"""What API Gateway answers by itself, where no function of ours is asked.

Below the roots of the dialects a function answers every path, in the dialect's own shape. What is left cannot be told
apart by dialect, and has the shape of what belongs to none. A body that is too long gets Gateway's own answer, which
cannot be changed (API Gateway developer guide, "Gateway response types").
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from chalicelib.web import plain

MESSAGE = "$context.error.messageString"
"""A variable that API Gateway fills in; it is JSON text with its quotation marks."""


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
        return f'{{"code":"{self.code}","message":{message}}}'

    def body(self, _request_id: str, message: str) -> bytes:
        """The answer to one request, as API Gateway fills the template in."""
        return self.template.replace(MESSAGE, json.dumps(message)).encode()


def _of(kind: str, status: HTTPStatus, message: str) -> GatewayResponse:
    return GatewayResponse(kind, status.name, message, int(status))


# The status of the two defaults would be that of every answer which has none of its own here.
EVERY_METHOD = "*/*"
"""How API Gateway calls all methods of all resources of a stage."""
RESPONSES = (
    GatewayResponse("DEFAULT_4XX", HTTPStatus.BAD_REQUEST.name),
    GatewayResponse("DEFAULT_5XX", HTTPStatus.INTERNAL_SERVER_ERROR.name, plain.UNEXPECTED),
    # What a path under none of the roots leads to, where Gateway would say "Missing Authentication Token".
    _of("MISSING_AUTHENTICATION_TOKEN", HTTPStatus.NOT_FOUND, "there is nothing at this path"),
    _of("THROTTLED", HTTPStatus.TOO_MANY_REQUESTS, "too many requests at once"),
    # What became of the request is not known, so that they stay 504.
    GatewayResponse("INTEGRATION_TIMEOUT", HTTPStatus.GATEWAY_TIMEOUT.name, "there was no answer in time"),
    GatewayResponse("INTEGRATION_FAILURE", HTTPStatus.GATEWAY_TIMEOUT.name, "there was no answer"),
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
