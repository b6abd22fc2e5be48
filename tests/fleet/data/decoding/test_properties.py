"""What holds for every decoder and every payload, however they are made up."""

import contextlib
import json
import math
import struct
from dataclasses import dataclass

from hypothesis import example, given, settings
from hypothesis import strategies as st

from chalicelib.fleet.data.decoding import (
    BinaryFormat,
    Budget,
    Column,
    ColumnType,
    CsvFormat,
    CsvOptions,
    Decoder,
    DecodingError,
    JsonValue,
)
from chalicelib.fleet.data.decoding.budget import MAX_PAYLOAD

_PIECES = st.sampled_from(
    [
        "int",
        "uint",
        "bit",
        "bit:3",
        "<",
        ">",
        "[",
        "]",
        "_",
        "{",
        "}",
        "(",
        ")",
        ";",
        ":",
        "a",
        "b",
        "a.b",
        "$$",
        "reset$$",
        "skip",
        "align:2",
        "val:(",
        "+",
        "-",
        "*",
        "/",
        "%",
        "<<",
        ">>>",
        "~",
        "0",
        "1",
        "2",
        "9999999999",
        "utf8",
        "stringj",
        "asciichar",
        "byte",
        "bool",
        "float",
        "double",
        "//",
        "\n",
        "é",
        "{{",
        "}}",
        "{{#",
        "{{/",
        "{{^",
        "{{{",
        "}}}",
        "math",
        ".",
        ",",
        '"',
        "'",
        "\\",
        "e",
        "pow",
    ]
)
_TEXTS = (
    st.text(max_size=40) | st.lists(_PIECES, max_size=25).map(" ".join) | st.lists(_PIECES, max_size=25).map("".join)
)
_PAYLOADS = st.binary(max_size=40) | st.text(max_size=40)

few = settings(max_examples=150, deadline=None)


def assert_portable(value: dict[str, JsonValue]) -> None:
    """It is JSON that any wire carries, and comes back as it was."""
    text = json.dumps(value, allow_nan=False, ensure_ascii=False)
    assert json.loads(text.encode()) == value


def assert_decodes_or_complains(decoder: Decoder, payload: bytes | str) -> None:
    budget = Budget(steps=2_000, elements=300, text=2_000)
    try:
        result = decoder.decode(payload, budget)
    except DecodingError as error:
        str(error).encode()
    else:
        assert_portable(result)
        assert min(budget.steps, budget.elements, budget.text) >= 0
    trial = decoder.try_out(payload)
    assert (trial.result is None) == (trial.failure is not None) == (not trial.templating_ok)


@few
@given(source=_TEXTS, payload=_PAYLOADS)
@example(source="bit:1a;byte[_]b;", payload=b"ab")
@example(source="align:9999;byte[$$/0]b;", payload=bytes(9999))
def test_any_description_decodes_or_complains(source: str, payload: bytes | str) -> None:
    assert_decodes_or_complains(Decoder(format=BinaryFormat(source)), payload)


@few
@given(template=_TEXTS, payload=st.binary(min_size=3, max_size=20))
@example(template='{"a":"{{\ud800}}"}', payload=b"abc")
@example(template="{{#\ud800}}", payload=b"abc")
def test_any_template_renders_or_complains(template: str, payload: bytes) -> None:
    assert_decodes_or_complains(Decoder(format=BinaryFormat("ubyte a; b[2]{ ubyte a; }"), template=template), payload)


@few
@given(
    formula=st.lists(
        st.sampled_from(
            ["{{a}}", "1", "2.5", "1e9", "+", "-", "*", "/", "%", "^", "(", ")", ",", "pow", "max", "sqrt", "e", "x"]
        ),
        max_size=20,
    )
)
def test_any_formula_has_a_value_or_complains(formula: list[str]) -> None:
    template = '{"v":{{#math}}' + "".join(formula) + "{{/math}}}"
    assert_decodes_or_complains(Decoder(format=BinaryFormat("ubyte a;"), template=template), b"\x07")


