"""Every content format both ways, by examples that others published and by whatever Hypothesis thinks of."""

import json
import math
from collections.abc import Callable

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.dialects.lwm2m import payloads, senml, tlv
from chalicelib.dialects.lwm2m.content_formats import ContentFormat, content_format
from chalicelib.dialects.lwm2m.entries import MOST_ENTRIES, CannotCarry, Entry, FormatError, Item
from chalicelib.fleet.twin.definitions import Definitions
from chalicelib.fleet.twin.paths import Path
from chalicelib.fleet.twin.public import public_objects
from chalicelib.fleet.twin.values import ResourceType as T
from chalicelib.fleet.twin.values import Value

NOW = 1_800_000_000.0
DEFINITIONS = Definitions(public_objects())
FORMATS = [each for each in ContentFormat if each is not ContentFormat.LINK_FORMAT]
SINGLE = (ContentFormat.TEXT, ContentFormat.OPAQUE, ContentFormat.CBOR)


def public(path: Path) -> T | None:
    resource = DEFINITIONS.resource(path)
    return resource.type if resource else None


def decoded(
    number: int | None, base: Path, payload: bytes, type_of: Callable[[Path], T | None] = public
) -> list[Entry]:
    result = payloads.decode(number, base, payload, type_of, now=NOW)
    assert result.complaints == []
    return result.entries


def values(entries: list[Entry]) -> dict[Path, Value]:
    return {entry.path: entry.value for entry in entries}


DEVICE: dict[Path, Value] = {
    (3, 0, 0): "Open Mobile Alliance",
    (3, 0, 1): "Lightweight M2M Client",
    (3, 0, 2): "345000123",
    (3, 0, 3): "1.0",
    (3, 0, 6, 0): 1,
    (3, 0, 6, 1): 5,
    (3, 0, 7, 0): 3800,
    (3, 0, 7, 1): 5000,
    (3, 0, 8, 0): 125,
    (3, 0, 8, 1): 900,
    (3, 0, 9): 100,
    (3, 0, 10): 15,
    (3, 0, 11, 0): 0,
    (3, 0, 13): 1367491215,
    (3, 0, 14): "+02:00",
    (3, 0, 16): "U",
}
"""The device of the standard's examples."""

DEVICE_TLV = bytes.fromhex(
    "c800144f70656e204d6f62696c6520416c6c69616e6365c801164c69676874776569676874204d324d20436c69656e74c80209333435303030313233"
    "c303312e30860641000141010588070842000ed842011388870841007d42010384c10964c10a0f830b410000c40d5182428fc60e2b30323a3030c11055"
)


def test_the_standards_device_in_tlv() -> None:
    """LwM2M Core 1.0, 6.4.3.3, table of a single object instance; also wrapped in its instance and its object."""
    assert values(decoded(11542, (3, 0), DEVICE_TLV)) == DEVICE
    assert values(decoded(1542, (3,), bytes((0x08, 0, len(DEVICE_TLV))) + DEVICE_TLV)) == DEVICE
    items = [Item(path, public(path) or T.STRING, value) for path, value in DEVICE.items()]
    assert payloads.encode(ContentFormat.TLV, (3, 0), items) == DEVICE_TLV


def test_the_standards_device_in_json() -> None:
    """LwM2M Core 1.0, 6.4.4."""
    payload = {
        "bn": "/3/0/",
        "e": [
            {"n": "0", "sv": "Open Mobile Alliance"},
            {"n": "6/0", "v": 1},
            {"n": "9", "v": 100},
            {"n": "14", "sv": "+02:00"},
        ],
    }
    got = values(decoded(11543, (3, 0), json.dumps(payload).encode()))
    assert got == {path: DEVICE[path] for path in ((3, 0, 0), (3, 0, 6, 0), (3, 0, 9), (3, 0, 14))}


