"""Decoded fields put into a template."""

from typing import Any

import pytest

from chalicelib.fleet.data.decoding import Budget, BudgetExceededError, JsonValue, TemplateError
from chalicelib.fleet.data.decoding.rendering import render


def value(template: str, *, math: bool = True, **fields: Any) -> JsonValue:
    return render('{"v":' + template + "}", fields, Budget(), math=math)["v"]


@pytest.mark.parametrize(
    ("formula", "t", "result"),
    [
        ("{{t}}^2", -3, 9),
        ("{{t}}^2", 3, 9),
        ("-{{t}}^2", -3, -9),
        ("2-{{t}}", -3, 5),
        ("2*{{t}}^3", -2.5, -31.25),
        ("{{t}}^2", "-3", 9),
        ("{{t}}^2", -1e-3, 1e-6),
        ("max({{t}},-5)", -3, -3),
    ],
)
def test_a_negative_field_is_one_number_in_a_formula(formula: str, t: JsonValue, result: float) -> None:
    assert value("{{#math}}" + formula + "{{/math}}", t=t) == pytest.approx(result)


def failure(template: str, **fields: Any) -> TemplateError:
    with pytest.raises(TemplateError) as caught:
        render(template, fields, Budget())
    return caught.value


@pytest.mark.parametrize("field", [21.5, -3, True, None, [1, "a"], {"a": {"b": 1}}])
def test_a_field_that_is_no_string_is_itself(field: JsonValue) -> None:
    assert value("{{x}}", x=field) == field


def test_a_string_stands_between_quotes_whatever_it_holds() -> None:
    text = 'a "quoted" \\ line\nand €'
    assert value('"<{{ x }}>"', x=text) == f"<{text}>"


@pytest.mark.parametrize("tag", ["{{{x}}}", "{{&x}}", "{{& x }}"])
def test_a_raw_field_is_put_in_as_it_is(tag: str) -> None:
    assert value(" " + tag, x='{"y":1}') == {"y": 1}


def test_dots_lead_into_objects() -> None:
    assert value("{{a.b.c}}", a={"b": {"c": 5}}) == 5


def test_a_section_repeats_for_a_list() -> None:
    assert value("[{{#r}}{{t}},{{/r}}{{#l}}{{.}},{{/l}}0]", r=[{"t": 1}, {"t": 2}], l=[7, 8]) == [1, 2, 7, 8, 0]


def test_a_section_sees_its_object_first_and_then_what_is_around_it() -> None:
    assert value("[{{#o}}{{a}},{{b}}{{/o}}]", o={"a": 1}, a=2, b=3) == [1, 3]


@pytest.mark.parametrize(("field", "shown"), [(True, 1), (0, 1), ("", 1), (False, 2), (None, 2), ([], 2)])
def test_a_section_is_shown_for_what_is_there_and_its_inverse_for_what_is_not(field: JsonValue, shown: int) -> None:
    assert value("{{#x}}1{{/x}}{{^x}}2{{/x}}", x=field) == shown


def test_a_section_of_a_field_that_is_not_there_is_left_out() -> None:
    assert value("1{{#x}}2{{/x}}{{^x}}3{{/x}}") == 13


def test_comments_are_left_out() -> None:
    assert value("1{{! the one }}") == 1


@pytest.mark.parametrize(
    ("formula", "result"),
    [
        ("{{t}}/10", 21.5),
        ("{{t}} * 9 / 5 + 32", 419),
        ("({{t}} - 5) % 100", 10),
        ("2^3^2", 512),
        ("-2^2", -4),
        ("2^-1", 0.5),
        ("7-2-1", 4),
        ("round(2.5) + floor(-0.5) + ceil(0.2) + abs(-1)", 4),
        ("max(1, {{t}}, 3) - min(4, 5)", 211),
        ("sqrt(16) + pow(2, 3) + log10(1000) + log(e) + exp(0)", 17),
        ("cos(0) + sin(0) + tan(0) + acos(1) + asin(0) + atan(0) + atan2(0, 1) + pi - pi", 1),
        (".5e1", 5),
        ("1e300", 1e300),
    ],
)
def test_formulas_are_evaluated(formula: str, result: float) -> None:
    assert value("{{#math}}" + formula + "{{/math}}", t=215) == pytest.approx(result)


def test_whole_results_have_no_fraction() -> None:
    assert isinstance(value("{{#math}}{{t}}/10{{/math}}", t=20), int)


def test_formulas_may_hold_sections_and_stand_in_them() -> None:
    assert value("[{{#l}}{{#math}}{{.}}*2{{/math}},{{/l}}{{#math}}0{{#l}}+{{.}}{{/l}}{{/math}}]", l=[1, 2]) == [2, 4, 3]


