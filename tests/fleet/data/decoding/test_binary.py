"""Payloads of bytes read as a description says."""

import pytest

from chalicelib.fleet.data.decoding import BinaryFormat, Budget, BudgetExceededError, JsonValue, PayloadError


def read(source: str, payload: bytes | str, budget: Budget | None = None) -> dict[str, JsonValue]:
    return BinaryFormat(source).read(payload, budget or Budget())


def failure(source: str, payload: bytes | str) -> PayloadError:
    with pytest.raises(PayloadError) as caught:
        read(source, payload)
    return caught.value


def test_a_float_of_four_bytes_is_a_number() -> None:
    assert read("float sent_value;", bytes.fromhex("41200000")) == {"sent_value": 10.0}


def test_a_string_is_taken_as_hexadecimal_digits() -> None:
    assert read("float sent_value;", "41200000") == {"sent_value": 10.0}


@pytest.mark.parametrize(
    ("digits", "value"), [("3dcccccd", 0.1), ("7f7fffff", 3.4028235e38), ("3764e943", 1.36441695e-05)]
)
def test_a_float_is_the_shortest_decimal_with_the_same_bits(digits: str, value: float) -> None:
    assert read("float x;", digits) == {"x": value}


def test_what_json_cannot_spell_is_null() -> None:
    assert read("float a; double b;", "7fc00000fff0000000000000") == {"a": None, "b": None}


@pytest.mark.parametrize(
    ("kind", "digits", "value"),
    [
        ("bool", "02", True),
        ("byte", "ff", -1),
        ("ubyte", "ff", 255),
        ("short", "fffe", -2),
        ("ushort", "fffe", 65534),
        ("int", "fffffffe", -2),
        ("uint", "fffffffe", 4294967294),
        ("long", "fffffffffffffffe", -2),
        ("floatj", "3fc00000", 1.5),
        ("double", "3ff8000000000000", 1.5),
        ("doublej", "3ff8000000000000", 1.5),
        ("asciichar", "41", "A"),
        ("utf8", "7a", "z"),
        ("utf8", "c3a9", "é"),
        ("utf8", "e282ac", "€"),
        ("utf8", "f09f8ca1", "🌡"),
        ("stringj", "03e282ac", "€"),
        ("stringj", "8102" + "6869", "hi"),
        ("stringj", "ff", None),
    ],
)
def test_each_type_reads_its_own_size(kind: str, digits: str, value: JsonValue) -> None:
    assert read(f"{kind} x; ubyte after;", digits + "07") == {"x": value, "after": 7}


def test_the_lowest_byte_comes_first_after_a_less_than_sign() -> None:
    assert read("<int x; >int y; <stringj s;", "0100000000000001" + "82010041") == {"x": 1, "y": 1, "s": "A"}


def test_a_little_endian_array_of_bytes_is_turned_around() -> None:
    assert read("<ubyte[3] x;", "010203") == {"x": [3, 2, 1]}


def test_names_are_lower_case_in_the_result_and_alike_in_expressions() -> None:
    assert read("ubyte Len; ubyte[LEN] Data;", "020506") == {"len": 2, "data": [5, 6]}


def test_fields_without_a_name_are_read_but_not_kept() -> None:
    assert read("ubyte; { ubyte inner; } ubyte x;", "010203") == {"x": 3}


def test_bits_come_lowest_first_and_bytes_may_straddle() -> None:
    assert read("bit:3 a; bit:5 b;", "11") == {"a": 1, "b": 2}
    assert read("bit:4 a; ubyte b; bit:4 c;", "2143") == {"a": 1, "b": 0x32, "c": 4}


def test_a_bit_field_without_a_width_is_one_bit() -> None:
    assert read("bit[8] x;", "81") == {"x": [1, 0, 0, 0, 0, 0, 0, 1]}


def test_an_array_takes_its_length_from_a_number_a_field_an_expression_or_the_end() -> None:
    source = "ubyte n; ubyte[2] a; ubyte[n] b; ubyte[(n+1)*2-3] c; ubyte[_] d;"
    assert read(source, "01020304050607") == {"n": 1, "a": [2, 3], "b": [4], "c": [5], "d": [6, 7]}