def test_history_in_json_counts_from_its_base() -> None:
    """LwM2M Core 1.0, 6.4.4: temperatures of half an hour."""
    payload = b'{"bn":"/3303/0/5700","bt":1700000000,"e":[{"v":22.9,"t":-5},{"v":22.4,"t":-30},{"v":24.1}]}'
    path = (3303, 0, 5700)
    assert decoded(1543, path, payload) == [
        Entry(path, 22.9, 1_699_999_995.0),
        Entry(path, 22.4, 1_699_999_970.0),
        Entry(path, 24.1, 1_700_000_000.0),
    ]


def test_the_standards_examples_of_senml() -> None:
    """LwM2M Core 1.1, 7.4.4: base names, links, opaque values in base64url; RFC 8428, 4.5.3: relative times."""
    payload = b'[{"bn":"/65/0/","n":"0/0","vlo":"66:0"},{"n":"0/1","vlo":"66:1"},{"n":"1","vs":"8613800755500"}]'
    types: dict[Path, T] = {(65, 0, 0, 0): T.LINK, (65, 0, 0, 1): T.LINK, (65, 0, 1): T.STRING}
    assert [entry.value for entry in decoded(110, (), payload, types.get)] == ["66:0", "66:1", "8613800755500"]
    payload = b'[{"bn":"/3303/0/","bt":-10,"n":"1","v":1,"t":-5},{"n":"1","v":2,"t":10},{"n":"5701","vs":"","t":1.7e9}]'
    times = [entry.at for entry in decoded(110, (), payload)]
    assert times == [NOW - 15, None, 1.7e9 - 10]
    assert decoded(110, (), b'[{"n":"5/0/0","vd":"-_8"}]')[0].value == b"\xfb\xff"
    assert decoded(110, (), b'[{"bn":"/3/0/9","bv":10,"v":5}]')[0].value == 15


def test_senml_in_cbor_has_numbers_for_labels() -> None:
    pack = [{-2: "/3/0/", 0: "0", 3: "x"}, {0: "9", 2: cbor2.CBORTag(4, [-1, 955])}, {0: "6/0", 2: 1, 6: -60}]
    with pytest.raises(AssertionError, match="3/0/9"):
        decoded(112, (), cbor2.dumps(pack))
    assert decoded(112, (), cbor2.dumps([pack[0], pack[2]])) == [
        Entry((3, 0, 0), "x"),
        Entry((3, 0, 6, 0), 1, NOW - 60),
    ]
    assert cbor2.loads(senml.encode_paths([(3, 0, 0), (1,)], binary=True)) == [{0: "/3/0/0"}, {0: "/1"}]
    assert senml.encode_paths([(3, 0)], binary=False) == b'[{"n":"/3/0"}]'


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (b"{}", "array"),
        (b"[1]", "map"),
        (b'[{"n":"/3/0/0","vs":"x","new_":1}]', "understood"),
        (b'[{"bver":11,"n":"/3/0/0","vs":"x"}]', "version"),
        (b'[{"n":"/3/0/0","vs":"x","v":1}]', "more than one"),
        (b'[{"n":"/3/0","vs":"x"}]', "no resource"),
        (b'[{"n":"/3/0/x","vs":"x"}]', "no path"),
        (b'[{"n":3,"vs":"x"}]', "no text"),
        (b'[{"n":"/3/0/0","vd":"***"}]', "base64"),
        (b'[{"n":"/3/0/0","vs":"x","t":"now"}]', "t is no number"),
        (b'[{"n":"/3/0/0","vs":"x","bt":1e999}]', "out of range"),
        (b"[" * 100_000, "no JSON"),
        (b"[\xff]", "no JSON"),
    ],
)
def test_senml_that_makes_no_sense_says_why(payload: bytes, why: str) -> None:
    with pytest.raises(FormatError, match=why):
        payloads.decode(110, (), payload, public, now=NOW)


@pytest.mark.parametrize("number", [11542, 11543, 110])
def test_what_was_not_asked_for_is_refused(number: int) -> None:
    payload = {
        11542: b"\xc1\x0a\x01",
        11543: b'{"bn":"/3/0/10","e":[{"v":1}]}',
        110: b'[{"n":"/3/0/10","v":1}]',
    }
    with pytest.raises(FormatError, match="asked for"):
        payloads.decode(number, (3, 0, 9), payload[number], public, now=NOW)


