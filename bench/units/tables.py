"""A look into moto's tables past its API, which no meter sees."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType

from bench.units.capacity import Item

ACCOUNT = "123456789012"


def _table(region: str, name: str) -> Any:
    return dynamodb_backends[ACCOUNT][region].tables[name]


def indexes(region: str, name: str) -> list[dict[str, Any]]:
    return [index.describe() for index in _table(region, name).global_indexes]


def key_names(region: str, name: str) -> list[str]:
    table = _table(region, name)
    return [k for k in (table.hash_key_attr, table.range_key_attr) if k]


def present(region: str, name: str, holder: Mapping[str, Any]) -> Item | None:
    """The item with the key that `holder` (a key or a whole item) has."""
    table = _table(region, name)
    parts = [DynamoType(_stored(holder[k])) for k in key_names(region, name)]
    found = table.items.get(parts[0])
    if found is not None and len(parts) > 1:
        found = found.get(parts[1])
    if found is None:
        return None
    attributes: dict[str, Any] = json.loads(json.dumps(found.to_json()["Attributes"], default=_text))
    return {name_: _raw(value) for name_, value in attributes.items()}


def every(region: str, name: str) -> list[Item]:
    held = _table(region, name)
    found: list[Item] = []
    for item in held.all_items():
        attributes = json.loads(json.dumps(item.to_json()["Attributes"], default=_text))
        found.append({n: _raw(v) for n, v in attributes.items()})
    return found


def _stored(value: Mapping[str, Any]) -> dict[str, Any]:
    return {k: base64.b64encode(v).decode() if isinstance(v, bytes) else v for k, v in value.items()}


def _raw(value: dict[str, Any]) -> dict[str, Any]:
    return {"B": base64.b64decode(value["B"])} if "B" in value else value


def _text(value: Any) -> Any:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else str(value)