def test_an_array_of_nothing_is_empty() -> None:
    assert read("ubyte n; int[n] x; ubyte[_] rest;", "00") == {"n": 0, "x": [], "rest": []}


def test_characters_with_a_count_are_one_string_of_that_many_bytes() -> None:
    assert read("ubyte n; utf8[n] a; asciichar[2] b; utf8[_] c;", "03e282ac414243") == {
        "n": 3,
        "a": "€",
        "b": "AB",
        "c": "C",
    }


def test_strings_with_their_own_length_make_a_list() -> None:
    assert read("stringj[2] a; stringj[_] b;", "014101420143") == {"a": ["A", "B"], "b": ["C"]}


def test_structures_are_objects_and_arrays_of_them_lists() -> None:
    source = "head { ubyte n; } reading [head.n] { ubyte size; ubyte[size] data; }"
    assert read(source, "020105020607") == {
        "head": {"n": 2},
        "reading": [{"size": 1, "data": [5]}, {"size": 2, "data": [6, 7]}],
    }


def test_the_innermost_field_of_a_name_is_meant() -> None:
    source = "ubyte n; s { ubyte n; t { ubyte[n] a; } } ubyte[n] b;"
    assert read(source, "0102050607") == {"n": 1, "s": {"n": 2, "t": {"a": [5, 6]}}, "b": [7]}


def test_structures_may_go_on_to_the_end() -> None:
    assert read("r[_]{ ubyte a; }", "0102") == {"r": [{"a": 1}, {"a": 2}]}


def test_skip_and_align_move_on() -> None:
    assert read("ubyte a; skip; ubyte b; align:4; ubyte c; skip:(c); ubyte d;", "01ff02ff01ff03") == {
        "a": 1,
        "b": 2,
        "c": 1,
        "d": 3,
    }


def test_align_leaves_a_byte_begun() -> None:
    assert read("bit:1 a; align; ubyte b;", "0102") == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    ("source", "payload"), [("ubyte a; align;", "01"), ("bit:1 a; align;", "01"), ("ubyte a; align:4;", "01ffffff")]
)
def test_align_may_lead_to_the_very_end(source: str, payload: str) -> None:
    assert read(source, payload) == {"a": 1}


def test_the_counter_is_the_bytes_read_since_its_last_reset() -> None:
    assert read("short; val:($$) a; reset$$; ubyte; val:($$) b; align:2; ubyte c;", "ffffffff05") == {
        "a": 2,
        "b": 1,
        "c": 5,
    }


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1+2*3", 7),
        ("(1+2)*3", 9),
        ("10-4-3", 3),
        ("7/2", 3),
        ("-7/2", -3),
        ("-7%3", -1),
        ("1|6&3^4", 7),
        ("1<<2+1", 8),
        ("-8>>1", -4),
        ("-8>>>28", 15),
        ("~5", -6),
        ("--5", 5),
        ("1<<33", 2),
        ("2147483647+1", -2147483648),
        ("65536*65536", 0),
    ],
)
def test_expressions_count_as_java_does(expression: str, value: int) -> None:
    assert read(f"val:({expression}) x;", b"") == {"x": value}


def test_a_large_field_counts_with_its_lowest_32_bits() -> None:
    assert read("long n; ubyte[n] x;", "000000010000000109") == {"n": 0x1_0000_0001, "x": [9]}


def test_comments_reach_to_the_end_of_the_line() -> None:
    assert read("// a payload\nubyte a; // the first\nubyte b;", "0102") == {"a": 1, "b": 2}


def test_bytes_that_are_not_described_are_left_alone() -> None:
    assert read("ubyte a;", "0102") == {"a": 1}


