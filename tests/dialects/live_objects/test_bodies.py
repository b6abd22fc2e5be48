"""What devices send as JSON."""

import pytest

from chalicelib.dialects.live_objects.bodies import parsed
from chalicelib.dialects.registry import Malformed


def test_an_object_is_taken_as_it_is() -> None:
    assert parsed('{"é":[1,-2.5e3,null,"\\u00e9","\\ud83d\\ude00"]}'.encode()) == {"é": [1, -2500.0, None, "é", "😀"]}


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff",
        b"[]",
        b"7",
        b'{"a":',
        b'{"a":NaN}',
        b'{"a":-Infinity}',
        b'{"a":1e999}',
        b'{"a":' + b"9" * 400 + b"}",
        b'{"a":' + b"9" * 5000 + b"}",
        b'{"a":"\\ud800"}',
        b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)
def test_what_could_not_be_given_back_is_refused(payload: bytes) -> None:
    with pytest.raises(Malformed):
        parsed(payload)
