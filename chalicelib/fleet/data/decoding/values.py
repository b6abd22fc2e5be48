"""What decoding gives: JSON that every store and every wire accepts."""

import json
import math
from collections.abc import Iterator
from typing import TypeAlias

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"

MAX_DEPTH = 32
MAX_NUMBER = 64
"""Characters of a number's text: beyond that it is not a measurement."""


def parse_object(text: str) -> dict[str, JsonValue]:
    """The JSON object in `text`; ValueError for what RFC 8259 leaves to luck: NaN, huge numbers, half surrogates."""
    try:
        value = json.loads(text, parse_constant=_refuse, parse_int=_integer, parse_float=_finite)
        json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except UnicodeEncodeError:
        raise ValueError("it has half of a surrogate pair") from None
    if not isinstance(value, dict):
        raise ValueError("it is not an object")  # noqa: TRY004  # it is the text that is wrong, not a type
    if _deeper_than(value, MAX_DEPTH):
        raise ValueError(f"it is nested more than {MAX_DEPTH} deep")
    return value


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is not JSON")


def _integer(digits: str) -> int:
    if len(digits) > MAX_NUMBER:
        raise ValueError("it has a number that is too long")
    return int(digits)


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(f"{digits[:MAX_NUMBER]} is too large")
    return value


def _deeper_than(value: JsonValue, limit: int) -> bool:
    level: list[JsonValue] = [value]
    for _ in range(limit):
        level = [
            child
            for parent in level
            if isinstance(parent, dict | list)
            for child in (parent.values() if isinstance(parent, dict) else parent)
        ]
        if not level:
            return False
    return True


def can_be_stored(name: str) -> bool:
    """Whether a field of a message may be called so: whoever searches writes dots between names."""
    return not name.startswith("$") and "." not in name


def names(value: JsonValue) -> Iterator[str]:
    """Of all fields, at any depth."""
    if isinstance(value, dict):
        yield from value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from names(part)
