import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.dialects.cumulocity.smartrest import rows


def parsed(text: str) -> list[tuple[str, ...]]:
    return [row.values for row in rows.parse(text)]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("100,a,b", [("100", "a", "b")]),
        ("100,a\n101,b\r\n102,c", [("100", "a"), ("101", "b"), ("102", "c")]),
        ("\n \n100\n,,\n", [("100",)]),
        ('511,"echo \\"a\\", b"', [("511", 'echo "a", b')]),
        ('511,"say ""hi"""', [("511", 'say "hi"')]),
        ('113,"a=1\nb=2"', [("113", "a=1\nb=2")]),
        ("113, a b ,\tc", [("113", "a b", "c")]),
        ('113,"  kept  "', [("113", "  kept  ")]),
        ('113,"a\\nb"', [("113", "a\\nb")]),
        ('113,in"side', [("113", 'in"side')]),
        ("100,,", [("100", "", "")]),
        ('100,""', [("100", "")]),
    ],
)
def test_what_devices_send_is_read(text: str, values: list[tuple[str, ...]]) -> None:
    assert parsed(text) == values


@pytest.mark.parametrize("text", ['100,"open', '100,"a"b', '100,"open\n101,x'])
def test_a_quote_that_does_not_end_breaks_its_row(text: str) -> None:
    first, *_ = rows.parse(text)
    assert first.broken
    assert first.id == "100"


def test_a_broken_row_leaves_the_next_one_whole() -> None:
    _, second = rows.parse('100,"a"b\n101,x')
    assert (second.values, second.broken, second.number) == (("101", "x"), False, 1)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (("511", "DEV", 'echo "hello"\necho "world"'), '511,DEV,"echo \\"hello\\"\necho \\"world\\""'),
        (("515", "DEV", "a b", "", "http://x/y?z=1"), "515,DEV,a b,,http://x/y?z=1"),
        (("511", " a"), '511," a"'),
        (("511", "a\tb"), '511,"a\tb"'),
    ],
)
def test_what_goes_to_devices_is_quoted_where_it_has_to_be(values: tuple[str, ...], text: str) -> None:
    assert rows.render(values) == text


_VALUES = st.text(st.characters(codec="utf-8") | st.sampled_from('",\\ \r\n\t'), max_size=12)


def ends_in_doubt(value: str) -> bool:
    """The vendor's quoting cannot tell a backslash before the closing quote from a quote that is meant."""
    return value.endswith("\\") and rows.render((value,)).startswith('"')


@given(st.lists(st.lists(_VALUES.filter(lambda v: not ends_in_doubt(v)), min_size=1, max_size=4), max_size=4))
def test_what_is_written_is_read_as_it_was(table: list[list[str]]) -> None:
    written = [tuple(row) for row in table if any(row)]
    assert parsed("\n".join(rows.render(row) for row in written)) == written


@given(st.text(st.characters(codec="utf-8") | st.sampled_from('",\\ \r\n\t'), max_size=60))
def test_whatever_comes_is_rows(text: str) -> None:
    for row in rows.parse(text):
        assert any(row.values) or row.broken
