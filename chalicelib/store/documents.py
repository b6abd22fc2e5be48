"""Records to JSON and back, by their type hints.

Fields at their default are left out: an item up to 1 KB costs one write unit. A document carries the version of its
shape, so that one written by an older release can be upgraded when it is read.
"""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

VERSION = 1
T = TypeVar("T")


def dump(record: Any, *, without: frozenset[str] = frozenset()) -> str:
    """A dataclass as JSON; `without` names fields that the item holds as attributes of its own."""
    body = {k: v for k, v in _encode(record).items() if k not in without}
    return json.dumps({"v": VERSION, **body}, separators=(",", ":"), ensure_ascii=False)


def load(kind: Callable[..., T], text: str, **known: Any) -> T:
    """The record of that type; `known` are the fields that the document does not hold."""
    body = json.loads(text)
    version = body.pop("v", VERSION)
    if version > VERSION:
        raise ValueError(f"a document of shape {version} was written by a newer release")
    hints: dict[str, Any] = _hints(kind)
    return kind(**{k: _decode(hints[k], v) for k, v in body.items() if k in hints}, **known)


def _encode(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: _encode(v) for f in fields(value) if (v := getattr(value, f.name)) != _default(f)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(k): _encode(v) for k, v in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted(_encode(v) for v in value)
    if isinstance(value, (list, tuple)):
        return [_encode(v) for v in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value


def _default(field: "Field[Any]") -> Any:
    if field.default_factory is not MISSING:
        return field.default_factory()
    return field.default


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _decode(hint: Any, value: Any) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        inner = [a for a in arguments if a is not NoneType]
        return value if value is None or len(inner) > 1 else _decode(inner[0], value)
    if origin in (tuple, frozenset, list):
        return origin(_decode(arguments[0], v) for v in value)
    if origin is not None and issubclass(origin, Mapping):
        return {k: _decode(arguments[1], v) for k, v in value.items()}
    if not isinstance(hint, type):
        return value
    if is_dataclass(hint):
        inner_hints = _hints(hint)
        return hint(**{k: _decode(inner_hints[k], v) for k, v in value.items() if k in inner_hints})
    if issubclass(hint, Enum):
        return hint(value)
    return base64.b64decode(value) if hint is bytes else value
