"""A text as words, numbers and signs, one ahead; every complaint says where and what would have been right."""

import re
from collections.abc import Iterator
from typing import NamedTuple, NoReturn

from chalicelib.fleet.data.decoding.errors import DescriptionError, Position, TemplateError


class Token(NamedTuple):
    kind: str
    """The name of the group of the grammar that matched, or "end"."""
    text: str
    offset: int


class Tokens:
    """The tokens of `source` under `grammar`, a pattern of named groups of which `blank` is left out.

    Each alternative of the grammar has to match in one pass: no repetition inside a repetition.
    """

    def __init__(
        self, source: str, grammar: re.Pattern[str], complaint: type[DescriptionError] | type[TemplateError]
    ) -> None:
        self._source = source
        self._complaint = complaint
        self._tokens = self._split(grammar)
        self.next = next(self._tokens)

    def _split(self, grammar: re.Pattern[str]) -> Iterator[Token]:
        at = 0
        while at < len(self._source):
            match = grammar.match(self._source, at)
            if match is None:
                self.fail(f"unexpected {self._source[at]!r}", at)
            if match.lastgroup != "blank":
                yield Token(str(match.lastgroup), match.group(), at)
            at = match.end()
        while True:
            yield Token("end", "", at)

    def take(self) -> Token:
        token, self.next = self.next, next(self._tokens)
        return token

    def accept(self, *signs: str) -> Token | None:
        """The next token if it is one of `signs`, taken; else None."""
        return self.take() if self.next.text in signs and self.next.kind != "end" else None

    def expect(self, sign: str) -> Token:
        return self.accept(sign) or self.unexpected(f"{sign!r}")

    def unexpected(self, expected: str) -> NoReturn:
        """Complain about the next token."""
        found = f"found {self.next.text[:40]!r}" if self.next.kind != "end" else "found the end"
        self.fail(found, self.next.offset, expected)

    def fail(self, reason: str, offset: int, expected: str | None = None) -> NoReturn:
        raise self._complaint(reason, position=Position.within(self._source, offset), expected=expected)
