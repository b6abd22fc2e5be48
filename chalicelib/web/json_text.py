"""JSON as strict as RFC 8259 allows, and no value that could not be stored and given back unchanged."""

import json
import math
import re
from collections.abc import Callable
from functools import partial
from typing import Any

from chalicelib.fleet.errors import Invalid

_LARGEST = 1.7976931348623157e308
_DIGITS = 310
DEEPEST = 100
"""How many objects and lists may stand in each other."""
_NO_NUMBER = re.compile(r'"(?:[^"\\]|\\.)*"|-?\b(?:nan|inf(?:inity)?)\b(?:\([^)]*\))?', re.IGNORECASE | re.DOTALL)
"""A string, or what C and Python print for what is no number."""
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")
BODY = "body"
_TOO_DEEP = f"the body is nested too deeply: more than {DEEPEST} objects and lists stand in each other"


def parse(raw: bytes) -> Any:
    """The value. Invalid for anything that is not JSON, and for repeated names, NaN and numbers beyond a double."""
    return _value(_text(raw), _object)


def parse_lenient(payload: bytes, left_out: list[str] | None = None) -> Any:
    """As `parse`, for what firmware writes.

    Of a repeated name the last value counts; a C string ends at its NUL; UTF-16 and UTF-32 are read as RFC 4627 has
    it, and in UTF-8 a character beyond the basic plane may be the two halves that UTF-16 has of it. With `left_out`
    null stands for what is no number (NaN, inf, 1e400), which is added to that list.
    """
    text = _c_string(payload)
    try:
        return _value(text, None)
    except Invalid:
        if left_out is None:
            raise
        return _value(_NO_NUMBER.sub(partial(_numberless, left_out), text), None, partial(_or_null, left_out))


def _numberless(left_out: list[str], found: re.Match[str]) -> str:
    if found[0].startswith('"'):
        return found[0]
    left_out.append(found[0])
    return "null"


def _or_null(left_out: list[str], read: Callable[[str], Any], spelt: str) -> Any:
    try:
        return read(spelt)
    except Invalid:
        left_out.append(spelt)
        return None


def _value(
    text: str,
    pairs: Callable[[list[tuple[str, Any]]], Any] | None,
    number: Callable[[Callable[[str], Any], str], Any] | None = None,
) -> Any:
    """`number` calls what reads one, and may do something else where that cannot."""
    if not text.strip():
        raise Invalid("a JSON body is required", BODY)
    floats, integers = (_float, _integer) if number is None else (partial(number, _float), partial(number, _integer))
    try:
        value = json.loads(
            text, object_pairs_hook=pairs, parse_constant=_constant, parse_float=floats, parse_int=integers
        )
    except json.JSONDecodeError as error:
        raise Invalid(f"the body is not JSON: {error.msg} at line {error.lineno} column {error.colno}", BODY) from None
    except RecursionError:
        raise Invalid(_TOO_DEEP, BODY) from None
    if text.count("{") + text.count("[") > DEEPEST:
        _ensure_shallow(value)
    if _SURROGATE_ESCAPE.search(text):
        _ensure_characters(value)
    return value


def render(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _text(raw: bytes) -> str:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid(f"the body is not UTF-8: wrong byte at {error.start}", BODY) from None
    return text


def _c_string(payload: bytes) -> str:
    encoding = json.detect_encoding(payload)
    try:
        text = payload.decode(encoding)
    except UnicodeDecodeError as error:
        try:
            text = payload.decode(encoding, "surrogatepass").encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeError:
            raise Invalid(f"the body is not {encoding.upper()}: wrong byte at {error.start}", BODY) from None
    return text.partition("\0")[0]


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                # It may have half of a surrogate pair, which nobody could be told.
                shown = name[:64].encode(errors="replace").decode()
                raise Invalid(f"{shown} appears twice in one object", shown)
            seen.add(name)
    return value


def _constant(name: str) -> Any:
    raise Invalid(f"{name} is not JSON", BODY)


def _float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise Invalid(f"the number {digits[:32]} is too large", BODY)
    return value


def _integer(digits: str) -> int:
    # Before int(): Python refuses thousands of digits by itself, and less is already more than a double can hold.
    if len(digits) > _DIGITS or abs(value := int(digits)) > _LARGEST:
        raise Invalid(f"the number {digits[:32]}… is too large", BODY)
    return value


def _ensure_shallow(value: Any) -> None:
    level, depth = [value], 0
    while level := [inner for inner in level if isinstance(inner, (dict, list))]:
        depth += 1
        if depth > DEEPEST:
            raise Invalid(_TOO_DEEP, BODY)
        level = [i for outer in level for i in (outer.values() if isinstance(outer, dict) else outer)]


def _ensure_characters(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise Invalid("the body has half of a surrogate pair", BODY) from None