def test_one_senseless_value_leaves_the_others() -> None:
    """A battery level of three bytes, a boolean of two, a time that is text."""
    payload = b"\xc3\x09\x01\x02\x03" + b"\xc1\x0a\x07"
    result = payloads.decode(11542, (3, 0), payload, public, now=NOW)
    assert result.entries == [Entry((3, 0, 10), 7)]
    assert result.complaints == ["/3/0/9: a whole number has 1, 2, 4 or 8 bytes"]
    result = payloads.decode(
        110, (), b'[{"n":"/3/0/9","vs":"much"},{"n":"/3/0/13","v":1.5},{"n":"/3/0/0","vs":"x"}]', public, now=NOW
    )
    assert [entry.value for entry in result.entries] == [1, "x"]
    assert result.complaints == ["/3/0/9: no whole number"]


def test_no_more_values_are_read_than_a_report_may_have() -> None:
    pack = [{"n": f"/3303/{number}/5700", "v": 1} for number in range(MOST_ENTRIES + 1)]
    with pytest.raises(FormatError, match="more than 1000"):
        payloads.decode(110, (), json.dumps(pack).encode(), public, now=NOW)
    with pytest.raises(FormatError, match="more than 1000"):
        payloads.decode(11542, (3, 0, 6), b"".join(bytes((0x41, n % 256, 1)) for n in range(1001)), public, now=NOW)


def test_without_a_definition_a_value_keeps_its_formats_own_type() -> None:
    unknown = (31_000, 0, 1)
    assert decoded(11542, unknown, b"\xc2\x01\x00\xff")[0].value == b"\x00\xff"
    assert decoded(110, (), b'[{"n":"/31000/0/1","v":1.5}]')[0].value == 1.5
    assert decoded(None, unknown, b"plain")[0].value == "plain"
    assert decoded(42, unknown, b"\xff")[0].value == b"\xff"
    assert decoded(60, unknown, cbor2.dumps(True))[0].value is True


@pytest.mark.parametrize("payload", [b"\xff\xfe", b"12x", b"1_0", "١٢".encode(), b"nan", b""])
def test_text_that_is_no_number_is_no_number(payload: bytes) -> None:
    try:
        result = payloads.decode(0, (3, 0, 9), payload, public, now=NOW)
    except FormatError:
        return
    assert result.entries == []
    assert result.complaints


def test_content_formats_have_old_numbers_and_none_means_text() -> None:
    assert [content_format(number) for number in (None, 1542, 1543, 112, 40, 50)] == [
        ContentFormat.TEXT,
        ContentFormat.TLV,
        ContentFormat.JSON,
        ContentFormat.SENML_CBOR,
        ContentFormat.LINK_FORMAT,
        None,
    ]
    for number in (40, 50):
        with pytest.raises(FormatError, match=str(number)):
            payloads.decode(number, (), b"", public, now=NOW)


VALUES: dict[T, st.SearchStrategy[Value]] = {
    T.STRING: st.text(max_size=300),
    T.INTEGER: st.integers(-(1 << 63), (1 << 63) - 1),
    T.UNSIGNED_INTEGER: st.integers(0, (1 << 64) - 1),
    T.FLOAT: st.floats(allow_nan=False, allow_infinity=False)
    | st.floats(width=32, allow_nan=False, allow_infinity=False),
    T.BOOLEAN: st.booleans(),
    T.BASE64: st.binary(max_size=300),
    T.DATETIME: st.integers(-(1 << 40), 1 << 40),
    T.LINK: st.builds("{}:{}".format, st.integers(0, 65_535), st.integers(0, 65_535)),
    T.CORE_LINK: st.just("</3/0>"),
}
NUMBER = st.integers(0, 65_534)


