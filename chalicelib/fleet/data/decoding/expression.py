"""Infix expressions made into postfix programs.

A program is a flat sequence that is run once from left to right on a stack: however an expression is written, running
it takes as many steps as it has operands and operators.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from chalicelib.fleet.data.decoding.tokens import Token, Tokens
from chalicelib.fleet.frozen import dataclass

MAX_NESTING = 64
"""Brackets, signs and right-associative operators within one another."""


class Instruction(NamedTuple):
    code: str
    """"operand", "unary", "binary" or "call"."""
    value: str | int | float
    """The number or name; the operator; the function's name."""
    arity: int


Program = tuple[Instruction, ...]


@dataclass(frozen=True, slots=True)
class Notation:
    """Which operators there are and how tightly they bind: the higher, the tighter."""

    binary: Mapping[str, int]
    unary: frozenset[str]
    unary_binding: int
    right_associative: frozenset[str] = frozenset()
    functions: Mapping[str, tuple[int, int]] | None = None
    """The fewest and the most arguments of each function."""


def compile_expression(tokens: Tokens, notation: Notation, operand: Callable[[Token], str | int | float]) -> Program:
    """Take one expression from `tokens`; `operand` turns a word or number into what the program shall hold."""
    compiler = _Compiler(tokens, notation, operand)
    compiler.expression(0, 0)
    return tuple(compiler.program)


class _Compiler:
    def __init__(self, tokens: Tokens, notation: Notation, operand: Callable[[Token], str | int | float]) -> None:
        self._tokens = tokens
        self._notation = notation
        self._operand = operand
        self.program: list[Instruction] = []

    def expression(self, binding: int, depth: int) -> None:
        if depth > MAX_NESTING:
            self._tokens.fail(f"an expression nested more than {MAX_NESTING} deep", self._tokens.next.offset)
        self._primary(depth)
        while (strength := self._notation.binary.get(self._tokens.next.text, -1)) >= binding:
            operator = self._tokens.take().text
            right = strength if operator in self._notation.right_associative else strength + 1
            self.expression(right, depth + 1)
            self.program.append(Instruction("binary", operator, 2))

    def _primary(self, depth: int) -> None:
        token = self._tokens.next
        if token.text in self._notation.unary:
            self._tokens.take()
            self.expression(self._notation.unary_binding, depth + 1)
            self.program.append(Instruction("unary", token.text, 1))
        elif self._tokens.accept("("):
            self.expression(0, depth + 1)
            self._tokens.expect(")")
        elif token.kind in {"word", "number"}:
            self._tokens.take()
            if self._notation.functions is not None and self._tokens.next.text == "(":
                self._call(token, depth)
            else:
                self.program.append(Instruction("operand", self._operand(token), 0))
        else:
            self._tokens.unexpected("a number, a name or '('")

    def _call(self, name: Token, depth: int) -> None:
        arities = (self._notation.functions or {}).get(name.text)
        if arities is None:
            self._tokens.fail(f"unknown function {name.text[:40]!r}", name.offset)
        self._tokens.expect("(")
        count = 0
        while count == 0 or self._tokens.accept(","):
            self.expression(0, depth + 1)
            count += 1
        self._tokens.expect(")")
        fewest, most = arities
        if not fewest <= count <= most:
            self._tokens.fail(f"{name.text} does not take {count} arguments", name.offset)
        self.program.append(Instruction("call", name.text, count))
