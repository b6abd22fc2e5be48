"""What botocore takes for an answer of AWS, or turns into an error."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any


@dataclass
class _Response:
    status_code: int


def done(parsed: dict[str, Any]) -> tuple[_Response, dict[str, Any]]:
    """What botocore takes for an answer."""
    return _Response(HTTPStatus.OK), {**parsed, "ResponseMetadata": {"HTTPStatusCode": HTTPStatus.OK}}


def refused(code: str, status: int) -> tuple[_Response, dict[str, Any]]:
    """What botocore turns into a ClientError."""
    error = {"Code": code, "Message": code}
    return _Response(status), {"Error": error, "ResponseMetadata": {"HTTPStatusCode": status}}
