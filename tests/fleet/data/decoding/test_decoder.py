"""A decoder whole, and how its author tries it out."""

import pytest

from chalicelib.fleet.data.decoding import (
    BinaryFormat,
    Column,
    ColumnType,
    CsvFormat,
    Decoder,
    DescriptionError,
    TemplateError,
    Trial,
)

PRESSURE = BinaryFormat("int pressure;")


def test_without_a_template_the_fields_are_the_result() -> None:
    assert Decoder(format=PRESSURE).decode("0000002a") == {"pressure": 42}


def test_a_template_makes_the_result_of_the_fields() -> None:
    decoder = Decoder(format=PRESSURE, template='{"bar":{{#math}}{{pressure}}/10{{/math}}}')
    assert decoder.decode(bytes.fromhex("0000002a")) == {"bar": 4.2}


def test_formulas_can_be_switched_off() -> None:
    decoder = Decoder(format=PRESSURE, template='{"bar":"{{#math}}{{pressure}}/10{{/math}}"}', math=False)
    assert decoder.decode("0000002a") == {"bar": "42/10"}


def test_a_csv_decoder_takes_the_text() -> None:
    decoder = Decoder(format=CsvFormat((Column("t", ColumnType.NUMERIC),)), template='{"temperature":{{t}}}')
    assert decoder.decode("21.5\n") == {"temperature": 21.5}


def test_a_decoder_is_validated_without_a_payload() -> None:
    Decoder(format=PRESSURE, template="{}").validate()
    with pytest.raises(DescriptionError):
        Decoder(format=BinaryFormat("int")).validate()
    with pytest.raises(TemplateError):
        Decoder(format=PRESSURE, template="{{").validate()


def test_a_trial_that_succeeds_has_the_result() -> None:
    assert Decoder(format=PRESSURE).try_out("0000002a") == Trial(
        description_valid=True, parsing_ok=True, templating_ok=True, result={"pressure": 42}
    )


@pytest.mark.parametrize(
    ("decoder", "reached"),
    [
        (Decoder(format=BinaryFormat("int")), (False, False, False)),
        (Decoder(format=BinaryFormat("long x;")), (True, False, False)),
        (Decoder(format=PRESSURE, template="{{"), (True, True, False)),
        (Decoder(format=PRESSURE, template="[]"), (True, True, False)),
    ],
)
def test_a_trial_says_how_far_it_got_and_why_no_further(decoder: Decoder, reached: tuple[bool, bool, bool]) -> None:
    trial = decoder.try_out("0000002a")
    assert (trial.description_valid, trial.parsing_ok, trial.templating_ok) == reached
    assert trial.result is None
    assert trial.failure


@pytest.mark.parametrize("template", ['{"a.b":{{x}}}', '{"a":[{"$b":{{x}}}]}', '{"{{s}}":1}'])
def test_a_template_makes_no_names_that_cannot_be_stored(template: str) -> None:
    decoder = Decoder(format=BinaryFormat("byte x; asciichar[3] s;"), template=template)
    with pytest.raises(TemplateError, match="begins with"):
        decoder.decode(b"\x01a.b")
