"""What devices send as JSON."""

import pytest

from chalicelib.dialects.live_objects.bodies import parsed
from chalicelib.dialects.registry import Malformed


def test_an_object_is_taken_as_it_is() -> None:
    said = '{"é":[1,-2.5e3,null,"\\u00e9","\\ud83d\\ude00"]}'.encode()
    assert parsed(said, []) == {"é": [1, -2500.0, None, "é", "😀"]}


@pytest.mark.parametrize(
    "spelt",
    [
        "NaN",
        "nan",
        "-nan",
        "NAN",
        "nan(0x8000000000000)",
        "-Infinity",
        "inf",
        "-INF",
        "1e999",
        "-1e400",
        "9" * 400,
        "9" * 5000,
    ],
)
def test_what_is_no_number_costs_that_value(spelt: str) -> None:
    wrong: list[str] = []
    said = f'{{"a":{spelt},"nan":"nan, \\"inf\\" and 1e999","b":[1,{spelt},2.5],"c":{{"inf":{spelt}}}}}'
    value = parsed(said.encode(), wrong)
    assert value == {"a": None, "nan": 'nan, "inf" and 1e999', "b": [1, None, 2.5], "c": {"inf": None}}
    assert len(wrong) == 1
    assert spelt[:32] in wrong[0]


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff",
        b"[]",
        b"7",
        b'{"a":',
        b'{"a":nano}',
        b'{"a":nan nan}',
        b"{nan:1}",
        b'{"a":"nan}',
        b'{"a":"\\ud800"}',
        b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)
def test_what_could_not_be_given_back_is_refused(payload: bytes) -> None:
    with pytest.raises(Malformed):
        parsed(payload, [])
