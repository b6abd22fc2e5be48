"""JSON that clients send: what is refused, and with which words."""

from typing import Any

import pytest

from chalicelib.fleet.errors import Invalid
from chalicelib.web import json_text
from chalicelib.web.json_text import DEEPEST

LARGEST = 1.7976931348623157e308


@pytest.mark.parametrize(
    ("raw", "said", "field"),
    [
        (b"", "a JSON body is required", "body"),
        (b" \r\n", "a JSON body is required", "body"),
        (b'{"a": ', "the body is not JSON: Expecting value at line 1 column 7", "body"),
        (b'{"a":\n nope}', "the body is not JSON: Expecting value at line 2 column 2", "body"),
        (b'{"a": "\xff"}', "the body is not UTF-8: wrong byte at 7", "body"),
        (b'{"a": 1, "b": 2, "c": 3, "b": 4}', "b appears twice in one object", "b"),
        (b'{"x": {"a": 1, "a": 1}}', "a appears twice in one object", "a"),
        (b'{"\\ud800": 1, "\\ud800": 2}', "? appears twice in one object", "?"),
        (b'{"' + b"n" * 99 + b'": 1, "' + b"n" * 99 + b'": 2}', "n" * 64 + " appears twice in one object", "n" * 64),
        (b"[NaN]", "NaN is not JSON", "body"),
        (b"[-Infinity]", "-Infinity is not JSON", "body"),
        (b"[1e309]", "the number 1e309 is too large", "body"),
        (b"[1" + b"0" * 308 + b"9]", "the number 1" + "0" * 31 + "… is too large", "body"),
        (b"[1" + b"0" * 310 + b"]", "the number 1" + "0" * 31 + "… is too large", "body"),
        (b"[-1" + b"0" * 5_000 + b"]", "the number -1" + "0" * 30 + "… is too large", "body"),
        (
            b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1),
            f"the body is nested too deeply: more than {DEEPEST} objects and lists stand in each other",
            "body",
        ),
    ],
)
def test_what_is_wrong_is_said(raw: bytes, said: str, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        json_text.parse(raw)
    assert (str(refused.value), refused.value.field) == (said, field)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b'\xef\xbb\xbf{"a": [1, 2.5, null, true]}', {"a": [1, 2.5, None, True]}),
        (b'{"a": {"a": 1}, "b": {"a": 2}}', {"a": {"a": 1}, "b": {"a": 2}}),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (str(int(LARGEST)).encode(), int(LARGEST)),
        (b"1.7976931348623157e308", LARGEST),
        (b"[" * DEEPEST + b"]" * DEEPEST, None),
        (b"[" + b",".join([b"{}"] * 200) + b"]", [{}] * 200),
    ],
)
def test_what_is_good_is_read(raw: bytes, value: object) -> None:
    found = json_text.parse(raw)
    if value is None:
        assert json_text.render(found) == raw.decode()
    else:
        assert found == value


@pytest.mark.parametrize("raw", [b'{"a": "\\ud83d"}', b'{"\\ude00": 1}', b'[{"a": ["\\ud83d"]}]'])
def test_half_a_character_is_none(raw: bytes) -> None:
    for parse in (json_text.parse, json_text.parse_lenient):
        with pytest.raises(Invalid):
            parse(raw)


@pytest.mark.parametrize(
    ("payload", "value"),
    [
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (b'{"a": 1}\x00\x00garbage', {"a": 1}),
        ('{"a": "é"}'.encode("utf-16-le"), {"a": "é"}),
        ('{"a": "é"}'.encode("utf-16-be"), {"a": "é"}),
        ('{"a": "é"}'.encode("utf-32-le"), {"a": "é"}),
        (b'{"a": "\xed\xa0\xbd\xed\xb8\x80"}', {"a": "\U0001f600"}),
    ],
)
def test_firmware_is_read_as_it_writes(payload: bytes, value: object) -> None:
    assert json_text.parse_lenient(payload) == value


def test_of_a_wrong_byte_its_place_is_said() -> None:
    with pytest.raises(Invalid, match="the body is not UTF-8: wrong byte at 7"):
        json_text.parse_lenient(b'{"a": "\xff"}')


@pytest.mark.parametrize(
    ("payload", "value", "left_out"),
    [
        (b'{"a": NaN, "b": 1}', {"a": None, "b": 1}, ["NaN"]),
        (b'{"a": -inf, "b": nan(0x8)}', {"a": None, "b": None}, ["-inf", "nan(0x8)"]),
        (b'{"a": "NaN and \\" inf", "b": inf}', {"a": 'NaN and " inf', "b": None}, ["inf"]),
        (b"[1e400, 1]", [None, 1], ["1e400"]),
        (b"[1" + b"0" * 400 + b"]", [None], ["1" + "0" * 400]),
        (b"[1, 2]", [1, 2], []),
    ],
)
def test_what_is_no_number_is_left_out_and_named(payload: bytes, value: Any, left_out: list[str]) -> None:
    named: list[str] = []
    assert json_text.parse_lenient(payload, named) == value
    assert named == left_out
    if left_out:
        with pytest.raises(Invalid):
            json_text.parse_lenient(payload)
