"""The formulas of templates: numbers in, one number out; floating-point arithmetic of 64 bits throughout."""

import math
import operator
import re
from collections.abc import Callable, Mapping

from chalicelib.fleet.data.decoding.budget import Budget
from chalicelib.fleet.data.decoding.errors import TemplateError
from chalicelib.fleet.data.decoding.expression import Notation, compile_expression
from chalicelib.fleet.data.decoding.tokens import Token, Tokens

MAX_LENGTH = 1_024
"""Characters of one formula after its fields are filled in."""

_GRAMMAR = re.compile(
    r"(?P<blank>\s+)"
    r"|(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)"
    r"|(?P<word>[A-Za-z]\w*)"
    r"|(?P<sign>[-+*/%^(),])",
    re.ASCII,
)
_CONSTANTS = {"pi": math.pi, "e": math.e}
_EXACT = 1e15
"""Whole numbers below this are written without a fraction or an exponent."""


def _half_up(value: float) -> float:
    return math.floor(value + 0.5)


_MANY = 16
_FUNCTIONS: Mapping[str, tuple[int, int, Callable[..., float]]] = {
    "abs": (1, 1, abs),
    "acos": (1, 1, math.acos),
    "asin": (1, 1, math.asin),
    "atan": (1, 1, math.atan),
    "atan2": (2, 2, math.atan2),
    "ceil": (1, 1, math.ceil),
    "cos": (1, 1, math.cos),
    "exp": (1, 1, math.exp),
    "floor": (1, 1, math.floor),
    "log": (1, 1, math.log),
    "log10": (1, 1, math.log10),
    "max": (1, _MANY, lambda *values: max(values)),
    "min": (1, _MANY, lambda *values: min(values)),
    "pow": (2, 2, math.pow),
    "round": (1, 1, _half_up),
    "sin": (1, 1, math.sin),
    "sqrt": (1, 1, math.sqrt),
    "tan": (1, 1, math.tan),
}
_BINARY: Mapping[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": math.fmod,
    "^": math.pow,
}
_NOTATION = Notation(
    binary={"+": 1, "-": 1, "*": 2, "/": 2, "%": 2, "^": 4},
    unary=frozenset("+-"),
    unary_binding=3,
    right_associative=frozenset("^"),
    functions={name: (fewest, most) for name, (fewest, most, _) in _FUNCTIONS.items()},
)


def evaluate(formula: str, budget: Budget) -> str:
    """The value of `formula` as a JSON number; `^` raises to a power. TemplateError if it has none."""
    if len(formula) > MAX_LENGTH:
        raise TemplateError(f"a formula is longer than {MAX_LENGTH} characters")
    tokens = Tokens(formula, _GRAMMAR, TemplateError)
    program = compile_expression(tokens, _NOTATION, lambda token: _operand(tokens, token))
    if tokens.next.kind != "end":
        tokens.unexpected("an operator or the end of the formula")
    budget.spend_steps(len(program))
    stack: list[float] = []
    try:
        for code, value, arity in program:
            arguments = stack[len(stack) - arity :]
            del stack[len(stack) - arity :]
            stack.append(_applied(code, value, arguments))
        return _written(stack.pop())
    except (ArithmeticError, ValueError) as error:
        raise TemplateError(f"{formula.strip()!r} has no value: {error}") from None


def _operand(tokens: Tokens, token: Token) -> float:
    if token.kind == "number":
        return float(token.text)
    if token.text not in _CONSTANTS:
        tokens.fail(f"{token.text[:40]!r} is no number", token.offset)
    return _CONSTANTS[token.text]


def _applied(code: str, value: str | float, arguments: list[float]) -> float:
    match code:
        case "operand":
            return float(value)
        case "unary":
            return -arguments[0] if value == "-" else arguments[0]
        case "binary":
            return float(_BINARY[str(value)](*arguments))
        case _:
            return float(_FUNCTIONS[str(value)][2](*arguments))


def _written(value: float) -> str:
    if not math.isfinite(value):
        raise OverflowError("the result is out of range")
    return str(int(value)) if value.is_integer() and abs(value) < _EXACT else repr(value)
