"""Templates that make the decoded fields into a JSON object.

The notation is Mustache's: `{{field}}`, `{{outer.inner}}`, `{{#list}}{{.}}{{/list}}`, `{{^absent}}…{{/absent}}`,
`{{! comment}}`. Three sections are functions: `math` evaluates the formula inside, `toUpperCase` and `toLowerCase`
change letters. Since the result is JSON, `{{field}}` is written as JSON: strings are escaped for a place between
quotes, anything else stands for itself. `{{{field}}}` and `{{&field}}` put strings in as they are.
"""

import re
from functools import lru_cache
from typing import TypeAlias

from chalicelib.fleet.data.decoding.budget import MAX_NESTING, MAX_SOURCE
from chalicelib.fleet.data.decoding.errors import Position, TemplateError
from chalicelib.fleet.data.decoding.text import is_unicode
from chalicelib.fleet.frozen import dataclass

FUNCTIONS = frozenset({"math", "toUpperCase", "toLowerCase"})
_MAX_PARTS = 16
_NAME = re.compile(r"\.|[^\s.{}]+(?:\.[^\s.{}]+)*")


@dataclass(frozen=True, slots=True)
class Literal:
    text: str


@dataclass(frozen=True, slots=True)
class Variable:
    name: str
    escaped: bool


@dataclass(frozen=True, slots=True)
class Section:
    name: str
    inverted: bool
    nodes: "tuple[Node, ...]"
    position: Position


Node: TypeAlias = "Literal | Variable | Section"


@lru_cache(maxsize=32)
def parse(source: str) -> tuple[Node, ...]:
    """The nodes of a template; TemplateError with the position of the first tag that is wrong."""
    if len(source) > MAX_SOURCE:
        raise TemplateError(f"the template is longer than {MAX_SOURCE} characters")
    if not is_unicode(source):
        raise TemplateError("the template has half of a surrogate pair")
    return _Parser(source).nodes()


@dataclass(frozen=True, slots=True)
class _Opening:
    name: str
    inverted: bool
    offset: int


class _Parser:
    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0
        self._levels: list[list[Node]] = [[]]
        self._open: list[_Opening] = []

    def nodes(self) -> tuple[Node, ...]:
        while (start := self._source.find("{{", self._at)) >= 0:
            self._literal(start)
            self._tag(start)
        self._literal(len(self._source))
        if self._open:
            opening = self._open[-1]
            raise self._error("the section is never closed", opening.offset, f"{{{{/{opening.name}}}}}")
        return tuple(self._levels[0])

    def _literal(self, end: int) -> None:
        if end > self._at:
            self._levels[-1].append(Literal(self._source[self._at : end]))

    def _tag(self, start: int) -> None:
        triple = self._source.startswith("{{{", start)
        opening, closing = ("{{{", "}}}") if triple else ("{{", "}}")
        end = self._source.find(closing, start + len(opening))
        if end < 0:
            raise self._error("the tag is never closed", start, f"'{closing}'")
        inside = self._source[start + len(opening) : end]
        self._at = end + len(closing)
        sign = inside[:1] if not triple else ""
        match sign:
            case "!":
                pass
            case "#" | "^":
                self._enter(_Opening(self._name(inside[1:], start), sign == "^", start))
            case "/":
                self._leave(self._name(inside[1:], start), start)
            case ">" | "=":
                raise self._error("neither partials nor other delimiters are supported", start)
            case _:
                name = self._name(inside.removeprefix("&"), start)
                escaped = not triple and sign != "&"
                self._levels[-1].append(Variable(name, escaped))

    def _enter(self, opening: _Opening) -> None:
        if len(self._open) >= MAX_NESTING:
            raise self._error(f"sections nested more than {MAX_NESTING} deep", opening.offset)
        self._open.append(opening)
        self._levels.append([])

    def _leave(self, name: str, start: int) -> None:
        if not self._open or self._open[-1].name != name:
            wanted = f"{{{{/{self._open[-1].name}}}}}" if self._open else None
            raise self._error(f"nothing to close with {name[:40]!r}", start, wanted)
        opening = self._open.pop()
        nodes = tuple(self._levels.pop())
        position = Position.within(self._source, opening.offset)
        self._levels[-1].append(Section(name, opening.inverted, nodes, position))

    def _name(self, text: str, start: int) -> str:
        name = text.strip()
        if not _NAME.fullmatch(name) or name.count(".") >= _MAX_PARTS:
            raise self._error(f"{name[:40]!r} is not the name of a field", start, "the name of a field")
        return name

    def _error(self, reason: str, offset: int, expected: str | None = None) -> TemplateError:
        return TemplateError(reason, position=Position.within(self._source, offset), expected=expected)
