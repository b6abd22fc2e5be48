"""JSON objects as MQTT clients send them, as far as they can be stored and given back."""

from typing import Any

from chalicelib.dialects.registry import Malformed
from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.reading import reading
from chalicelib.web import json_text


def parsed(payload: bytes) -> dict[str, Any]:
    """Malformed for what is no JSON object, for numbers beyond a double and for halves of surrogate pairs."""
    try:
        with reading("the payload"):
            body = json_text.parse_lenient(payload)
    except Invalid as error:
        raise Malformed(str(error).replace("the body", "the payload", 1)) from error
    if not isinstance(body, dict):
        raise Malformed("the payload is not a JSON object")
    return body