@few
@given(
    payload=_PAYLOADS,
    types=st.lists(st.sampled_from(ColumnType), max_size=4),
    signs=st.lists(st.text(alphabet=",;'\"\\\n\r a", max_size=2), min_size=4, max_size=4),
    flags=st.tuples(st.booleans(), st.booleans()),
)
def test_any_csv_layout_decodes_or_complains(
    payload: bytes | str, types: list[ColumnType], signs: list[str], flags: tuple[bool, bool]
) -> None:
    options = CsvOptions(
        column_separator=signs[0],
        quote=signs[1],
        escape=signs[2],
        row_separator=signs[3],
        use_escape=flags[0],
        skip_white_space=flags[1],
    )
    columns = tuple(Column(f"c{at}", type_) for at, type_ in enumerate(types))
    assert_decodes_or_complains(Decoder(format=CsvFormat(columns, options)), payload)


@dataclass(frozen=True)
class Described:
    """A piece of a description, the bytes of one value of it, and that value."""

    statement: str
    data: bytes
    value: JsonValue


_CODES = {
    "byte": ("b", st.integers(-(1 << 7), (1 << 7) - 1)),
    "ubyte": ("B", st.integers(0, (1 << 8) - 1)),
    "short": ("h", st.integers(-(1 << 15), (1 << 15) - 1)),
    "ushort": ("H", st.integers(0, (1 << 16) - 1)),
    "int": ("i", st.integers(-(1 << 31), (1 << 31) - 1)),
    "uint": ("I", st.integers(0, (1 << 32) - 1)),
    "long": ("q", st.integers(-(1 << 63), (1 << 63) - 1)),
    "double": ("d", st.floats(allow_nan=False, allow_infinity=False)),
    "bool": ("?", st.booleans()),
}


@st.composite
def _numbers(draw: st.DrawFn, name: str) -> Described:
    type_ = draw(st.sampled_from(sorted(_CODES)))
    code, values = _CODES[type_]
    order = draw(st.sampled_from("<>"))
    if draw(st.booleans()):
        value = draw(values)
        return Described(f"{order}{type_} {name};", struct.pack(order + code, value), value)
    several = draw(st.lists(values, min_size=1, max_size=4))
    data = struct.pack(f"{order}{len(several)}{code}", *several)
    # an array of bytes is turned around by '<', so it is written the other way
    turned = order == "<" and len(data) == len(several) and type_ != "bool"
    written = data[::-1] if turned else data
    return Described(f"{order}{type_}[{len(several)}] {name};", written, list(several))


@st.composite
def _texts(draw: st.DrawFn, name: str) -> Described:
    text = draw(st.text(max_size=8))
    data = text.encode()
    if draw(st.booleans()):
        return Described(f"stringj {name};", bytes([len(data)]) + data, text)
    prefix = struct.pack(">H", len(data))
    return Described(f"ushort n{name}; utf8[n{name}] {name};", prefix + data, text)


@st.composite
def _structures(draw: st.DrawFn, name: str, depth: int) -> Described:
    members = [draw(_described(f"{name}{at}", depth - 1)) for at in range(draw(st.integers(0, 3)))]
    count = draw(st.integers(1, 3))
    source = "".join(member.statement for member in members)
    data = b"".join(member.data for member in members)
    value = fields_of(members)
    if draw(st.booleans()):
        return Described(f"{name}{{{source}}}", data, value)
    return Described(f"{name}[{count}]{{{source}}}", data * count, [value] * count)


def _described(name: str, depth: int) -> st.SearchStrategy[Described]:
    leaves = _numbers(name) | _texts(name)
    return leaves | _structures(name, depth) if depth else leaves


def fields_of(members: list[Described]) -> dict[str, JsonValue]:
    result: dict[str, JsonValue] = {}
    for member in members:
        *hidden, name = (part.split()[-1] for part in member.statement.partition("{")[0].rstrip(";").split(";"))
        if hidden:
            result[hidden[0]] = len(str(member.value).encode())
        result[name.partition("[")[0]] = member.value
    return result


