"""Path, query and header parameters as data: read, checked and typed before a handler is called."""

import re
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any

from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.frozen import dataclass
from chalicelib.web.request import Query, Request

_INTEGER = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)
_SHOWN = 64


class Kind(StrEnum):
    STRING = "string"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    LIST = "array"


class Place(StrEnum):
    PATH = "path"
    QUERY = "query"
    HEADER = "header"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter. `bounds` are those of an integer, or of the length of a string; `pattern` matches all of it."""

    name: str
    kind: Kind = Kind.STRING
    place: Place = Place.QUERY
    default: Any = None
    bounds: tuple[int, int] | None = None
    choices: tuple[str, ...] = ()
    pattern: re.Pattern[str] | None = None
    explained: str = ""
    beyond: str = ""
    """What to do instead, for those who ask for more than `bounds` allow."""
    parts: re.Pattern[str] | None = None
    """What a part of the value looks like, as `name=value`, that came behind a `;` and was taken for a parameter."""

    def read(self, request: Request) -> Any:
        """The value, or the default where none was sent. Errors: Invalid."""
        if self.place is Place.QUERY and self.kind is Kind.LIST:
            return [self._string(v) for v in request.query.every(self.name)] or self.default
        sent: str | None
        if self.place is Place.PATH:
            sent = request.path[self.name]
        else:
            sent = (request.query if self.place is Place.QUERY else request.headers).get(self.name)
        if sent is None or (sent == "" and self.kind is not Kind.STRING):
            return self.default
        return self._typed(sent)

    def _typed(self, sent: str) -> Any:
        if self.kind is Kind.INTEGER:
            return self._integer(sent)
        if self.kind is Kind.BOOLEAN:
            return self._boolean(sent)
        return self._string(sent)

    def _integer(self, sent: str) -> int:
        if not _INTEGER.fullmatch(sent):
            raise Invalid(f"{self.name} is an integer, not {sent[:_SHOWN]}", self.name)
        value = int(sent)
        if self.bounds and not self.bounds[0] <= value <= self.bounds[1]:
            instead = f": {self.beyond}" if self.beyond else ""
            raise Invalid(f"{self.name} is from {self.bounds[0]} to {self.bounds[1]}{instead}", self.name)
        return value

    def _boolean(self, sent: str) -> bool:
        if sent.lower() not in ("true", "false"):
            raise Invalid(f"{self.name} is true or false, not {sent[:_SHOWN]}", self.name)
        return sent.lower() == "true"

    def _string(self, sent: str) -> str:
        if self.bounds and not self.bounds[0] <= len(sent) <= self.bounds[1]:
            raise Invalid(f"{self.name} has {self.bounds[0]} to {self.bounds[1]} characters", self.name)
        if self.choices and sent not in self.choices:
            raise Invalid(f"{self.name} is one of {', '.join(self.choices)}", self.name)
        if self.pattern and not self.pattern.fullmatch(sent):
            raise Invalid(f"{self.name} is not well formed: {sent[:_SHOWN]}", self.name)
        return sent


def read_all(parameters: Sequence[Parameter], request: Request) -> dict[str, Any]:
    for parameter in parameters:
        if parameter.parts is not None and parameter.name in request.query:
            request = replace(request, query=_rejoined(parameter.name, parameter.parts, request.query))
    return {parameter.name: parameter.read(request) for parameter in parameters}


def _rejoined(name: str, parts: re.Pattern[str], query: Query) -> Query:
    """API Gateway splits a query at `;` too (developer guide, "Amazon API Gateway important notes")."""
    found = [query[name]]
    others: dict[str, list[str]] = {}
    for other in query:
        if other == name:
            continue
        for value in query.sent(other):
            text = f"{other}={value}" if value else other
            if parts.fullmatch(text):
                found.append(text)
            else:
                others.setdefault(other, []).append(value)
    return Query({**others, name: [";".join(found)]})