@pytest.mark.parametrize(
    ("source", "digits", "field", "offset"),
    [
        ("ubyte a; int Pressure;", "010203", "pressure", 1),
        ("r[2]{ short t; }", "000102", "r.t", 2),
        ("ubyte a; int;", "01", "unnamed int", 1),
        ("int[_] x;", "0000000000", "x", 0),
        ("bit:3 a; bit:6 b;", "01", "b", 0),
        ("utf8 c;", "e282", "c", 1),
        ("stringj s;", "0541", "s", 1),
        ("ubyte; skip:5;", "01", "unnamed skip", 1),
        ("ubyte; align:4;", "01", "unnamed align", 1),
        ("int[1000000] big;", "00", "big", 0),
        ("bit[1000000] big;", "00", "big", 0),
    ],
)
def test_a_payload_that_is_too_short_names_field_and_offset(source: str, digits: str, field: str, offset: int) -> None:
    error = failure(source, digits)
    assert (error.field, error.offset) == (field, offset)
    assert "too short" in str(error)


@pytest.mark.parametrize(
    ("source", "digits", "reason"),
    [
        ("ubyte n; ubyte[4/n] x;", "00", "division by zero"),
        ("byte n; ubyte[n] x;", "ff", "-1 elements"),
        ("ubyte n; bit:(n) x;", "09ff", "1 to 8 bits"),
        ("ubyte n; align:(n);", "00", "multiple of 0"),
        ("stringj x;", "9001", "no sense"),
        ("r[_]{ skip:0; }", "00", "never gets to the end"),
        ("ubyte x;", "0", "hexadecimal"),
        ("ubyte x;", "zz", "hexadecimal"),
    ],
)
def test_a_payload_that_makes_no_sense_is_refused_with_the_reason(source: str, digits: str, reason: str) -> None:
    assert reason in str(failure(source, digits))


@pytest.mark.parametrize("payload", [bytes(262_145), "00" * 262_145])
def test_a_payload_has_a_greatest_length(payload: bytes | str) -> None:
    assert "longer than" in str(failure("ubyte x;", payload))


@pytest.mark.parametrize(
    ("source", "limit"),
    [
        ("r[2147483647]{}", "values"),
        ("r[2147483647]{ skip:0; }", "values"),
        ("r[1000]{ s[1000]{ val:(1+1+1+1+1+1+1) x; } }", "values"),
        ("ubyte[_] x;", "values"),
        ("utf8[_] x;", "characters"),
    ],
)
def test_no_description_makes_more_than_its_budget(source: str, limit: str) -> None:
    with pytest.raises(BudgetExceededError, match=limit):
        read(source, bytes(100_000))


def test_operators_are_steps() -> None:
    with pytest.raises(BudgetExceededError, match="steps"):
        read(f"r[1000]{{ val:({'1+' * 1000}1) x; }}", b"")


@pytest.mark.parametrize(
    ("description", "payload", "fields"),
    [
        ("bit:7[_] a;", "FFFF", {"a": [127, 127, 3]}),
        ("bit:6[_] a;", "FFFF", {"a": [63, 63, 15]}),
        ("bit:1 a; ubyte[_] b;", "FF01", {"a": 1, "b": [255, 0]}),
        ("bit:4 a; byte[_] b;", "F0FF", {"a": 0, "b": [-1, 15]}),
        ("<bool[2] a;", "0001", {"a": [False, True]}),
        ("byte température; byte été;", "0102", {"température": 1, "été": 2}),
        ("utf8[4] a; byte b;", "41FF4205", None),
        ("utf8[3] a; byte b;", "41FF4205", {"a": "A\ufffdB", "b": 5}),
        ("asciichar[2] a;", "41E9", {"a": "A\ufffd"}),
    ],
)
def test_odd_payloads_are_read_as_jbbp_reads_them(
    description: str, payload: str, fields: dict[str, JsonValue] | None
) -> None:
    """JBBP 3.0.1, from which the language comes."""
    if fields is None:
        with pytest.raises(PayloadError):
            BinaryFormat(description).read(payload, Budget())
        return
    assert BinaryFormat(description).read(payload, Budget()) == fields
