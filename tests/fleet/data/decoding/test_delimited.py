"""The first row of separated values."""

from typing import Any

import pytest

from chalicelib.fleet.data.decoding import (
    Budget,
    BudgetExceededError,
    Column,
    ColumnType,
    CsvFormat,
    CsvOptions,
    DescriptionError,
    JsonValue,
    PayloadError,
)
from chalicelib.fleet.data.decoding.budget import MAX_PAYLOAD

S, N, B = ColumnType.STRING, ColumnType.NUMERIC, ColumnType.BOOLEAN


def layout(types: list[ColumnType], **options: Any) -> CsvFormat:
    return CsvFormat(tuple(Column(f"c{at}", type_) for at, type_ in enumerate(types)), CsvOptions(**options))


def row(payload: bytes | str, *types: ColumnType, **options: Any) -> list[JsonValue]:
    return list(layout(list(types), **options).read(payload, Budget()).values())


@pytest.mark.parametrize("lead", ["\n", "\r\n", "\n\r\n\n"])
def test_empty_lines_before_the_row_are_none(lead: str) -> None:
    assert row(f"{lead}21,on\n", N, S) == [21, "on"]
    assert row(f";;{lead.strip()}21,on", N, S, row_separator=";") == [21, "on"]


def test_columns_have_names_and_types() -> None:
    columns = (Column("place", S), Column("level", N), Column("on", B))
    assert CsvFormat(columns).read("attic,12.5,true", Budget()) == {"place": "attic", "level": 12.5, "on": True}


def test_only_the_first_row_counts() -> None:
    assert row('1,2\nthe "rest', N, N) == [1, 2]


@pytest.mark.parametrize(
    ("text", "value"), [("12", 12), ("+3", 3), ("-4.50", -4.5), (".5", 0.5), ("1e3", 1000.0), (" 7 ", 7), ("", None)]
)
def test_numbers_are_decimal(text: str, value: JsonValue) -> None:
    assert row(text + ",", N, S) == [value, ""]


@pytest.mark.parametrize("text", ["twelve", "1_000", "0x10", "nan", "inf", "1e999", "٣", "1,5", "9" * 65])
def test_what_is_no_number_is_refused_by_column_and_offset(text: str) -> None:
    with pytest.raises(PayloadError, match="is not a number") as caught:
        row(f"x;{text}", S, N, column_separator=";")
    assert (caught.value.field, caught.value.offset) == ("c1", 2)


def test_a_boolean_is_true_false_or_empty() -> None:
    assert row("TRUE,false,", B, B, B) == [True, False, None]
    with pytest.raises(PayloadError, match="neither true nor false"):
        row("yes", B)


def test_quotes_hold_separators_rows_and_doubled_quotes() -> None:
    assert row('"a,b","c\nd","say ""hi""",""', S, S, S, S) == ["a,b", "c\nd", 'say "hi"', ""]


def test_the_escape_character_counts_only_when_asked_for() -> None:
    assert row("a\\,b", S, S) == ["a\\", "b"]
    assert row('a\\,b\\n,"c\\"d"', S, S, use_escape=True) == ["a,b\n", 'c"d']


def test_other_signs_may_be_chosen() -> None:
    assert row("'a;b'; 2|3;4", S, N, column_separator=";", quote="'", row_separator="|") == ["a;b", 2]


def test_blanks_around_values_are_kept_unless_asked_otherwise() -> None:
    assert row(" a , b", S, S) == [" a ", " b"]
    assert row(' a ,\t" b " ,c', S, S, S, skip_white_space=True) == ["a", " b ", "c"]


def test_a_separator_that_is_a_blank_is_not_skipped() -> None:
    assert row("a\t\tb", S, S, S, column_separator="\t", skip_white_space=True) == ["a", "", "b"]


def test_a_line_may_end_as_on_other_systems() -> None:
    assert row("a,b\r\nc", S, S) == ["a", "b"]


def test_columns_that_the_row_lacks_are_left_out() -> None:
    assert layout([S, N]).read("a", Budget()) == {"c0": "a"}


def test_bytes_are_utf_8() -> None:
    assert row("é".encode(), S) == ["é"]


@pytest.mark.parametrize(
    ("payload", "reason", "offset"),
    [
        ("a,b,c", "3 values for 2 columns", 4),
        ('a,"b', "never closed", 2),
        ('"a"b', "goes on after its closing quote", 3),
        (b"\xff", "not text", None),
        ("\ud800", "not text", None),
        ("", "no row", None),
        ("a" * 262_145, "longer than", None),
    ],
)
def test_a_row_that_does_not_fit_is_refused_with_the_reason(
    payload: bytes | str, reason: str, offset: int | None
) -> None:
    with pytest.raises(PayloadError, match=reason) as caught:
        row(payload, S, S)
    assert caught.value.offset == offset


def test_nothing_after_an_escape_is_refused() -> None:
    with pytest.raises(PayloadError, match="nothing follows"):
        row("a\\", S, use_escape=True)


@pytest.mark.parametrize(("payload", "limit"), [("a" * 70_000, "characters"), ("," * 20_000, "values")])
def test_a_row_has_its_budget(payload: str, limit: str) -> None:
    with pytest.raises(BudgetExceededError, match=limit):
        row(payload, S)


@pytest.mark.parametrize(
    ("format_", "reason"),
    [
        (CsvFormat(()), "1 to 256 columns"),
        (CsvFormat((Column("", S),)), "name of a column"),
        (CsvFormat((Column("\ud800", S),)), "surrogate"),
        (CsvFormat((Column("a.b", S),)), "begins with \\$ or has a dot"),
        (CsvFormat((Column("$a", S),)), "begins with \\$ or has a dot"),
        (CsvFormat((Column("a", S), Column("a", N))), "two columns are called 'a'"),
        (layout([S], column_separator=""), "column separator is not one character"),
        (layout([S], quote="''"), "quote is not one character"),
        (layout([S], escape=""), "escape is not one character"),
        (layout([S], row_separator=""), "row separator"),
        (layout([S], quote=","), "are the same"),
        (layout([S], escape='"', use_escape=True), "are the same"),
    ],
)
def test_a_layout_that_no_row_could_follow_is_refused(format_: CsvFormat, reason: str) -> None:
    with pytest.raises(DescriptionError, match=reason):
        format_.validate()


@pytest.mark.parametrize("as_text", [False, True])
def test_the_longest_payload_is_read_and_one_character_more_is_not(as_text: bool) -> None:  # noqa: FBT001 - two kinds
    text = "x,é\n".ljust(MAX_PAYLOAD, "y")
    payload: bytes | str = text if as_text else text.encode()
    assert row(payload, S, S) == ["x", "é"]
    more = f"{text}y" if as_text else f"{text}y".encode()
    with pytest.raises(PayloadError, match=f"longer than {MAX_PAYLOAD} characters"):
        row(more, S, S)
