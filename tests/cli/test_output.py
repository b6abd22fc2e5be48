"""Tables for eyes: aligned whatever is in them, and nothing in them moves a terminal."""

import pytest

from infra.client.configuration import parsed
from infra.client.data import field, row
from infra.client.keys import span
from infra.client.output import cell, harmless, show, width


@pytest.mark.parametrize(
    "hostile",
    ["\x1b[31mred", "back\bspace", "two\nlines", "\u202egnp.exe", "\u2066iso", "bell\x07", "\x9b2J", "tab\t", "\ud800"],
)
def test_what_moves_a_terminal_is_shown_as_an_escape(hostile: str) -> None:
    assert harmless(hostile).isprintable()
    assert "\\" in harmless(hostile)


def test_columns_are_as_wide_as_they_look(capsys: pytest.CaptureFixture[str]) -> None:
    items = ["温度計", "e\u0301te\u0301", "plain", "👩\u200d🔧"]
    show(items, {"name": lambda i: i, "x": lambda _: "|"}, "table")
    rows = capsys.readouterr().out.splitlines()
    assert len({width(line.partition("|")[0]) for line in rows[1:]}) == 1


@pytest.mark.parametrize("name", ["😀" * 256, "W" * 300, "\u202e" * 100])
def test_a_long_name_takes_no_more_than_its_column(name: str) -> None:
    assert width(cell(name)) <= 60


def test_rows_that_come_later_are_printed_as_they_come(capsys: pytest.CaptureFixture[str]) -> None:
    seen: list[str] = []

    def coming() -> "list[str]":
        seen.append(capsys.readouterr().out)
        return ["second"]

    def items() -> "object":
        yield "first"
        yield from coming()

    show(items(), {"name": lambda i: i}, "table", first=1)  # type: ignore[arg-type]
    assert "first" in seen[0]
    assert "second" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("a=1", "INT32", 1),
        ("a=-5", "INT32", -5),
        ("a=4000000000", "UINT32", 4000000000),
        ("a=1.5", "FLOAT", 1.5),
        ("a=on", "STRING", "on"),
        ("a=true", "STRING", "true"),
        ("a=", "STRING", ""),
        ("a=b=c", "STRING", "b=c"),
        ("a:STRING=1", "STRING", "1"),
        ("a:UINT32=7", "UINT32", 7),
        ("a:BINARY=AAE=", "BINARY", "AAE="),
    ],
)
def test_values_have_the_type_that_they_look_like(text: str, kind: str, value: object) -> None:
    assert parsed(text) == ("a", {"type": kind, "value": value})


def test_a_name_may_have_a_colon() -> None:
    assert parsed("net:ip=x") == ("net:ip", {"type": "STRING", "value": "x"})


def test_a_spreadsheet_runs_nothing() -> None:
    assert row(["=1+1", "-2", -2, 1.5, None, {"a": "="}]) == '\'=1+1,\'-2,-2,1.5,,"{""a"": ""=""}"\r\n'


def test_fields_are_found_by_their_path() -> None:
    assert field({"gps": {"lat": 0}}, "gps.lat") == 0
    assert field({"gps": 3}, "gps.lat") is None


def test_spans_are_milliseconds() -> None:
    assert (span("90m"), span("2w")) == (5_400_000, 1_209_600_000)
