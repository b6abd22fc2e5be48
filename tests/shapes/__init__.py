"""Every kind of record, with a whole sample of each, and as a newer release might have written it."""

import importlib
import json
import pkgutil
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import StrEnum
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import chalicelib
from chalicelib.fleet.commands.records import AckMode, Policy
from chalicelib.fleet.shapes import SHAPE, Extensible, Kind

RECORDED = Path(__file__).parent
NEWER = "NEWER"
"""A value that no enumeration of this release has."""
BEFORE, AFTER = "aNewerField", "anotherNewerField"
_VALUED: dict[Any, Any] = {Policy: Policy(60, AckMode.NETWORK, ack_timeout=20, attempts=2, relayed=True)}
"""Samples of what does not take any value."""
_ANY = {"a": [1, None, {"b": 0.1}]}
_SIMPLE: dict[Any, Any] = {str: "ä", int: 7, float: 1.5, bool: True, bytes: bytes([0, 255]), Any: _ANY}


def kinds() -> dict[str, Kind[Any]]:
    """All that the product declares, by `module.NAME`."""
    found: dict[str, Kind[Any]] = {}
    for module in sorted(m.name for m in pkgutil.walk_packages(chalicelib.__path__, "chalicelib.")):
        for name, value in vars(importlib.import_module(module)).items():
            if isinstance(value, Kind) and all(value is not other for other in found.values()):
                found[f"{module.removeprefix('chalicelib.')}.{name}"] = value
    return found


def parts(of: type) -> set[type]:
    """The dataclasses that records of that type consist of."""
    found: set[type] = set()

    def walk(hint: Any) -> None:
        if isinstance(hint, type) and is_dataclass(hint) and hint not in found:
            found.add(hint)
            for each in _hints(hint).values():
                walk(each)
        for argument in get_args(hint):
            walk(argument)

    walk(of)
    return found


def sample(hint: Any) -> Any:
    """A value of that type with everything in it; no field is at its default."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return sample(next(a for a in arguments if a is not NoneType))
    if origin in (tuple, frozenset, list):
        return origin([sample(arguments[0])])
    if origin is not None and issubclass(origin, Mapping):
        return {"k": sample(arguments[1])}
    if isinstance(hint, type) and is_dataclass(hint):
        return _VALUED.get(hint) or hint(**{name: _other(hint, name, of) for name, of in _hints(hint).items()})
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return list(hint)[-1]
    return _SIMPLE[hint]


def newer(kind: Kind[Any], body: Mapping[str, Any], value: str | None = NEWER) -> dict[str, Any]:
    """The body as a newer release of the same shape might write it: more fields at every level.

    `value` stands in place of all that are of an enumeration, None for as they are.
    """
    shape = {SHAPE: body[SHAPE]} if SHAPE in body else {}
    plain = {name: each for name, each in body.items() if name != SHAPE}
    return shape | _newer(kind.of, plain, value)  # type: ignore[no-any-return]


def unknown_in(value: Any) -> bool:
    """Whether there is anything that this release does not know."""
    if is_dataclass(value) and not isinstance(value, type):
        beside = isinstance(value, Extensible) and value.unknown is not None
        return beside or any(unknown_in(getattr(value, each.name)) for each in fields(value))
    if isinstance(value, Mapping):
        return any(unknown_in(each) for each in value.values())
    if isinstance(value, (tuple, list, frozenset)):
        return any(unknown_in(each) for each in value)
    return isinstance(value, StrEnum) and value == NEWER


def defaults(of: type) -> dict[str, Any]:
    """What a document means that leaves a field out, as JSON text, by `Class.field`."""
    found = {}
    for part in sorted(parts(of), key=lambda each: each.__name__):
        for each in fields(part):
            default = each.default_factory() if callable(each.default_factory) else each.default
            if each.name != "unknown" and repr(default).startswith("<dataclasses._MISSING") is False:
                found[f"{part.__name__}.{each.name}"] = repr(default)
    return found


def record() -> None:
    """Write down what each kind's documents look like now, beside what they looked like before."""
    for name, kind in kinds().items():
        path = RECORDED / f"{name}.json"
        known = json.loads(path.read_text()) if path.exists() else {"documents": []}
        text = kind.dump(sample(kind.of))
        documents = [each for each in known["documents"] if each != text] + [text]
        path.write_text(
            json.dumps({"documents": documents, "defaults": defaults(kind.of)}, indent=1, ensure_ascii=False) + "\n"
        )


def _hints(of: Any) -> dict[str, Any]:
    hints = get_type_hints(of)
    return {each.name: hints[each.name] for each in fields(of) if each.name != "unknown"}


def _other(of: Any, name: str, hint: Any) -> Any:
    """Not the default, which would be left out."""
    default = next(each.default for each in fields(of) if each.name == name)
    value = sample(hint)
    if value != default:
        return value
    if isinstance(value, StrEnum):
        return next(iter(hint))
    return not value if isinstance(value, bool) else value + value


def _newer(hint: Any, value: Any, other: str | None) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        inner = [a for a in arguments if a is not NoneType]
        return value if value is None or len(inner) > 1 else _newer(inner[0], value, other)
    if origin is frozenset and isinstance(arguments[0], type) and issubclass(arguments[0], StrEnum):
        return sorted({*value, other or value[0]})
    if origin in (tuple, frozenset, list):
        return [_newer(arguments[0], each, other) for each in value]
    if origin is not None and issubclass(origin, Mapping):
        return {key: _newer(arguments[1], each, other) for key, each in value.items()}
    if isinstance(hint, type) and is_dataclass(hint):
        known = {name: _newer(_hints(hint)[name], each, other) for name, each in value.items()}
        return {BEFORE: [{"deep": None}, 1.5], **known, AFTER: {"ü": "", "empty": {}}}
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return other or value
    return value
