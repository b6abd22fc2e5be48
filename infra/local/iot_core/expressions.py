"""What an expression of AWS IoT SQL evaluates to, as functions of the message."""

import base64
from collections.abc import Callable
from typing import Any, Final

from .message import Message, NotJson
from .properties import Property

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

_MQTT_PROPERTIES: Final = {
    "format_indicator": Property.PAYLOAD_FORMAT,
    "content_type": Property.CONTENT_TYPE,
    "response_topic": Property.RESPONSE_TOPIC,
    "correlation_data": Property.CORRELATION_DATA,
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


def mqtt_property(name: str) -> Evaluate:
    """A property of a message of MQTT 5, under the names that AWS gives them; KeyError for another name."""
    known = _MQTT_PROPERTIES[name]

    def told(message: Message) -> Any:
        value = message.properties.values.get(known) if message.properties is not None else None
        if known is Property.PAYLOAD_FORMAT:
            return "UTF8_DATA" if value else "UNSPECIFIED_BYTES"
        if value is None:
            return UNDEFINED
        return base64.b64encode(value).decode() if isinstance(value, bytes) else value

    return told


def user_properties(name: str) -> Evaluate:
    """All values of a user property, in their order."""

    def told(message: Message) -> Any:
        given = message.properties.user if message.properties is not None else []
        return [value for key, value in given if key == name] or UNDEFINED

    return told


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
