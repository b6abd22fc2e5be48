"""RSQL as the manual (5.3.2.1) and the vendor's OpenAPI write it."""

import subprocess
import sys
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.dialects.live_objects.rest import filters, rsql
from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.inventory.records import Device, Group, GroupTree, Interface
from chalicelib.web.parameters import read_all
from chalicelib.web.request import Query, Request

pytestmark = pytest.mark.row("B2")
TREE = GroupTree("t", 1, {g.id: g for g in (Group("t", "france", "France", "root", 0, 0),
                                            Group("t", "lyon", "lyon", "france", 0, 0))})  # fmt: skip


def device(*tags: str, group: str = "root", connectors: tuple[str, ...] = (), **properties: str) -> Device:
    interfaces = tuple(Interface(c, "n", "live_objects", 0, 0) for c in connectors)
    return Device("t", "d", 0, 0, tags=tags, group=group, interfaces=interfaces, properties=properties)


def holds(query: str, one: Device) -> bool:
    return rsql.parse(query).holds(one, TREE)


MANUALS = "groupPath==/France;tags==demo;connector==lwm2m or (connector==x-connector)"


@pytest.mark.parametrize(
    ("one", "found"),
    [
        (device("demo", group="france", connectors=("lwm2m",)), True),
        (device("demo", group="lyon", connectors=("lwm2m",)), False),
        (device(connectors=("x-connector",)), True),
        (device("demo", group="france", connectors=("mqtt",)), False),
    ],
)
def test_the_sample_of_the_manual_selects_as_it_says(one: Device, found: bool) -> None:  # noqa: FBT001
    assert holds(MANUALS, one) is found


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("tags==a", True),
        ("tags==c", False),
        ("tags!=a", False),
        ("tags!=c", True),
        ("tags=in=(c,b)", True),
        ("tags=out=(c,d)", True),
        ("tags=out=(c,b)", False),
        ("properties.t==25", True),
        ("properties.none==25", False),
        ("properties.none!=25", True),
        ("properties.t=gt=9", True),
        ("properties.t=lt=9", False),
        ("properties.t>=25", True),
        ("properties.t=le=24.5", False),
        ("properties.t=lt=2_4", True),
        ("properties.t=lt=+inf", False),
        ("properties.t=lt=nan", True),
        ("properties.t=lt=2.6e1", True),
        ("properties.t=gt=+24.5", True),
        ("properties.odd=gt=9", False),
        ("properties.word=gt=apple", True),
        ("properties.none=gt=1", False),
        ('properties.said=="a, (b)"', True),
        (r"properties.quoted=='it\'s'", True),
        ("groupId==lyon", True),
        ("groupPath==/France/lyon", True),
        ("groupPath==/France", False),
        ("groupPath==/France/*", True),
        ("groupPath=in=(/x,/France/*/)", True),
        ("connector==mqtt", True),
        ("connector==mqtt;connector==x-connector", True),
        ("tags==c,tags==a;tags==d", False),
        ("(tags==c,tags==a);tags==b", True),
        ("tags==c or tags==a and tags==b", True),
        ("tags==a AND tags==b", None),
        (" tags == a ; ( tags == b ) ", True),
        ("(" * 300 + "tags==a" + ")" * 300, True),
    ],
)
def test_an_expression_holds_or_not(query: str, found: bool | None) -> None:  # noqa: FBT001
    one = device("a", "b", group="lyon", connectors=("mqtt", "x-connector"), t="25", odd="1_0", word="pear",
                 said="a, (b)", quoted="it's")  # fmt: skip
    if found is None:
        with pytest.raises(Invalid):
            holds(query, one)
    else:
        assert holds(query, one) is found


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("", "its end"),
        ("tags", "its end"),
        ("(tags==a", "its end"),
        ("tags==a)", "character 8"),
        ("tags=rx=x", "character 5"),
        ("tags=re=(a+)+", "character 9"),
        ('tags=re="(a+)+"', "repeats no group"),
        ("tags=in=()", "character 10"),
        ("tags==a b", "character 8"),
        ("name==a", "knows tags"),
        ("properties.==a", "knows tags"),
    ],
)
def test_what_cannot_be_read_is_pointed_at(query: str, place: str) -> None:
    with pytest.raises(Invalid, match="filterQuery") as error:
        rsql.parse(query)
    assert place in str(error.value)


@given(st.text(alphabet="tagsconner ideproup.;,()=<>!'\"\\*/0", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(Invalid):
        assert rsql.parse(text).holds(device("a"), TREE) in (True, False)


def test_only_conditions_that_all_must_meet_are_required() -> None:
    required = rsql.parse("tags==a;groupId=in=(x,y);(connector==m,connector==n);tags!=z").required()
    assert [(c.selector, c.values) for c in required] == [("tags", ("a",)), ("groupId", ("x", "y"))]


def test_the_parser_is_not_imported_before_there_is_an_expression() -> None:
    code = "import sys; import chalicelib.dialects.live_objects.rest; print('lark' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(
    "text",
    [
        MANUALS,
        "tags==demo;connector==mqtt",
        "connector==mqtt;tags=in=(t0,t1);tags!=t2",
        "(tags==a;connector==b),groupPath==/c",
        "properties.size>5;properties.size<=9;tags==x",
        'tags=="a b";tags=="c"',
    ],
)
def test_a_query_that_came_in_parts_is_read_as_it_was_sent(text: str) -> None:
    """API Gateway splits at `;`, and takes the rest for other parameters: some have the name of one that there is."""
    parts = [
        part.partition("=") for part in f"{rsql.FIELD}={text}&tags=demo&groupId=abc&_=5".replace(";", "&").split("&")
    ]
    query: dict[str, list[str]] = {}
    for name, _, value in parts:
        query.setdefault(name, []).append(value)
    asked = read_all(filters.PARAMETERS, Request(query=Query(query)))
    assert sorted(asked[rsql.FIELD].split(";")) == sorted(text.split(";"))
    assert (asked["tags"], asked["groupId"]) == (["demo"], "abc")
