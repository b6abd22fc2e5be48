"""JSON objects as MQTT clients send them."""

import json
from typing import Any

from chalicelib.dialects.registry import Malformed


def parsed(payload: bytes) -> dict[str, Any]:
    try:
        body = json.loads(payload, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"the payload is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise Malformed("the payload is not a JSON object")
    return body


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
