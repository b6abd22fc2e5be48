"""RSQL, the language of `filterQuery` (manual 5.3.2.1): `;` or `and` binds tighter than `,` or `or`; brackets group.

`tags==demo;(connector==mqtt,connector==x-connector)`. A selector stands for one or several values of a device:
`==`, `=in=`, `=re=` and comparisons hold if they do for any of them, `!=` and `=out=` if they do for all.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from chalicelib.fleet import patterns
from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.inventory.records import Device, GroupTree

if TYPE_CHECKING:
    from lark import Lark

FIELD = "filterQuery"
LONGEST = 1000
PROPERTY = "properties."
SELECTORS = ("tags", "connector", "groupId", "groupPath")

COMPARISON = re.compile(r"[^=!~<>]+(==|!=|=[a-z]+=|<|>).*", re.DOTALL)
"""What begins like one."""

_GRAMMAR = r"""
    start: any
    any: all (OR all)*
    all: term (AND term)*
    ?term: comparison | OPEN any CLOSE -> bracket
    comparison: SELECTOR OPERATOR value
              | SELECTOR SET_OPERATOR OPEN member (COMMA member)* CLOSE -> membership
    value: BARE | DOUBLE | SINGLE
    member: BARE | DOUBLE | SINGLE

    OR: /\s*,\s*|\s+or(?=[\s(])\s*/
    AND: /\s*;\s*|\s+and(?=[\s(])\s*/
    COMMA: /\s*,\s*/
    OPEN: /\s*\(\s*/
    CLOSE: /\s*\)\s*/
    SELECTOR: /\s*[^"'();,=!~<>\s]+/
    OPERATOR: /\s*(==|!=|=re=|=lt=|=le=|=gt=|=ge=|<=|>=|<|>)\s*/
    SET_OPERATOR: /\s*(=in=|=out=)/
    BARE: /[^"'();,=!~<>\s]+/
    DOUBLE: /"(\\.|[^"\\])*"/
    SINGLE: /'(\\.|[^'\\])*'/
"""
_ALIASES = {"<": "=lt=", "<=": "=le=", ">": "=gt=", ">=": "=ge="}
_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "=lt=": lambda a, b: a < b,
    "=le=": lambda a, b: a <= b,
    "=gt=": lambda a, b: a > b,
    "=ge=": lambda a, b: a >= b,
}
_NEGATIVE = ("!=", "=out=")
_MATCHES = "=re="
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
"""Python's float() also reads 1_0, inf and nan."""


class Condition(Protocol):
    def holds(self, device: Device, tree: GroupTree) -> bool: ...
    def required(self) -> Iterator["Comparison"]:
        """Comparisons that every device must satisfy which satisfies the whole."""


@dataclass(frozen=True, slots=True)
class Comparison:
    selector: str
    operator: str
    values: tuple[str, ...]

    def holds(self, device: Device, tree: GroupTree) -> bool:
        found = list(_values(self.selector, device, tree))
        if self.operator in _NEGATIVE:
            return not any(self._equal(value, tree) for value in found)
        if order := _ORDERS.get(self.operator):
            return any(order(*_comparable(value, self.values[0])) for value in found)
        if self.operator == _MATCHES:
            pattern = patterns.compiled(self.values[0], FIELD)
            return any(pattern.search(value) for value in found)
        return any(self._equal(value, tree) for value in found)

    def required(self) -> Iterator["Comparison"]:
        if self.operator in ("==", "=in="):
            yield self

    def _equal(self, value: str, tree: GroupTree) -> bool:
        if self.selector == "groupPath":
            return any(tree.at(value) in tree.matching(pattern) for pattern in self.values)
        return value in self.values


@dataclass(frozen=True, slots=True)
class Every:
    parts: tuple[Condition, ...]

    def holds(self, device: Device, tree: GroupTree) -> bool:
        return all(part.holds(device, tree) for part in self.parts)

    def required(self) -> Iterator[Comparison]:
        for part in self.parts:
            yield from part.required()


@dataclass(frozen=True, slots=True)
class Either:
    parts: tuple[Condition, ...]

    def holds(self, device: Device, tree: GroupTree) -> bool:
        return any(part.holds(device, tree) for part in self.parts)

    def required(self) -> Iterator[Comparison]:
        return iter(())


def parse(text: str) -> Condition:
    """Errors: Invalid, with the position of what cannot be read."""
    from lark.exceptions import UnexpectedInput, UnexpectedToken, VisitError

    try:
        condition: Condition = _parser().parse(text.strip())  # type: ignore[assignment]
    except UnexpectedInput as error:
        ended = isinstance(error, UnexpectedToken) and error.token.type == "$END"
        at = "its end" if ended else f"character {(error.pos_in_stream or 0) + 1}"
        raise Invalid(f"{FIELD} cannot be read at {at}", FIELD) from None
    except VisitError as error:
        raise error.orig_exc from None
    return condition


@cache
def _parser() -> "Lark":
    """Made, and lark imported, when the first filter comes."""
    from lark import Lark, Transformer, v_args

    @v_args(inline=True)
    class Building(Transformer[Any, Condition]):
        def start(self, condition: Condition) -> Condition:
            return condition

        def any(self, *parts: Any) -> Condition:
            return _joined(Either, parts[::2])

        def all(self, *parts: Any) -> Condition:
            return _joined(Every, parts[::2])

        def bracket(self, _open: str, condition: Condition, _close: str) -> Condition:
            return condition

        def comparison(self, selector: str, operator: str, value: str) -> Condition:
            sign = operator.strip()
            if sign == _MATCHES:
                # What is no expression is told before any device is looked at.
                patterns.compiled(value, FIELD)
            return Comparison(_known(selector.strip()), _ALIASES.get(sign, sign), (value,))

        def membership(self, selector: str, operator: str, _open: str, *rest: str) -> Condition:
            return Comparison(_known(selector.strip()), operator.strip(), tuple(rest[:-1:2]))

        def value(self, text: str) -> str:
            return _unquoted(text)

        def member(self, text: str) -> str:
            return _unquoted(text)

    return Lark(_GRAMMAR, parser="lalr", transformer=Building())


def _joined(kind: type[Every] | type[Either], parts: tuple[Condition, ...]) -> Condition:
    return parts[0] if len(parts) == 1 else kind(parts)


def _known(selector: str) -> str:
    if selector in SELECTORS or (selector.startswith(PROPERTY) and len(selector) > len(PROPERTY)):
        return selector
    raise Invalid(f"{FIELD} knows {', '.join(SELECTORS)} and {PROPERTY}{{name}}, not {selector[:64]}", FIELD)


def _unquoted(text: str) -> str:
    if text[0] not in "\"'":
        return str(text)
    parts = iter(text[1:-1])
    return "".join(next(parts) if letter == "\\" else letter for letter in parts)


def _values(selector: str, device: Device, tree: GroupTree) -> Iterator[str]:
    match selector:
        case "tags":
            yield from device.tags
        case "connector":
            yield from (interface.connector for interface in device.interfaces)
        case "groupId":
            yield device.group
        case "groupPath":
            yield tree.path(device.group)
        case _:
            value = device.properties.get(selector.removeprefix(PROPERTY))
            yield from () if value is None else (value,)


def _comparable(one: str, other: str) -> tuple[Any, Any]:
    """As numbers where both are, else as texts."""
    if _NUMBER.fullmatch(one) and _NUMBER.fullmatch(other):
        return float(one), float(other)
    return one, other
