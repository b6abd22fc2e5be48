"""The integer expressions of the binary description language: two's complement, 32 bits, as in Java."""

from collections.abc import Callable, Mapping

from chalicelib.fleet.data.decoding.expression import Notation, Program

NOTATION = Notation(
    binary={"|": 1, "^": 2, "&": 3, "<<": 4, ">>": 4, ">>>": 4, "+": 5, "-": 5, "*": 6, "/": 6, "%": 6},
    unary=frozenset("+-~"),
    unary_binding=7,
)
MAX = 0x7FFF_FFFF
_SHIFT_BITS = 31
"""Only the lowest five bits of a shift's distance count."""


def wrapped(value: int) -> int:
    """`value` as what is left of it in 32 bits."""
    return (value + MAX + 1) % (1 << 32) - MAX - 1


def _quotient(left: int, right: int) -> int:
    magnitude = abs(left) // abs(right)
    return magnitude if (left < 0) == (right < 0) else -magnitude


_BINARY: Mapping[str, Callable[[int, int], int]] = {
    "|": lambda left, right: left | right,
    "^": lambda left, right: left ^ right,
    "&": lambda left, right: left & right,
    "<<": lambda left, right: left << (right & _SHIFT_BITS),
    ">>": lambda left, right: left >> (right & _SHIFT_BITS),
    ">>>": lambda left, right: (left % (1 << 32)) >> (right & _SHIFT_BITS),
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": _quotient,
    "%": lambda left, right: left - right * _quotient(left, right),
}
_UNARY: Mapping[str, Callable[[int], int]] = {"+": lambda value: value, "-": lambda value: -value, "~": lambda v: ~v}


def evaluate(program: Program, lookup: Callable[[str], int]) -> int:
    """Run a program; `lookup` gives a name's value. ZeroDivisionError where Java has its ArithmeticException."""
    stack: list[int] = []
    for code, value, _ in program:
        if code == "operand":
            stack.append(wrapped(lookup(value) if isinstance(value, str) else int(value)))
        elif code == "unary":
            stack.append(wrapped(_UNARY[str(value)](stack.pop())))
        else:
            right = stack.pop()
            stack.append(wrapped(_BINARY[str(value)](stack.pop(), right)))
    return stack.pop()
