"""A decoder whole: how a payload is laid out and what is made of it."""

from chalicelib.fleet.data.decoding import rendering, template
from chalicelib.fleet.data.decoding.binary import BinaryFormat
from chalicelib.fleet.data.decoding.budget import Budget
from chalicelib.fleet.data.decoding.delimited import CsvFormat
from chalicelib.fleet.data.decoding.errors import DecodingError, TemplateError
from chalicelib.fleet.data.decoding.values import JsonValue, can_be_stored, names
from chalicelib.fleet.frozen import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """How far a decoder got with a payload. `failure` says why it went no further; `result` is there if it did not."""

    description_valid: bool = False
    parsing_ok: bool = False
    templating_ok: bool = False
    result: dict[str, JsonValue] | None = None
    failure: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoder:
    format: BinaryFormat | CsvFormat
    template: str | None = None
    """Without one (or with an empty one) the fields are the result."""
    math: bool = True
    """Whether the template's formulas are evaluated."""

    def validate(self) -> None:
        """DescriptionError or TemplateError if no payload whatever could be decoded."""
        self.format.validate()
        if self.template:
            template.parse(self.template)

    def decode(self, payload: bytes | str, budget: Budget | None = None) -> dict[str, JsonValue]:
        """What the payload says; DecodingError if it does not fit or would cost more than `budget`.

        A string is hexadecimal for a binary format, and the text itself for CSV.
        """
        budget = budget or Budget()
        return self._rendered(self.format.read(payload, budget), budget)

    def try_out(self, payload: bytes | str) -> Trial:
        """Decode for the decoder's author: never an error, always how far it got."""
        budget = Budget()
        try:
            self.format.validate()
        except DecodingError as error:
            return Trial(failure=str(error))
        try:
            fields = self.format.read(payload, budget)
        except DecodingError as error:
            return Trial(description_valid=True, failure=str(error))
        try:
            result = self._rendered(fields, budget)
        except DecodingError as error:
            return Trial(description_valid=True, parsing_ok=True, failure=str(error))
        return Trial(description_valid=True, parsing_ok=True, templating_ok=True, result=result)

    def _rendered(self, fields: dict[str, JsonValue], budget: Budget) -> dict[str, JsonValue]:
        if not self.template:
            return fields
        made = rendering.render(self.template, fields, budget, math=self.math)
        wrong = next((name for name in names(made) if not can_be_stored(name)), None)
        if wrong is not None:
            raise TemplateError(f"it makes a field whose name begins with $ or has a dot: {wrong[:40]!r}")
        return made