def test_formulas_stay_as_they_are_when_switched_off() -> None:
    assert value('"{{#math}}{{t}}/10{{/math}}"', math=False, t=1) == "1/10"


@pytest.mark.parametrize(
    ("formula", "reason"),
    [
        ("1/0", "has no value"),
        ("9^9^9^9", "has no value"),
        ("1e308*10", "out of range"),
        ("(-8)^0.5", "has no value"),
        ("sqrt(-1)", "has no value"),
        ("", "expected a number, a name or '('"),
        ("1 2", "expected an operator or the end of the formula"),
        ("(1", "expected ')'"),
        ("1+", "expected a number"),
        ("__import__('os')", "unexpected '_'"),
        ("exit(1)", "unknown function 'exit'"),
        ("sqrt", "'sqrt' is no number"),
        ("pow(1)", "does not take 1 arguments"),
        ("max()", "expected a number"),
        ("{{word}}", "'abc' is no number"),
        ("(" * 900, "nested more than 64"),
        ("1+" * 600 + "1", "longer than 1024"),
    ],
)
def test_a_formula_without_a_value_is_refused_at_its_place(formula: str, reason: str) -> None:
    error = failure('{\n"v":{{#math}}' + formula + "{{/math}}}", word="abc")
    assert error.position is not None
    assert (error.position.line, error.position.column) == (2, 5)
    assert reason in str(error)


def test_letters_change_case_without_spoiling_escapes() -> None:
    assert (
        value('"{{#toUpperCase}}a{{x}}{{/toUpperCase}}{{#toLowerCase}}B{{x}}{{/toLowerCase}}"', x="é\n") == "AÉ\nbé\n"
    )


@pytest.mark.parametrize(
    ("template", "offset", "reason"),
    [
        ("{{x", 0, "never closed"),
        ("ab{{{x}}", 2, "never closed"),
        ("{{#a}}", 0, "expected {{/a}}"),
        ("{{#a}}{{/b}}", 6, "nothing to close with 'b'"),
        ("{{/a}}", 0, "nothing to close"),
        ("{{>part}}", 0, "partials"),
        ("{{=<% %>=}}", 0, "delimiters"),
        ("{{}}", 0, "expected the name of a field"),
        ("{{a b}}", 0, "not the name of a field"),
        ("{{a..b}}", 0, "not the name of a field"),
        ("{{" + "a." * 16 + "a}}", 0, "not the name of a field"),
    ],
)
def test_a_slip_in_a_tag_is_named_by_its_position(template: str, offset: int, reason: str) -> None:
    error = failure(template)
    assert error.position is not None
    assert (error.position.offset, reason in str(error)) == (offset, True)


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("[1]", "not an object"),
        ('{"a":}', "no JSON object"),
        ('{"a":NaN}', "NaN is not JSON"),
        ('{"a":1e999}', "too large"),
        ('{"a":' + "1" * 65 + "}", "too long"),
        ('{"a":"\\ud800"}', "surrogate"),
        ('{"a":"\ud800"}', "surrogate"),
        ('{"a":' + "[" * 40 + "]" * 40 + "}", "more than 32 deep"),
        ('{"a":' + "[" * 8000 + "]" * 8000 + "}", "deep"),
        (" " * 16_385, "longer than 16384"),
    ],
)
def test_what_is_not_a_plain_json_object_is_refused(template: str, reason: str) -> None:
    assert reason in str(failure(template))


def test_fields_that_are_not_there_are_named_when_the_json_is_spoilt() -> None:
    assert "not there: presure, a.b" in str(failure('{"p":{{presure}},"q":{{a.b}}}', pressure=1, a={}))


def test_sections_nest_only_so_deep() -> None:
    assert "nested more than 16" in str(failure("{{#a}}" * 17))


def test_lists_within_lists_end_at_the_budget() -> None:
    with pytest.raises(BudgetExceededError, match="steps"):
        render("{{#l}}" * 8 + "{{/l}}" * 8, {"l": [1] * 1000}, Budget())


def test_an_empty_section_costs_as_many_steps_as_its_list_is_long() -> None:
    budget = Budget()
    render("{}{{#l}}{{/l}}", {"l": [1] * 1000}, budget)
    assert budget.granted[0] - budget.steps > 1000


def test_a_field_repeated_ends_at_the_budget() -> None:
    with pytest.raises(BudgetExceededError, match="characters"):
        render("{{x}}" * 3000, {"x": "a" * 1000}, Budget())
