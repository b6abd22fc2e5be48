"""Numbers of the web's that clients or AWS rely on, said a second time; what they do is tested where it is done."""

from importlib import import_module
from typing import Any

import pytest

SAID: dict[str, dict[str, Any]] = {
    "json_text": {"DEEPEST": 100, "_DIGITS": 310},
    "forms": {"MOST_PARTS": 20, "_LONGEST_BOUNDARY": 200, "_LONGEST_HEAD": 8_192},
    "downloading": {"_ELSEWHERE_VALID": 300},
    "brokers": {"PORT": 8_883},
    "routes": {"KILOBYTE": 1_024},
    # Lambda takes and gives 6 MB, of which Base64 makes three quarters.
    "site": {"LARGEST": 4_600_000, "_LONGEST_TEXT": 1_000_000, "_NO_CONTENT": 204},
    "responses": {"_CARRIED": 6_000_000},
    "parameters": {"_SHOWN": 64},
    "schemas": {"_SHOWN": 128},
}


@pytest.mark.parametrize("module", SAID)
def test_a_number_is_what_others_were_told(module: str) -> None:
    found = import_module(f"chalicelib.web.{module}")
    assert {name: getattr(found, name) for name in SAID[module]} == SAID[module]


@pytest.mark.parametrize(
    ("refusal", "status"),
    [("RouteNotFound", 404), ("MethodNotAllowed", 405), ("NotAcceptable", 406), ("UnsupportedMediaType", 415)],
)
def test_a_refusal_has_its_status(refusal: str, status: int) -> None:
    assert getattr(import_module("chalicelib.web.refusals"), refusal).status == status
