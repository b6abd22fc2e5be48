"""JSON objects as MQTT clients send them, as far as they can be stored and given back."""

from typing import Any

from chalicelib.dialects.registry import Malformed
from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.reading import reading
from chalicelib.web import json_text

_NAMED = 5


def parsed(payload: bytes, wrong: list[str]) -> dict[str, Any]:
    """The object, with null for what is no number, as `wrong` is told.

    Malformed for what is no JSON object, and for halves of surrogate pairs.
    """
    left_out: list[str] = []
    try:
        with reading("the payload"):
            body = json_text.parse_lenient(payload, left_out)
    except Invalid as error:
        raise Malformed(str(error).replace("the body", "the payload", 1)) from error
    if not isinstance(body, dict):
        raise Malformed("the payload is not a JSON object")
    if left_out:
        named = ", ".join(spelt[:32] for spelt in left_out[:_NAMED])
        wrong.append(f"the payload has what is no number, or one beyond a double ({named}); null is kept for it")
    return body
