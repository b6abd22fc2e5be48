"""Building blocks of answers' schemas, for the OpenAPI document."""

from collections.abc import Iterable
from enum import StrEnum

from chalicelib.web.schemas import Schema


def record(required: str, /, **properties: Schema) -> Schema:
    """An object with those properties, of which the ones named in `required` are always there."""
    return {"type": "object", "required": required.split(), "properties": properties}


def listed(item: Schema) -> Schema:
    return {"type": "array", "items": item}


def paged(item: Schema) -> Schema:
    return record("page size totalCount data", page=WHOLE, size=WHOLE, totalCount=WHOLE, data=listed(item))


def by_name(value: Schema) -> Schema:
    return {"type": "object", "additionalProperties": value}


def among(values: type[StrEnum] | Iterable[str]) -> Schema:
    return {"type": "string", "enum": [str(value) for value in values]}


TEXT: Schema = {"type": "string"}
MOMENT: Schema = {"type": "string", "format": "date-time"}
WHOLE: Schema = {"type": "integer"}
NUMBER: Schema = {"type": "number"}
FLAG: Schema = {"type": "boolean"}
TEXTS = listed(TEXT)
ANY: Schema = {}
DONE: Schema = {"const": True}
