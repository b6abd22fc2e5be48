"""JSON objects as MQTT clients send them, as far as they can be stored and given back."""

import json
import math
from typing import Any

from chalicelib.dialects.registry import Malformed

_DIGITS = 310
"""Of an integer: beyond that it is more than a double can hold."""


def parsed(payload: bytes) -> dict[str, Any]:
    """Malformed for what is no JSON object, for numbers beyond a double and for halves of surrogate pairs."""
    try:
        body = json.loads(payload, parse_constant=_no_constant, parse_float=_float, parse_int=_integer)
        if b"\\u" in payload:
            json.dumps(body, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise Malformed(f"the payload is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise Malformed("the payload is not a JSON object")
    return body


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(f"the number {digits[:32]} is too large")
    return value


def _integer(digits: str) -> int:
    if len(digits) > _DIGITS:
        raise ValueError(f"the number {digits[:32]}… is too large")
    return int(digits)
