"""DynamoDB items as JSON text and back, exactly: {"name": {"S": …}} with binary values as base64."""

import base64
import json
from typing import Any

from moto.dynamodb.models.dynamo_type import DynamoType, Item

Value = dict[str, Any]
"""One typed value, such as {"N": "1"} or {"M": {…}}."""


def dumps(item: Item) -> str:
    return json.dumps({name: plain(value) for name, value in item.attrs.items()})


def loads(text: str) -> dict[str, Value]:
    """Attributes as moto takes them in a request."""
    return {name: _typed(value) for name, value in json.loads(text).items()}


def plain(value: DynamoType) -> Value:
    """A typed value with nothing but JSON's own types in it."""
    inner = value.value
    if value.is_map():
        return {value.type: {name: plain(DynamoType(part)) for name, part in inner.items()}}
    if value.is_list():
        return {value.type: [plain(DynamoType(part)) for part in inner]}
    if value.is_set():
        return {value.type: [_text(part) for part in inner]}
    return {value.type: _text(inner)}


def _text(value: Any) -> Any:
    return base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else value


def _typed(value: Value) -> Value:
    ((kind, inner),) = value.items()
    if kind == "M":
        return {kind: {name: _typed(part) for name, part in inner.items()}}
    if kind == "L":
        return {kind: [_typed(part) for part in inner]}
    if kind == "B":
        return {kind: base64.b64decode(inner)}
    if kind == "BS":
        return {kind: [base64.b64decode(part) for part in inner]}
    return value
