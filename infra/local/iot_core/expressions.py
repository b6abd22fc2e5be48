"""What an expression of AWS IoT SQL evaluates to, as functions of the message."""

from collections.abc import Callable
from typing import Any, Final

from .message import Message, NotJson

Evaluate = Callable[[Message], Any]


class _Undefined:
    """AWS IoT SQL's Undefined: what a missing attribute is; it makes every comparison fail."""

    def __repr__(self) -> str:
        return "Undefined"


UNDEFINED: Final = _Undefined()
ORDERED: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


def payload(message: Message) -> bytes:
    """The star in `encode(*, …)`."""
    return message.payload


def constant(value: Any) -> Evaluate:
    return lambda _message: value


def attribute(names: list[str]) -> Evaluate:
    """The value at a path in the JSON payload."""
    return lambda message: _at(message, names)


def _at(message: Message, names: list[str]) -> Any:
    try:
        value = message.json()
    except NotJson:
        return UNDEFINED
    for name in names:
        if not isinstance(value, dict) or name not in value:
            return UNDEFINED
        value = value[name]
    return value


def either(left: Evaluate, right: Evaluate) -> Evaluate:
    return lambda message: left(message) is True or right(message) is True


def both(left: Evaluate, right: Evaluate) -> Evaluate:
    return lambda message: left(message) is True and right(message) is True


def compare(mark: str, left: Evaluate, right: Evaluate) -> Evaluate:
    def compared(message: Message) -> Any:
        one, other = left(message), right(message)
        if one is UNDEFINED or other is UNDEFINED:
            return UNDEFINED
        if mark in ("=", "<>", "!="):
            return (_same(one, other)) == (mark == "=")
        numbers = _number(one) and _number(other)
        if not numbers and not (isinstance(one, str) and isinstance(other, str)):
            return UNDEFINED
        return ORDERED[mark](one, other)

    return compared


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _same(one: Any, other: Any) -> bool:
    """Equality without Python's 1 == True."""
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)
