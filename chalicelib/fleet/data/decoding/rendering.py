"""Templates filled in with decoded fields."""

import json
import re
from collections.abc import Callable
from typing import TypeAlias

from chalicelib.fleet.data.decoding import arithmetic, template
from chalicelib.fleet.data.decoding.budget import Budget
from chalicelib.fleet.data.decoding.errors import TemplateError
from chalicelib.fleet.data.decoding.template import FUNCTIONS, Literal, Node, Section, Variable
from chalicelib.fleet.data.decoding.values import JsonValue, parse_object
from chalicelib.fleet.frozen import dataclass


class _Absent:
    """What a name stands for that no field has."""


_ABSENT = _Absent()
_Found: TypeAlias = "JsonValue | _Absent"
_MENTIONED = 5
_NEGATIVE = re.compile(r"-(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


def render(source: str, fields: dict[str, JsonValue], budget: Budget, *, math: bool = True) -> dict[str, JsonValue]:
    """The JSON object that the template makes of `fields`; without `math` formulas stay as they are written.

    A field that is not there is rendered as nothing; where that spoils the JSON, the error names it.
    """
    text, absent = _filled(source, fields, budget, math=math)
    try:
        return parse_object(text)
    except ValueError as error:
        names = ", ".join(dict.fromkeys(absent[:_MENTIONED]))
        hint = f"; these fields are not there: {names}" if names else ""
        raise TemplateError(f"the rendered template is no JSON object: {error}{hint}") from None


def _is_negative(value: JsonValue) -> bool:
    if isinstance(value, str):
        return _NEGATIVE.fullmatch(value) is not None
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value < 0


def fill(source: str, fields: dict[str, JsonValue], budget: Budget) -> str:
    """What the template makes of `fields`, whether that is JSON or not."""
    return _filled(source, fields, budget, math=True)[0]


def _filled(source: str, fields: dict[str, JsonValue], budget: Budget, *, math: bool) -> tuple[str, list[str]]:
    """The text, and the names without a field."""
    rendering = _Rendering(budget, math=math, absent=[])
    return rendering.nodes(template.parse(source), [fields], _Style()), rendering.absent


@dataclass(frozen=True, slots=True)
class _Style:
    """How text is to be written at a place in the template."""

    raw: bool = False
    """Inside a formula there is nothing to escape."""
    change: Callable[[str], str] = str


@dataclass(frozen=True, slots=True)
class _Rendering:
    budget: Budget
    math: bool
    absent: list[str]
    """Names without a field, in the order in which they were met."""

    def nodes(self, nodes: tuple[Node, ...], stack: list[JsonValue], style: _Style) -> str:
        return "".join(self._node(node, stack, style) for node in nodes)

    def _node(self, node: Node, stack: list[JsonValue], style: _Style) -> str:
        self.budget.spend_steps()
        match node:
            case Literal(text):
                return self._paid(style.change(text))
            case Variable():
                return self._paid(self._variable(node, stack, style))
            case Section(name) if name in FUNCTIONS and not node.inverted:
                return self._function(node, stack, style)
            case Section():
                return self._section(node, stack, style)

    def _paid(self, text: str) -> str:
        self.budget.spend_text(len(text))
        return text

    def _variable(self, variable: Variable, stack: list[JsonValue], style: _Style) -> str:
        value = self._lookup(variable.name, stack)
        if isinstance(value, _Absent):
            self.absent.append(variable.name[:40])
            return ""
        if style.raw and _is_negative(value):
            # Or the sign would be the formula's: -3 ^ 2 is -9.
            return f"({value})"
        if not isinstance(value, str):
            return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        text = style.change(value)
        return text if style.raw or not variable.escaped else json.dumps(text, ensure_ascii=False)[1:-1]

    def _function(self, section: Section, stack: list[JsonValue], style: _Style) -> str:
        match section.name:
            case "toUpperCase":
                return self.nodes(section.nodes, stack, _Style(style.raw, str.upper))
            case "toLowerCase":
                return self.nodes(section.nodes, stack, _Style(style.raw, str.lower))
            case _ if not self.math:
                return self.nodes(section.nodes, stack, style)
        formula = self.nodes(section.nodes, stack, _Style(raw=True))
        try:
            return self._paid(arithmetic.evaluate(formula, self.budget))
        except TemplateError as error:
            raise TemplateError(
                f"in the formula {formula.strip()[:80]!r}, {error}", position=section.position
            ) from None

    def _section(self, section: Section, stack: list[JsonValue], style: _Style) -> str:
        value = self._lookup(section.name, stack)
        if isinstance(value, _Absent) or value is None or value is False or value == []:
            return self.nodes(section.nodes, stack, style) if section.inverted else ""
        if section.inverted:
            return ""
        items = value if isinstance(value, list) else [value]
        self.budget.spend_steps(len(items))
        return "".join(self.nodes(section.nodes, [*stack, item], style) for item in items)

    def _lookup(self, name: str, stack: list[JsonValue]) -> _Found:
        if name == ".":
            return stack[-1]
        first, *rest = name.split(".")
        self.budget.spend_steps(len(stack) + len(rest))
        value: _Found = _ABSENT
        for context in reversed(stack):
            if isinstance(context, dict) and first in context:
                value = context[first]
                break
        for part in rest:
            value = value[part] if isinstance(value, dict) and part in value else _ABSENT
        return value
