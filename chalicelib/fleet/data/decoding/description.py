"""The language in which a binary payload is described.

It is the language of the Java Binary Block Parser with `float`, `double`, `asciichar` and `utf8` besides:

    <ushort length;            // little-endian; without '<' the highest byte comes first
    bit:3 mode; bit:5 level;   // the lowest bits of a byte come first
    reading [2] { short temperature; ubyte[3] raw; }
    skip:2; align:4; val:(length*2) twice;
    utf8[length] label; byte[_] rest;
"""

import re
from functools import lru_cache

from chalicelib.fleet.data.decoding import integers
from chalicelib.fleet.data.decoding.budget import MAX_NESTING, MAX_SOURCE
from chalicelib.fleet.data.decoding.errors import DescriptionError
from chalicelib.fleet.data.decoding.expression import Instruction, Program, compile_expression
from chalicelib.fleet.data.decoding.layout import MOVES, TYPES, Count, Field, Member, Structure
from chalicelib.fleet.data.decoding.scope import Scope
from chalicelib.fleet.data.decoding.tokens import Token, Tokens

_GRAMMAR = re.compile(
    r"(?P<blank>\s+|//[^\n]*)"
    r"|(?P<number>[0-9]+)"
    r"|(?P<word>\$\$|reset\$\$|[^\W\d][\w.]*)"
    r"|(?P<sign>>>>|<<|>>|[][{}();:<>+\-*/%&|^~])"
)
_NAME = re.compile(r"[^\W\d_]\w*")
"""As Java's letters and digits: accents are letters."""
_MAX_BITS = 8
COUNTER = "$$"
"""The name of the number of bytes read so far."""


@lru_cache(maxsize=32)
def parse(source: str) -> tuple[Member, ...]:
    """The layout that `source` describes; DescriptionError with the position of the first thing that is wrong."""
    if len(source) > MAX_SOURCE:
        raise DescriptionError(f"the description is longer than {MAX_SOURCE} characters")
    return _Parser(Tokens(source, _GRAMMAR, DescriptionError)).description()


class _Parser:
    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._scope = Scope()
        self._rest_read = False
        """Whether a `[_]` has taken all that is left of the payload."""

    def description(self) -> tuple[Member, ...]:
        members = self._members()
        if self._tokens.next.kind != "end":
            self._tokens.unexpected("a type, the name of a structure or the end")
        if not members:
            self._tokens.unexpected("a type or the name of a structure")
        return members

    def _members(self) -> tuple[Member, ...]:
        members: list[Member] = []
        while self._tokens.next.kind != "end" and self._tokens.next.text != "}":
            members.append(self._member())
        return tuple(members)

    def _member(self) -> Member:
        start = self._tokens.next
        if self._rest_read:
            self._tokens.fail("nothing can follow what reads the payload to its end", start.offset)
        order = self._tokens.accept("<", ">")
        if not order and start.text in {"{", "["}:
            return self._structure(None, self._count())
        word = self._tokens.take() if self._tokens.next.kind == "word" else self._tokens.unexpected("a type")
        argument = self._argument(word) if self._tokens.accept(":") else None
        count = self._count()
        if not order and argument is None and self._tokens.next.text == "{":
            return self._structure(word, count)
        return self._field(word, order is not None and order.text == "<", argument, count)

    def _structure(self, word: Token | None, count: Count) -> Structure:
        self._tokens.expect("{")
        name, path = self._declared(word, "{", repeated=count is not None)
        if self._scope.depth >= MAX_NESTING:
            self._tokens.fail(f"structures nested more than {MAX_NESTING} deep", self._tokens.next.offset)
        self._scope.enter(path)
        members = self._members()
        self._scope.leave()
        closing = self._tokens.accept("}") or self._tokens.unexpected("a type, the name of a structure or '}'")
        if count == "rest":
            if self._rest_read:
                self._tokens.fail("both the structure and a field of it read the payload to its end", closing.offset)
            self._rest_read = True
        return Structure(name, path, count, members)

    def _field(self, word: Token, little: bool, argument: Program | None, count: Count) -> Field:  # noqa: FBT001
        kind = word.text.lower()
        if kind not in TYPES:
            self._tokens.fail(
                f"unknown type {word.text[:40]!r}", word.offset, "a type, or '{' after a structure's name"
            )
        named = self._tokens.take() if self._tokens.next.kind == "word" else None
        if kind in MOVES and (named or count):
            self._tokens.fail(f"{kind} has neither a name nor a count", word.offset)
        if kind == "val" and (not named or argument is None or count):
            self._tokens.fail("val needs an expression and a name, and has no count", word.offset)
        if not self._tokens.accept(";"):
            self._tokens.unexpected("';'" if named else "a name or ';'")
        self._rest_read = self._rest_read or count == "rest"
        name, path = self._declared(named, kind, repeated=count is not None)
        return Field(kind, name, path, little, argument, count)

    def _declared(self, word: Token | None, kind: str, *, repeated: bool) -> tuple[str, str]:
        if word is None:
            return "", ""
        if not _NAME.fullmatch(word.text):
            self._tokens.fail(f"{word.text[:40]!r} cannot be a name", word.offset, "letters, digits and '_'")
        name = word.text.lower()
        path = self._scope.declare(name, kind, repeated=repeated)
        if path is None:
            self._tokens.fail(f"there is a {name[:40]!r} already", word.offset)
        return name, path

    def _argument(self, word: Token) -> Program:
        kind = word.text.lower()
        if kind not in {"bit", "skip", "align", "val"}:
            self._tokens.fail(f"{word.text[:40]!r} takes no ':'", word.offset)
        if self._tokens.accept("("):
            program = self._expression()
            self._tokens.expect(")")
            return program
        number = self._tokens.next
        if number.kind != "number":
            self._tokens.unexpected("a number or an expression in brackets")
        amount = self._operand(self._tokens.take())
        if kind == "bit" and amount not in range(1, _MAX_BITS + 1):
            self._tokens.fail("a bit field has 1 to 8 bits", number.offset)
        if kind == "align" and amount == 0:
            self._tokens.fail("nothing is a multiple of 0", number.offset)
        return (Instruction("operand", amount, 0),)

    def _count(self) -> Count:
        if not self._tokens.accept("["):
            return None
        start = self._tokens.next
        count: Count = "rest" if self._tokens.accept("_") else self._expression()
        self._tokens.expect("]")
        if count == (Instruction("operand", 0, 0),):
            self._tokens.fail("an array has at least one element", start.offset)
        return count

    def _expression(self) -> Program:
        return compile_expression(self._tokens, integers.NOTATION, self._operand)

    def _operand(self, token: Token) -> str | int:
        if token.kind == "number":
            digits = token.text.lstrip("0")
            if len(digits) > len(str(integers.MAX)) or int(digits or 0) > integers.MAX:
                self._tokens.fail("a number beyond 32 bits", token.offset)
            return int(digits or 0)
        if token.text == COUNTER:
            return COUNTER
        path = self._scope.resolve(token.text.lower())
        if path is None:
            self._tokens.fail(f"no field {token.text[:40]!r} has been read yet", token.offset)
        if objection := self._scope.objection(path):
            self._tokens.fail(f"{token.text[:40]!r} {objection}", token.offset)
        return path
