"""The part of AWS IoT SQL (version 2016-03-23) that Homeport's rules use, read by recursive descent.

    SELECT * | item, …  FROM 'topic filter'  [WHERE condition]

An item is `*` or an expression `AS name`; expressions are literals, attributes of a JSON payload (`a.b`), functions,
comparisons, AND, OR and NOT. Anything else raises `SqlError` when the rule is made, not when a message arrives.
"""

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from infra.local.ids import new_uuid

from .expressions import (
    ORDERED,
    UNDEFINED,
    Evaluate,
    attribute,
    both,
    compare,
    constant,
    either,
    mqtt_property,
    payload,
    user_properties,
)
from .message import Message, NotJson

NewId = Callable[[], str]


class SqlError(ValueError):
    """The statement is not in the supported part of the language."""


class Unselectable(Exception):
    """The statement cannot be applied to this message: `*` needs a JSON object."""


_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<string>'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?)|(?P<word>[A-Za-z_]\w*)"""
    r"""|(?P<mark><>|<=|>=|!=|[*(),.=<>]))""",
)
_KEYWORDS: Final = {"SELECT", "FROM", "WHERE", "AS", "AND", "OR", "NOT"}


@dataclass(frozen=True, slots=True)
class Statement:
    """`topic_filter` says which messages to try; `select` gives the event, or None when WHERE does not hold."""

    topic_filter: str
    fields: tuple[tuple[str, Evaluate], ...]
    everything: bool
    where: Evaluate | None

    def select(self, message: Message) -> dict[str, Any] | None:
        """Raise `Unselectable` when `*` meets a payload that is not a JSON object."""
        if self.where is not None and self.where(message) is not True:
            return None
        event = _object(message) if self.everything else {}
        for name, evaluate in self.fields:
            value = evaluate(message)
            if value is not UNDEFINED:
                event[name] = value
        return event


def _object(message: Message) -> dict[str, Any]:
    try:
        value = message.json()
    except NotJson:
        value = None
    if not isinstance(value, dict):
        raise Unselectable(f"the payload on {message.topic} is not a JSON object")
    return dict(value)


def parse(sql: str, *, new_id: NewId = new_uuid, account: str = "") -> Statement:
    return _Parser(_tokens(sql), new_id, account).statement()


