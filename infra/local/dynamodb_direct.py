"""Item operations of PynamoDB's clients in this process, handed to moto as they are: no HTTP, and no JSON either way.

What botocore and moto do around an operation, from its serialization to its signature and back, costs four times what
the operation itself does. Here its parameters are moto's parameters, and moto's result, read by the operation's output
shape, is the answer. Only clients that check no parameters, as PynamoDB's, come here, and what moto refuses is asked
again the long way, where errors have their form and conflicts are tried again.
"""

from typing import Any

from botocore.model import OperationModel, Shape
from moto.core.exceptions import ServiceException
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.responses import DynamoHandler
from werkzeug.exceptions import HTTPException

from infra.local import dynamodb

METHODS = {
    "BatchGetItem": "batch_get_item",
    "BatchWriteItem": "batch_write_item",
    "DeleteItem": "delete_item",
    "GetItem": "get_item",
    "PutItem": "put_item",
    "Query": "query",
    "Scan": "scan",
    "TransactGetItems": "transact_get_items",
    "TransactWriteItems": "transact_write_items",
    "UpdateItem": "update_item",
}
"""What is served here, and moto's name for it."""


def perform(operation: OperationModel, region: str, parameters: dict[str, Any]) -> dict[str, Any] | None:
    """The answer as botocore would parse it; None where moto refuses, and nothing has happened."""
    handler = DynamoHandler()
    handler.headers, handler.querystring = {"X-Amz-Target": f"DynamoDB_20120810.{operation.name}"}, {}
    handler.region, handler.current_account = region, DEFAULT_ACCOUNT_ID
    # moto keeps what it is given, and the caller may go on changing it.
    handler.params = handler.body = _copied(parameters)
    shape = operation.output_shape
    try:
        answer = dynamodb.act(handler, METHODS[operation.name], lambda result: _read(shape, result.result))
    except (ServiceException, HTTPException):
        return None
    return {**answer, "ResponseMetadata": {"HTTPStatusCode": 200, "HTTPHeaders": {}, "RetryAttempts": 0}}


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _copied(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_copied(part) for part in value]
    return value


def _read(shape: Shape, value: Any) -> Any:
    """A copy of `value` with what the shape names of it, as if it had been sent and parsed."""
    kind = shape.type_name
    if kind == "structure":
        members = shape.members
        return {
            name: _read(members[name], part) for name, part in value.items() if part is not None and name in members
        }
    if kind == "list":
        return [_read(shape.member, part) for part in value]
    if kind == "map":
        return {name: _read(shape.value, part) for name, part in value.items()}
    if kind == "blob":
        return value.encode() if isinstance(value, str) else bytes(value)
    if kind in ("integer", "long"):
        return int(value)
    if kind in ("float", "double"):
        return float(value)
    return str(value) if kind == "string" else value