@st.composite
def instances(draw: st.DrawFn) -> list[Item]:
    """The resources of one object instance, single and multiple ones."""
    items = []
    for resource in draw(st.lists(NUMBER, min_size=1, max_size=5, unique=True)):
        type_ = draw(st.sampled_from(list(VALUES)))
        if draw(st.booleans()):
            items.append(Item((31_000, 7, resource), type_, draw(VALUES[type_])))
            continue
        several = sorted(draw(st.lists(NUMBER, min_size=1, max_size=3, unique=True)))
        items += [Item((31_000, 7, resource, one), type_, draw(VALUES[type_])) for one in several]
    return sorted(items, key=lambda item: item.path)


def types(items: list[Item]) -> Callable[[Path], T | None]:
    of = {item.path[:3]: item.type for item in items}
    return lambda path: of.get(path[:3])


@given(instances(), st.sampled_from([each for each in FORMATS if each not in SINGLE]), st.sampled_from([1, 2]))
def test_an_instance_survives_every_format(items: list[Item], number: ContentFormat, depth: int) -> None:
    base = items[0].path[:depth]
    payload = payloads.encode(number, base, items)
    got = decoded(number, base, payload, types(items))
    assert [(entry.path, entry.value, type(entry.value)) for entry in got] == [
        (item.path, item.value, type(item.value)) for item in items
    ]


@given(st.data(), st.sampled_from(FORMATS), st.sampled_from(list(VALUES)), st.sampled_from([3, 4]))
def test_a_value_survives_every_format(data: st.DataObject, number: ContentFormat, type_: T, depth: int) -> None:
    if number is ContentFormat.OPAQUE and type_ is not T.BASE64:
        return
    path = (31_000, 7, data.draw(NUMBER), data.draw(NUMBER))[:depth]
    item = Item(path, type_, data.draw(VALUES[type_]))
    payload = payloads.encode(number, path, [item])
    assert decoded(number, path, payload, types([item])) == [Entry(path, item.value)]