def _tokens(sql: str) -> list[tuple[str, str]]:
    tokens, position, end = [], 0, len(sql.rstrip())
    while position < end:
        match = _TOKEN.match(sql, position)
        if match is None:
            raise SqlError(f"not understood: {sql[position:].strip()!r}")
        kind = match.lastgroup or ""
        value = match[kind]
        if kind == "word" and value.upper() in _KEYWORDS:
            kind, value = "keyword", value.upper()
        tokens.append((kind, value))
        position = match.end()
    return tokens


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]], new_id: NewId, account: str) -> None:
        self._tokens = tokens
        self._position = 0
        self._new_id = new_id
        self._account = account

    # -- tokens

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._position] if self._position < len(self._tokens) else ("end", "the end")

    def _next(self) -> tuple[str, str]:
        token = self._peek()
        self._position += 1
        return token

    def _take(self, kind: str, value: str) -> bool:
        if self._peek() == (kind, value):
            self._position += 1
            return True
        return False

    def _expect(self, kind: str, value: str | None = None) -> str:
        found = self._next()
        if found[0] != kind or (value is not None and found[1] != value):
            raise SqlError(f"{value or kind} expected, found {found[1]}")
        return found[1]

    # -- grammar

    def statement(self) -> Statement:
        self._expect("keyword", "SELECT")
        everything, fields = False, []
        while True:
            if self._take("mark", "*"):
                everything = True
            else:
                fields.append(self._item())
            if not self._take("mark", ","):
                break
        self._expect("keyword", "FROM")
        topic_filter = _unquote(self._expect("string"))
        where = self._or() if self._take("keyword", "WHERE") else None
        self._expect("end")
        return Statement(topic_filter, tuple(fields), everything, where)

    def _item(self) -> tuple[str, Evaluate]:
        path = self._peek()[0] == "word"
        first = self._position
        evaluate = self._or()
        if self._take("keyword", "AS"):
            return self._expect("word"), evaluate
        words = [value for kind, value in self._tokens[first : self._position] if kind == "word"]
        if not path or len(words) * 2 - 1 != self._position - first:
            raise SqlError("an expression needs AS and a name")
        return words[-1], evaluate

    def _or(self) -> Evaluate:
        left = self._and()
        while self._take("keyword", "OR"):
            left = either(left, self._and())
        return left

    def _and(self) -> Evaluate:
        left = self._not()
        while self._take("keyword", "AND"):
            left = both(left, self._not())
        return left

    def _not(self) -> Evaluate:
        if not self._take("keyword", "NOT"):
            return self._comparison()
        operand = self._not()
        return lambda message: operand(message) is False

    def _comparison(self) -> Evaluate:
        left = self._primary()
        kind, mark = self._peek()
        if kind != "mark" or mark not in ("=", "<>", "!=", *ORDERED):
            return left
        self._position += 1
        return compare(mark, left, self._primary())

    def _primary(self) -> Evaluate:
        kind, value = self._next()
        if kind == "string":
            return constant(_unquote(value))
        if kind == "number":
            return constant(float(value) if "." in value else int(value))
        if (kind, value) == ("mark", "("):
            inner = self._or()
            self._expect("mark", ")")
            return inner
        if kind != "word":
            raise SqlError(f"an expression expected, found {value}")
        if self._take("mark", "("):
            return self._function(value.lower())
        if value.lower() in ("true", "false", "null"):
            return constant({"true": True, "false": False, "null": None}[value.lower()])
        return self._path(value)

    def _path(self, first: str) -> Evaluate:
        names = [first]
        while self._take("mark", "."):
            names.append(self._expect("word"))
        return attribute(names)

    def _function(self, name: str) -> Evaluate:
        if name == "encode":
            return self._encode()
        if name == "topic" and self._peek()[0] == "number":
            return self._topic_level()
        if name in ("get_mqtt_property", "get_user_properties"):
            return self._told(name)
        return self._without_arguments(name)

    def _without_arguments(self, name: str) -> Evaluate:
        self._expect("mark", ")")
        match name:
            case "clientid":
                return lambda message: message.client_id
            case "topic":
                return lambda message: message.rule_topic
            case "timestamp":
                return lambda message: message.at
            case "principal":
                return lambda message: message.principal
            case "traceid":
                return lambda message: message.new_trace_id()
            case "newuuid":
                new_id = self._new_id
                return lambda _message: new_id()
            case "accountid":
                return constant(self._account)
        raise SqlError(f"{name}() is not supported")

    def _topic_level(self) -> Evaluate:
        number = self._expect("number")
        self._expect("mark", ")")
        if not number.isdigit() or not int(number):
            raise SqlError("topic(n) counts from 1")
        index = int(number) - 1

        def level(message: Message) -> Any:
            levels = message.rule_topic.split("/")
            return levels[index] if index < len(levels) else UNDEFINED

        return level

    def _told(self, name: str) -> Evaluate:
        literal = _unquote(self._expect("string"))
        self._expect("mark", ")")
        if name == "get_user_properties":
            return user_properties(literal)
        try:
            return mqtt_property(literal)
        except KeyError:
            raise SqlError(f"get_mqtt_property knows no {literal!r}") from None

    def _encode(self) -> Evaluate:
        if self._take("mark", "*"):
            source: Evaluate = payload
        else:
            source = self._or()
        self._expect("mark", ",")
        if _unquote(self._expect("string")) != "base64":
            raise SqlError("encode knows 'base64' only")
        self._expect("mark", ")")

        def encoded(message: Message) -> Any:
            value = source(message)
            if isinstance(value, str):
                value = value.encode()
            return base64.b64encode(value).decode() if isinstance(value, bytes) else UNDEFINED

        return encoded


def _unquote(literal: str) -> str:
    return literal[1:-1].replace("''", "'")
