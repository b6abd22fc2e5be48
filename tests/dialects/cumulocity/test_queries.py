"""The query language of the inventory (reference, "Query language")."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chalicelib.dialects.cumulocity.queries import UNREADABLE, holds, parse
from chalicelib.fleet.errors import Invalid

pytestmark = pytest.mark.row("G3")
SHOWN = {
    "id": "17",
    "name": "it's Room 7",
    "type": "c8y_Room",
    "creationTime": "2026-05-01T10:00:00.000Z",
    "size": {"m2": 12.5, "floors": 2},
    "tags": ["red", "blue"],
    "open": True,
    "sensors": [{"serial": "a"}, {"serial": "b"}],
    "installed": "2026-01-01T00:00:00Z",
}


def meant(query: str) -> bool:
    condition, _ = parse(query)
    assert condition is not None
    return holds(condition, SHOWN, lambda member: member.number == "1")


@pytest.mark.parametrize(
    "query",
    [
        "type eq 'c8y_Room'",
        "$filter=(type eq 'c8y_Room')",
        "$filter=type eq 'c8y_*'",
        "type eq 'C8Y_r*M'",
        "name eq 'it''s Room 7'",
        "size.floors eq 2 and size.m2 gt 12f",
        "size.m2 le 12.5d",
        "not(size.floors gt 2)",
        "type eq 'x' or (open eq true and has(size))",
        "hasany(c8y_Nothing, size.m2)",
        "tags eq 'blue'",
        "sensors.serial eq 'b'",
        "creationTime gt '2026-05-01T11:00:00.000+02:00'",
        "installed.date lt '2026-06-01'",
        "missing eq null",
        "bygroupid(1)",
        "isinhierarchyof(1)",
        "name ne 'Room'",
        "TYPE eq null",
        "type eq c8y_Room",
        "$filter=(has(size) and bygroupid(1) and type eq c8y_Ro* and open eq true)",
    ],
)
def test_queries_that_mean_it(query: str) -> None:
    assert meant(query)


@pytest.mark.parametrize(
    "query",
    [
        "type eq 'c8y_room'",
        "size.floors eq '2'",
        "size.m2 eq 12.5",
        "name gt 5",
        "has(c8y_Nothing)",
        "tags eq 'green'",
        "bygroupid(2)",
        "open eq 'true'",
        "missing eq 'x'",
        "size eq null",
    ],
)
def test_queries_that_do_not(query: str) -> None:
    assert not meant(query)


@pytest.mark.parametrize(
    "query",
    [
        "type",
        "type eq",
        "type is 'x'",
        "(type eq 'x'",
        "type eq 'x",
        "type eq 'x')",
        "exists(x)",
        "has()",
        "has(name)",
        "a..b eq 1",
        "$orderby=name up",
        "x eq 1 and",
        "x eq and",
        "x eq Not",
        "type eq a b",
        "$orderby=",
        "$orderby=name,",
        "x eq 1 $orderby=,name",
        "(" * 40 + "x eq 1" + ")" * 40,
        " or ".join(["x eq 1"] * 31),
        "x eq '" + "y" * 3_000 + "'",
    ],
)
def test_what_cannot_be_understood_is_refused(query: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse(query)
    assert query == "has(name)" or str(refused.value) == UNREADABLE


@pytest.mark.parametrize(
    ("pattern", "value", "fits"),
    [
        ("*a" * 500 + "*b", "a" * 10_000, False),
        ("*a" * 500 + "*", "a" * 10_000, True),
        ("ab*bc", "abc", False),
        ("ab*bc", "abbc", True),
        ("*", "", True),
        ("a*b*c", "a\nb\nc", True),
        ("*b*a", "ab", False),
        ("**", "x", True),
    ],
)
def test_stars_stand_for_any_text_however_many_there_are(pattern: str, value: str, *, fits: bool) -> None:
    condition, _ = parse(f"name eq '{pattern}'")
    assert condition is not None
    assert holds(condition, {"name": value}, lambda _: False) is fits


def test_the_order_is_that_of_the_properties_named() -> None:
    condition, order = parse("$filter=(has(size)) $orderby=name asc,creationTime desc, _id")
    assert condition is not None
    assert order == ((("name",), False), (("creationTime",), True), (("id",), False))
    assert parse("$orderby=name") == (None, ((("name",), False),))


@given(st.text(alphabet="ab'() ,.*$=eqandornothas123null", max_size=60))
@example("$orderby=")
def test_any_text_is_understood_or_refused(text: str) -> None:
    try:
        condition, _ = parse(text)
    except Invalid:
        return
    if condition is not None:
        holds(condition, SHOWN, lambda _: False)
