"""DynamoDB for functions in this process without the way over a socket, which costs three times what moto itself does.

A request is built, signed and parsed by botocore as ever; only its transport is a call. Clients that were made for
another endpoint, and other processes such as the aws command line, are not concerned.
"""

from io import BytesIO
from typing import Any

import botocore.handlers
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from moto.core.request import normalize_request
from moto.dynamodb.responses import DynamoHandler
from werkzeug.exceptions import HTTPException

_endpoints: set[str] = set()
_EVENT = "before-send"


def install(endpoint: str) -> None:
    """Let botocore sessions made from now on call moto's DynamoDB directly when they are sent to `endpoint`."""
    _endpoints.add(endpoint.rstrip("/") + "/")
    if (_EVENT, _answer) not in botocore.handlers.BUILTIN_HANDLERS:
        botocore.handlers.BUILTIN_HANDLERS.append((_EVENT, _answer))


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