@st.composite
def _layouts(draw: st.DrawFn) -> list[Described]:
    return [draw(_described(f"f{at}x", 2)) for at in range(draw(st.integers(1, 4)))]


@few
@given(members=_layouts())
def test_what_struct_packs_is_read_back(members: list[Described]) -> None:
    source = "".join(member.statement for member in members)
    data = b"".join(member.data for member in members)
    assert BinaryFormat(source).read(data, Budget()) == fields_of(members)


@few
@given(members=_layouts(), cut=st.integers(1, 8))
def test_a_payload_cut_short_names_where_it_ends(members: list[Described], cut: int) -> None:
    data = b"".join(member.data for member in members)
    trial = Decoder(format=BinaryFormat("".join(m.statement for m in members) + "byte[8] end;")).try_out(
        data + bytes(8 - cut)
    )
    assert (trial.description_valid, trial.parsing_ok) == (True, False)
    assert f"end at offset {len(data)}: the payload is too short" in str(trial.failure)


@few
@given(bits=st.integers(0, (1 << 32) - 1))
def test_a_float_keeps_its_bits(bits: int) -> None:
    raw = struct.pack(">I", bits)
    value = BinaryFormat("float x;").read(raw, Budget())["x"]
    (expected,) = struct.unpack(">f", raw)
    assert value is None if not math.isfinite(expected) else struct.pack(">f", value) == raw


@few
@given(widths=st.lists(st.integers(1, 8), min_size=1, max_size=20), data=st.binary(min_size=20, max_size=20))
def test_bit_fields_are_the_bits_of_one_little_endian_number(widths: list[int], data: bytes) -> None:
    source = "".join(f"bit:{width} f{at};" for at, width in enumerate(widths))
    whole, expected = int.from_bytes(data, "little"), []
    for width in widths:
        expected.append(whole % (1 << width))
        whole >>= width
    assert list(BinaryFormat(source).read(data, Budget()).values()) == expected


@few
@given(
    cells=st.lists(st.text(alphabet=st.characters(codec="utf-8"), max_size=10), min_size=1, max_size=5),
    separator=st.sampled_from(",;\t|"),
)
def test_quoted_cells_come_back_whatever_they_hold(cells: list[str], separator: str) -> None:
    columns = tuple(Column(f"c{at}", ColumnType.STRING) for at in range(len(cells)))
    text = separator.join('"' + cell.replace('"', '""') + '"' for cell in cells)
    decoded = CsvFormat(columns, CsvOptions(column_separator=separator)).read(text + "\nnext", Budget())
    assert list(decoded.values()) == cells


@few
@given(text=st.text(alphabet=st.characters(codec="utf-8"), max_size=30))
def test_a_string_survives_a_template(text: str) -> None:
    columns = (Column("t", ColumnType.STRING),)
    decoder = Decoder(format=CsvFormat(columns), template='{"a":"{{t}}"}')
    assert decoder.decode('"' + text.replace('"', '""') + '"') == {"a": text}


@few
@given(
    depth=st.integers(1, 16), count=st.sampled_from(["_", "9", "2147483647"]), inner=st.sampled_from(["", "skip:0;"])
)
def test_loops_within_loops_end_within_the_steps_granted(depth: int, count: str, inner: str) -> None:
    source = "".join(f"s[{count}]{{" for _ in range(depth)) + inner + "}" * depth
    budget = Budget(steps=500, elements=500)
    with contextlib.suppress(DecodingError):
        BinaryFormat(source).read(b"x", budget)
    # what goes beyond the budget is the last thing that is done
    assert min(budget.steps, budget.elements) >= -1


def test_the_largest_payload_is_read_within_the_steps_granted() -> None:
    budget = Budget(elements=MAX_PAYLOAD)
    BinaryFormat("byte[_] x;").read(bytes(MAX_PAYLOAD), budget)
    assert budget.granted[0] - budget.steps == 1
