"""A configuration that is one object, as clients see it that know parameters: each of its fields is one."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chalicelib.fleet.configuration.document import Document
from chalicelib.fleet.configuration.records import Configuration, Parameter, ParameterType, SyncStatus, Value

_INT32, _UINT32 = 1 << 31, 1 << 32
_WORDS = {"true": True, "false": False}


def shown(configuration: Configuration) -> Configuration:
    """The configuration with the fields of its document among the parameters."""
    document = configuration.document
    if document is None:
        return configuration
    fields = {name: _parameter(document, name) for name in {**(document.reported or {}), **document.content}}
    return replace(configuration, parameters={**configuration.parameters, **fields})


def with_values(document: Document, values: Mapping[str, Value]) -> dict[str, Any]:
    """The content after these parameters were set: a field keeps its kind where its text can be read as that."""
    return {**document.content, **{name: _content(document.content.get(name), v) for name, v in values.items()}}


def _parameter(document: Document, name: str) -> Parameter:
    reported = document.content if document.settled else document.reported or {}
    return Parameter(
        reported=_value(reported[name], document.reported_at) if name in reported else None,
        requested=_value(document.content[name], document.changed) if name in document.content else None,
        status=_status(document),
    )


def _status(document: Document) -> SyncStatus:
    if document.settled:
        return SyncStatus.OK
    return SyncStatus.SENT if document.fetched >= document.version else SyncStatus.PENDING


def _value(content: Any, at: int) -> Value:
    if isinstance(content, str):
        return Value(ParameterType.STRING, content, at)
    if isinstance(content, bool) or not isinstance(content, (int, float)):
        return Value(ParameterType.STRING, json.dumps(content, ensure_ascii=False), at)
    if isinstance(content, int) and -_INT32 <= content < _INT32:
        return Value(ParameterType.INT32, content, at)
    if isinstance(content, int) and 0 <= content < _UINT32:
        return Value(ParameterType.UINT32, content, at)
    return Value(ParameterType.FLOAT, content, at)


def _content(before: Any, value: Value) -> Any:
    text = value.value
    if not isinstance(text, str) or isinstance(before, str):
        return text
    if isinstance(before, bool):
        return _WORDS.get(text, text)
    if isinstance(before, (dict, list)):
        try:
            read = json.loads(text)
        except (ValueError, RecursionError):
            return text
        return read if isinstance(read, (dict, list)) else text
    return text
