"""What is wrong with a binary description, and where."""

import pytest

from chalicelib.fleet.data.decoding import BinaryFormat, DescriptionError


def failure(source: str) -> DescriptionError:
    with pytest.raises(DescriptionError) as caught:
        BinaryFormat(source).validate()
    return caught.value


@pytest.mark.parametrize(
    ("source", "line", "column", "expected"),
    [
        ("int pressure", 1, 13, "';'"),
        ("int a;\n  byt b;", 2, 3, "a type, or '{' after a structure's name"),
        ("int a b;", 1, 7, "';'"),
        ("int 5;", 1, 5, "a name or ';'"),
        ("rec { int a;", 1, 13, "a type, the name of a structure or '}'"),
        ("int a; }", 1, 8, "a type, the name of a structure or the end"),
        ("int[2 a;", 1, 7, "']'"),
        ("int[] a;", 1, 5, "a number, a name or '('"),
        ("int[1+] a;", 1, 7, "a number, a name or '('"),
        ("int[(1] a;", 1, 7, "')'"),
        ("bit: a;", 1, 6, "a number or an expression in brackets"),
        ("<;", 1, 2, "a type"),
        ("", 1, 1, "a type or the name of a structure"),
        ("// nothing", 1, 11, "a type or the name of a structure"),
    ],
)
def test_a_slip_is_named_by_line_column_and_what_was_expected(
    source: str, line: int, column: int, expected: str
) -> None:
    error = failure(source)
    assert error.position is not None
    assert (error.position.line, error.position.column, error.expected) == (line, column, expected)
    assert str(error).startswith(
        f"line {line}, column {column} (character {error.position.offset}): expected {expected}"
    )


@pytest.mark.parametrize(
    ("source", "offset", "reason"),
    [
        ("int a; int A;", 11, "there is a 'a' already"),
        ("int a?;", 5, "unexpected '?'"),
        ("int a.b;", 4, "cannot be a name"),
        ("int _a;", 4, "cannot be a name"),
        ("bit:9 a;", 4, "1 to 8 bits"),
        ("bit:0 a;", 4, "1 to 8 bits"),
        ("align:0;", 6, "multiple of 0"),
        ("int:4 a;", 0, "takes no ':'"),
        ("skip:2 a;", 0, "neither a name nor a count"),
        ("skip[2];", 0, "neither a name nor a count"),
        ("val:(1);", 0, "val needs an expression and a name"),
        ("val a;", 0, "val needs an expression and a name"),
        ("var a;", 0, "unknown type 'var'"),
        ("int[0] a;", 4, "at least one element"),
        ("int[99999999999] a;", 4, "beyond 32 bits"),
        ("byte[n] a; int n;", 5, "no field 'n' has been read yet"),
        ("byte[$user] a;", 5, "unexpected '$'"),
        ("float n; byte[n] a;", 14, "is not an integer"),
        ("s{int a;} byte[s] b;", 15, "is not an integer"),
        ("int[2] n; byte[n] a;", 15, "has more than one value"),
        ("r[2]{int n;} byte[r.n] a;", 18, "has more than one value"),
        ("byte[_] a; int b;", 11, "nothing can follow"),
        ("s{ byte[_] a; } int b;", 16, "nothing can follow"),
        ("r[_]{ byte[_] a; }", 17, "both the structure and a field"),
    ],
)
def test_what_no_payload_could_satisfy_is_refused_at_its_place(source: str, offset: int, reason: str) -> None:
    error = failure(source)
    assert error.position is not None
    assert (error.position.offset, reason in str(error)) == (offset, True)


def test_an_element_may_use_the_fields_of_its_own_element() -> None:
    BinaryFormat("r[2]{int n; in{ byte[n] a; byte[r.n] b; }}").validate()


def test_structures_nest_only_so_deep() -> None:
    BinaryFormat("s{" * 16 + "}" * 16).validate()
    assert "nested more than 16" in str(failure("s{" * 17 + "}" * 17))


@pytest.mark.parametrize("opening", ["(", "-", "~", "1+("])
def test_expressions_nest_only_so_deep(opening: str) -> None:
    assert "nested more than 64" in str(failure(f"int[{opening * 5000}"))


def test_a_long_flat_expression_is_no_trouble() -> None:
    BinaryFormat(f"val:({'1+' * 8000}1) x;").validate()


def test_a_description_has_a_greatest_length() -> None:
    assert "longer than 16384" in str(failure(" " * 16_385))
