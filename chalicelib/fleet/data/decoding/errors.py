"""What can be wrong with a decoder or with what it is given. Nothing else ever leaves this package."""

from typing import Self

from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a text: `offset` counts characters from 0, `line` and `column` from 1."""

    offset: int
    line: int
    column: int

    @classmethod
    def within(cls, source: str, offset: int) -> Self:
        before = source[:offset]
        return cls(offset, before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1)

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column} (character {self.offset})"


class DecodingError(Invalid):
    """A decoder that cannot do what it was asked to. `str()` is a sentence for its author."""


class _SourceError(DecodingError):
    """Text that does not follow its grammar: `position` says where, `expected` what would have been right."""

    def __init__(self, reason: str, *, position: Position | None = None, expected: str | None = None) -> None:
        wanted = f": expected {expected}, {reason}" if expected else f": {reason}"
        super().__init__(f"{position}{wanted}" if position else wanted.removeprefix(": "))
        self.position = position
        self.expected = expected


class DescriptionError(_SourceError):
    """The binary description, the columns or the options are wrong whatever the payload."""


class TemplateError(_SourceError):
    """The template is wrong, or what it makes of the decoded fields is not a JSON object."""


class PayloadError(DecodingError):
    """The payload does not fit the description: in `field`, at `offset` (bytes, or characters of a text)."""

    def __init__(self, reason: str, *, field: str | None = None, offset: int | None = None) -> None:
        place = "" if offset is None else f" at offset {offset}"
        super().__init__(f"{field}{place}: {reason}" if field else f"{reason}{place}", field)
        self.offset = offset