@given(st.sampled_from(FORMATS), st.binary(max_size=120), st.sampled_from([(), (3,), (3, 0), (3, 0, 9), (3, 0, 7, 1)]))
def test_whatever_arrives_is_values_or_a_format_error(number: ContentFormat, payload: bytes, base: Path) -> None:
    try:
        result = payloads.decode(number, base, payload, public, now=NOW)
    except FormatError:
        return
    for entry in result.entries:
        assert len(entry.path) in (3, 4)
        assert not isinstance(entry.value, float) or public(entry.path) is None or math.isfinite(entry.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.binary(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["n", "bn", "v", "vs", "vb", "vd", "vlo", "t", "bt", "e", "sv", "bv", "ov"])
            | st.integers(-6, 8),
            inner | st.sampled_from(["/3/0/9", "/3/0/", "9", "3303/0/5700"]),
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(JSON, st.sampled_from([(), (3, 0)]))
def test_whatever_structure_arrives_is_values_or_a_format_error(structure: object, base: Path) -> None:
    written = {ContentFormat.SENML_CBOR: cbor2.dumps(structure), ContentFormat.CBOR: cbor2.dumps(structure)}
    text = json.dumps(structure, default=str, skipkeys=True).encode()
    written |= {ContentFormat.SENML_JSON: text, ContentFormat.JSON: text}
    for number, payload in written.items():
        try:
            payloads.decode(number, base or (3, 0, 9), payload, public, now=NOW)
        except FormatError as error:
            assert str(error)  # noqa: PT017 - any reason is good, as long as there is one


@pytest.mark.parametrize(
    "payload",
    [
        "9bffffffffffffffff",  # an array of 2^64 items
        "bb7fffffffffffffff",
        "5bffffffffffffffff",
        "81" * 5000 + "80",
        "c4821b7fffffffffffffff01",  # 1E+9223372036854775807
        "c48219ffff01",
        "d81e820100",  # 1/0
        "c249" + "ff" * 9,
        "d9010281f6",
        "d81c80",
        "d81d00",
        "c074323031332d30332d32315432303a30343a30305a",
        "c1fb7e37e43c8800759c",
        "f7",
        "ff",
    ],
)
def test_hostile_cbor_costs_nothing_and_says_why(payload: str) -> None:
    for number in (60, 112):
        try:
            result = payloads.decode(number, (3, 0, 9), bytes.fromhex(payload), public, now=NOW)
        except FormatError:
            continue
        assert len(result.entries) + len(result.complaints) <= 1


DECLARED_ALL = frozenset({0, 42, 60, 110, 112, 11542, 11543})


@pytest.mark.parametrize(
    ("version", "types_", "declared", "composite", "expected"),
    [
        ("1.0", [T.STRING], DECLARED_ALL, False, "TLV"),
        ("1.0", [T.BASE64], DECLARED_ALL, False, "OPAQUE"),
        ("1.0", [T.BASE64], frozenset({11542}), False, "TLV"),
        ("1.0", [T.STRING, T.STRING], DECLARED_ALL, False, "TLV"),
        ("1.0", [T.STRING], DECLARED_ALL, True, None),
        ("1.1", [T.STRING], DECLARED_ALL, False, "TEXT"),
        ("1.1", [T.BASE64], frozenset(), False, "OPAQUE"),
        ("1.1", [T.STRING, T.STRING], DECLARED_ALL, False, "SENML_CBOR"),
        ("1.1", [T.STRING, T.STRING], frozenset({110}), False, "SENML_JSON"),
        ("1.1", [T.STRING], DECLARED_ALL, True, "SENML_CBOR"),
        ("1.1", [T.STRING], frozenset(), True, "SENML_JSON"),
    ],
)
def test_the_format_of_a_write_is_the_manuals(
    version: str, types_: list[T], declared: frozenset[int], *, composite: bool, expected: str | None
) -> None:
    """Tables 1 and 2 of the manual."""
    one = len(types_) == 1
    base: Path = (5, 0, 0) if one else (5, 0)
    items = [Item((5, 0, number), type_, "x") for number, type_ in enumerate(types_)]
    if expected is None:
        with pytest.raises(CannotCarry):
            payloads.format_to_write(version, base, items, declared, composite=composite)
        with pytest.raises(CannotCarry):
            payloads.format_to_accept(version, declared, composite=True)
        return
    assert payloads.format_to_write(version, base, items, declared, composite=composite).name == expected
    accepted = payloads.format_to_accept(version, declared, composite=composite)
    assert (accepted.name if accepted else None) == (expected if composite else None)


@pytest.mark.parametrize(
    ("number", "base", "items"),
    [
        (ContentFormat.TEXT, (3, 0), [Item((3, 0, 0), T.STRING, "x")]),
        (ContentFormat.TEXT, (3, 0), [Item((3, 0, 0), T.STRING, "x"), Item((3, 0, 1), T.STRING, "y")]),
        (ContentFormat.OPAQUE, (3, 0, 0), [Item((3, 0, 0), T.STRING, "x")]),
        (ContentFormat.TLV, (), [Item((3, 0, 0), T.STRING, "x")]),
        (ContentFormat.TLV, (4, 0), [Item((3, 0, 0), T.STRING, "x")]),
        (ContentFormat.JSON, (4, 0), [Item((3, 0, 0), T.STRING, "x")]),
        (ContentFormat.LINK_FORMAT, (3, 0, 0), [Item((3, 0, 0), T.STRING, "x")]),
    ],
)
def test_what_a_format_cannot_carry_is_said(number: ContentFormat, base: Path, items: list[Item]) -> None:
    with pytest.raises(CannotCarry):
        payloads.encode(number, base, items)
    with pytest.raises(CannotCarry):
        payloads.encode_paths(ContentFormat.TLV, [base])


def test_an_instance_without_a_number_is_its_resources() -> None:
    items = [Item((31_000, 0, 1), T.STRING, "x")]
    assert tlv.encode_instance(items) == b"\xc1\x01x"
    assert payloads.encode(ContentFormat.TLV, (31_000,), items) == b"\x03\x00\xc1\x01x"
