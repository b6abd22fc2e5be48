"""DynamoDB for functions in this process without the way over a socket, which costs three times what moto itself does.

What PynamoDB asks about items goes straight to moto (`dynamodb_direct`). Any other request is built, signed and parsed
by botocore as ever; only its transport is a call. Clients that were made for another endpoint, and other processes such
as the aws command line, are not concerned.
"""

from io import BytesIO
from typing import Any

import botocore.handlers
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.client import BaseClient
from botocore.validate import ParamValidationDecorator
from moto.core.request import normalize_request
from moto.dynamodb.responses import DynamoHandler
from werkzeug.exceptions import HTTPException

from infra.local import dynamodb_direct

_endpoints: set[str] = set()


def install(endpoint: str) -> None:
    """Let botocore sessions made from now on call moto's DynamoDB directly when they are sent to `endpoint`."""
    _endpoints.add(endpoint.rstrip("/") + "/")
    for hook in _HOOKS:
        if hook not in botocore.handlers.BUILTIN_HANDLERS:
            botocore.handlers.BUILTIN_HANDLERS.append(hook)


class _Direct(BaseClient):  # type: ignore[misc]  # botocore has no types
    """A client of DynamoDB that asks moto itself where it can."""

    def _make_api_call(self, operation_name: str, api_params: dict[str, Any]) -> Any:
        here = self.meta.endpoint_url.rstrip("/") + "/" in _endpoints
        checked = isinstance(self._serializer, ParamValidationDecorator)
        if here and not checked and operation_name in dynamodb_direct.METHODS:
            operation = self.meta.service_model.operation_model(operation_name)
            answer = dynamodb_direct.perform(operation, self.meta.region_name, api_params)
            if answer is not None:
                return answer
        return super()._make_api_call(operation_name, api_params)


def _made_direct(base_classes: list[type], **_further: Any) -> None:
    """The hook of botocore: what stands first in `base_classes` comes before its own client."""
    base_classes.insert(0, _Direct)


def _answer(event_name: str, request: AWSPreparedRequest, **_further: Any) -> AWSResponse | None:
    """The hook of botocore: what it returns stands for the answer, None lets the request out."""
    if not event_name.startswith("before-send.dynamodb.") or request.url not in _endpoints:
        return None
    normal = normalize_request(request)
    try:
        status, headers, body = DynamoHandler.dispatch(normal, normal.raw_url, normal.headers)
    except HTTPException as error:
        status, headers, body = error.code or 500, dict(error.get_headers()), error.get_body()
    return AWSResponse(request.url, status, headers, _Raw(body if isinstance(body, bytes) else body.encode()))


class _Raw(BytesIO):
    """As much of urllib3's response as botocore reads."""

    def stream(self, **_further: Any) -> Any:
        yield self.read()


_HOOKS = (("before-send", _answer), ("creating-client-class.dynamodb", _made_direct))
