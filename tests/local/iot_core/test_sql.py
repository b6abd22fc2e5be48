"""AWS IoT SQL, as far as rules here use it."""

import base64
from typing import Any

import pytest

from infra.local.iot_core import SqlError, sql
from infra.local.iot_core.message import Message


def _message(payload: bytes = b'{"t": 21, "deep": {"er": "x"}, "on": true}') -> Message:
    return Message(
        "dev/data/7",
        payload,
        0,
        retain=False,
        client_id="sensor-1",
        principal="abc123",
        at=1_700_000_000_000,
        new_trace_id=lambda: "trace",
    )


def _select(statement: str, message: Message | None = None) -> dict[str, Any] | None:
    parsed = sql.parse(statement, new_id=lambda: "an-id", account="123456789012")
    return parsed.select(message or _message())


@pytest.mark.parametrize("payload", [b"{}", b"\x00\xff", b"", b'{"broken'])
def test_encode_takes_any_payload(payload: bytes) -> None:
    event = _select("SELECT encode(*, 'base64') AS payload FROM 'dev/#'", _message(payload))
    assert event == {"payload": base64.b64encode(payload).decode()}


def test_the_functions_tell_of_the_message() -> None:
    event = _select(
        "select clientid() as c, topic() as t, topic(2) as two, timestamp() as at, newuuid() as id,"
        " principal() as p, traceid() as tr, accountid() as a, 'x''y' as s, 7 as n, -1.5 as f, true as b, null as z"
        " from 'dev/#'",
    )
    assert event == {
        "c": "sensor-1",
        "t": "dev/data/7",
        "two": "data",
        "at": 1_700_000_000_000,
        "id": "an-id",
        "p": "abc123",
        "tr": "trace",
        "a": "123456789012",
        "s": "x'y",
        "n": 7,
        "f": -1.5,
        "b": True,
        "z": None,
    }


def test_a_star_is_the_whole_json_object() -> None:
    assert _select("SELECT *, clientid() AS c FROM '#'", _message(b'{"a": 1}')) == {"a": 1, "c": "sensor-1"}


@pytest.mark.parametrize("payload", [b"\xff", b"7", b"[1]", b"[" * 100_000])
def test_a_star_needs_a_json_object(payload: bytes) -> None:
    with pytest.raises(sql.Unselectable):
        _select("SELECT * FROM '#'", _message(payload))


def test_attributes_are_reached_by_their_path() -> None:
    assert _select("SELECT t, deep.er, deep.er AS x FROM '#'") == {"t": 21, "er": "x", "x": "x"}


def test_an_undefined_value_is_left_out() -> None:
    assert _select("SELECT missing, topic(9) AS nine, t FROM '#'") == {"t": 21}


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("t = 21", True),
        ("t <> 21", False),
        ("t > 20 AND t <= 21", True),
        ("t < 20 OR deep.er = 'x'", True),
        ("NOT (t = 21)", False),
        ("NOT t = 20", True),
        ("on = true", True),
        ("on", True),
        ("t", False),
        ("on = 1", False),
        ("missing = 1", False),
        ("NOT missing = 1", False),
        ("missing <> 1", False),
        ("t > 'x'", False),
        ("clientid() = 'sensor-1'", True),
        ("topic(1) = 'dev' AND topic(3) >= '7'", True),
    ],
)
def test_where_decides_whether_the_rule_applies(condition: str, *, holds: bool) -> None:
    event = _select(f"SELECT t FROM '#' WHERE {condition}")  # noqa: S608 - no database
    assert event == ({"t": 21} if holds else None)


@pytest.mark.parametrize(
    "statement",
    [
        "",
        "SELECT",
        "SELECT * FROM",
        "SELECT * FROM dev",
        "SELECT * FROM 'a' WHERE",
        "SELECT * FROM 'a' trailing",
        "SELECT topic() FROM 'a'",
        "SELECT aws_lambda('x') AS y FROM 'a'",
        "SELECT encode(*, 'hex') AS y FROM 'a'",
        "SELECT topic(0) AS y FROM 'a'",
        "SELECT a AS FROM 'a'",
        "SELECT (a AS b FROM 'a'",
        "SELECT a; DROP FROM 'a'",
    ],
)
def test_what_is_not_supported_is_refused_when_the_rule_is_made(statement: str) -> None:
    with pytest.raises(SqlError):
        sql.parse(statement)
