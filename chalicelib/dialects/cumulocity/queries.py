"""The query language of the inventory: `$filter=(type eq 'x' and has(c8y_IsDevice)) $orderby=name asc`.

A text becomes conditions, of which `holds` looks at an object as it is shown. What an index can answer of them is
`finding`'s to choose.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from chalicelib.fleet import times
from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.frozen import dataclass

LONGEST, MOST_TERMS, DEEPEST = 2_048, 30, 30
UNREADABLE = "Find by filter query failed : Query could not be understood."
STANDARD = frozenset({"id", "name", "type", "owner", "creationTime", "lastUpdated", "self"})
_TOKEN = re.compile(
    r"""\s*(?:(?P<text>'(?:[^']|'')*')
    |(?P<number>[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?[fdFD]?(?![\w.]))
    |(?P<mark>[(),])
    |(?P<word>[^\s(),']+))""",
    re.VERBOSE,
)
_OPERATORS = ("eq", "ne", "gt", "ge", "lt", "le")
_JOINING = ("and", "or", "not")
_INTEGER = re.compile(r"[+-]?\d+")
_ORDER = re.compile(r"\$orderby\s*=", re.IGNORECASE)
_FILTER = re.compile(r"\s*\$filter\s*=", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Comparison:
    """`path` are the names of properties, outermost first; `moment` where it ends in `.date`."""

    path: tuple[str, ...]
    operator: str
    value: str | float | bool | None
    moment: bool = False


@dataclass(frozen=True, slots=True)
class Has:
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Member:
    """Whether the object is right below another as an asset, or anywhere below where `deep`."""

    number: str
    deep: bool


@dataclass(frozen=True, slots=True)
class Every:
    parts: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class Either:
    parts: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class Not:
    part: "Condition"


Condition = Comparison | Has | Member | Every | Either | Not
Order = tuple[tuple[str, ...], bool]
"""A property, and whether the greatest comes first."""
Belongs = Callable[[Member], bool]


class _Unreadable(Invalid):
    def __init__(self) -> None:
        super().__init__(UNREADABLE, "query")


def parse(text: str) -> tuple[Condition | None, tuple[Order, ...]]:
    """The condition of a query, None where it has none, and its order. Errors: Invalid."""
    if len(text) > LONGEST:
        raise _Unreadable
    said, *orders = _ORDER.split(text)
    if len(orders) > 1:
        raise _Unreadable
    said = _FILTER.sub("", said, count=1).strip()
    condition = _Parser(said).whole() if said else None
    return condition, tuple(_orders(orders[0])) if orders else ()


def _orders(text: str) -> Iterator[Order]:
    for part in text.split(","):
        name, *way = part.split() or [""]
        if len(way) > 1 or (way and way[0].lower() not in ("asc", "desc")):
            raise _Unreadable
        yield _path(name), bool(way) and way[0].lower() == "desc"


def _path(word: str) -> tuple[str, ...]:
    parts = tuple(word.split("."))
    if not all(parts):
        raise _Unreadable
    return ("id",) if parts == ("_id",) else parts


class _Parser:
    """Recursive descent: `or` below `and` below `not`."""

    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._at = 0
        self._terms = 0
        self._depth = 0

    def whole(self) -> Condition:
        found = self._either()
        if self._at != len(self._tokens):
            raise _Unreadable
        return found

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("end", "")

    def _next(self) -> tuple[str, str]:
        token = self._peek()
        self._at += 1
        return token

    def _takes(self, word: str) -> bool:
        kind, said = self._peek()
        if kind in ("word", "mark") and said.lower() == word:
            self._at += 1
            return True
        return False

    def _need(self, mark: str) -> None:
        if not self._takes(mark):
            raise _Unreadable

    def _either(self) -> Condition:
        parts = [self._every()]
        while self._takes("or"):
            parts.append(self._every())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _every(self) -> Condition:
        parts = [self._one()]
        while self._takes("and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else Every(tuple(parts))

    def _one(self) -> Condition:
        self._terms += 1
        self._depth += 1
        if self._terms > MOST_TERMS or self._depth > DEEPEST:
            raise _Unreadable
        found = self._term()
        self._depth -= 1
        return found

    def _term(self) -> Condition:
        if self._takes("not"):
            return Not(self._one())
        if self._takes("("):
            found = self._either()
            self._need(")")
            return found
        kind, word = self._next()
        if kind != "word":
            raise _Unreadable
        return self._call(word.lower()) if self._takes("(") else self._comparison(word)

    def _call(self, function: str) -> Condition:
        names = [self._argument()]
        while self._takes(","):
            names.append(self._argument())
        self._need(")")
        if function == "has" and len(names) == 1:
            return _has(names[0])
        if function == "hasany":
            return Either(tuple(_has(name) for name in names))
        if function in ("bygroupid", "isinhierarchyof") and len(names) == 1:
            return Member(names[0], deep=function == "isinhierarchyof")
        raise _Unreadable

    def _argument(self) -> str:
        kind, said = self._next()
        if kind not in ("word", "text", "number"):
            raise _Unreadable
        return _unquoted(said) if kind == "text" else said

    def _comparison(self, word: str) -> Condition:
        path = _path(word)
        kind, operator = self._next()
        if kind != "word" or operator.lower() not in _OPERATORS:
            raise _Unreadable
        kind, said = self._next()
        moment = len(path) > 1 and path[-1] == "date"
        if moment:
            path = path[:-1]
        operator = operator.lower()
        found = Comparison(path, "eq" if operator == "ne" else operator, _value(kind, said), moment)
        return Not(found) if operator == "ne" else found


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    while text[at:].strip():
        found = _TOKEN.match(text, at)
        if found is None or found.lastgroup is None:
            raise _Unreadable
        yield found.lastgroup, found[found.lastgroup]
        at = found.end()


def _unquoted(said: str) -> str:
    return said[1:-1].replace("''", "'")


def _value(kind: str, said: str) -> str | float | bool | None:
    if kind == "text":
        return _unquoted(said)
    if kind == "number":
        # A decimal without its letter is a text, and so no number is equal to it.
        if said[-1] in "fdFD":
            return float(said[:-1])
        return int(said) if _INTEGER.fullmatch(said) else said
    words: dict[str, bool | None] = {"true": True, "false": False, "null": None}
    if kind != "word" or said.lower() in _JOINING:
        raise _Unreadable
    # The vendor's own clients send types without quotes.
    return words.get(said.lower(), said)


def _has(name: str) -> Has:
    if name in STANDARD:
        raise Invalid(f"has() asks for a fragment, and {name} is not one", "query")
    return Has(_path(name))


def holds(condition: Condition, shown: Mapping[str, Any], belongs: Belongs) -> bool:
    """Whether an object as it is shown is meant; `belongs` knows what is below what."""
    match condition:
        case Every(parts):
            return all(holds(part, shown, belongs) for part in parts)
        case Either(parts):
            return any(holds(part, shown, belongs) for part in parts)
        case Not(part):
            return not holds(part, shown, belongs)
        case Has(path):
            return _stands(shown, path)
        case Member():
            return belongs(condition)
        case Comparison():
            return _compared(condition, shown)


def _stands(value: Any, path: tuple[str, ...]) -> bool:
    """Whether there is anything at a path, be it an empty list; also in the objects of lists."""
    if not path:
        return True
    if isinstance(value, list | tuple):
        return any(_stands(inner, path) for inner in value)
    return isinstance(value, Mapping) and path[0] in value and _stands(value[path[0]], path[1:])


def _at(value: Any, path: tuple[str, ...]) -> Iterator[Any]:
    """What is at a path, also in the objects of lists."""
    if isinstance(value, list | tuple):
        for inner in value:
            yield from _at(inner, path)
    elif not path:
        yield value
    elif isinstance(value, Mapping) and path[0] in value:
        yield from _at(value[path[0]], path[1:])


def _compared(wanted: Comparison, shown: Mapping[str, Any]) -> bool:
    found = list(_at(shown, wanted.path))
    if wanted.value is None:
        return wanted.operator == "eq" and all(value is None for value in found)
    return any(_fits(wanted, value) for value in found)


def _fits(wanted: Comparison, value: Any) -> bool:
    sought = wanted.value
    if isinstance(sought, str) and isinstance(value, str):
        return _moments(wanted.operator, value, sought) if _timed(wanted) else _texts(wanted.operator, value, sought)
    if isinstance(sought, bool) or isinstance(value, bool):
        return wanted.operator == "eq" and sought is value
    if isinstance(sought, int | float) and isinstance(value, int | float):
        return _ordered(wanted.operator, value, sought)
    return False


def _timed(wanted: Comparison) -> bool:
    return wanted.moment or wanted.path in (("creationTime",), ("lastUpdated",))


def _moments(operator: str, value: str, sought: str) -> bool:
    try:
        return _ordered(operator, times.parse(value), times.parse(sought))
    except ValueError:
        return False


def _texts(operator: str, value: str, sought: str) -> bool:
    if operator == "eq" and "*" in sought:
        return _like(value.lower(), sought.lower())
    return _ordered(operator, value, sought)


def _like(value: str, sought: str) -> bool:
    """Part by part: a regular expression would try every way to share out a long text among many stars."""
    first, *inner, last = sought.split("*")
    at, end = len(first), len(value) - len(last)
    if at > end or not (value.startswith(first) and value.endswith(last)):
        return False
    for part in inner:
        found = value.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


def _ordered(operator: str, value: Any, sought: Any) -> bool:
    match operator:
        case "eq":
            return bool(value == sought)
        case "gt":
            return bool(value > sought)
        case "ge":
            return bool(value >= sought)
        case "lt":
            return bool(value < sought)
        case _:
            return bool(value <= sought)
