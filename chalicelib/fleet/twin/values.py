"""Values of resources: what type they have, and how they are written for people and programs."""

import base64
import math
import re
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum

Value = str | int | float | bool | bytes
"""STRING, LINK and CORE_LINK are str, INTEGER, UNSIGNED_INTEGER and DATETIME (s since 1970) int, BASE64 bytes."""


class ResourceType(StrEnum):
    STRING = "STRING"
    INTEGER = "INTEGER"
    UNSIGNED_INTEGER = "UNSIGNED_INTEGER"
    FLOAT = "FLOAT"
    BOOLEAN = "BOOLEAN"
    BASE64 = "BASE64"
    DATETIME = "DATETIME"
    LINK = "LINK"
    """`object:instance`."""
    CORE_LINK = "CORE_LINK"


class UnfitError(ValueError):
    """No value of its type; the text says what it is not."""


_SIGNED = range(-(1 << 63), 1 << 63)
_UNSIGNED = range(1 << 64)
_ANY = range(_SIGNED[0], 1 << 64)
_LINK = re.compile(r"([0-9]{1,5}):([0-9]{1,5})", re.ASCII)
_INTEGER = re.compile(r"[+-]?[0-9]{1,20}", re.ASCII)
_FLOAT = re.compile(r"[+-]?(?:[0-9]{1,400}(?:\.[0-9]{0,400})?|\.[0-9]{1,400})(?:[eE][+-]?[0-9]{1,4})?", re.ASCII)
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_LAST_LINK = 65_535


def fit(type_: ResourceType | None, value: object) -> Value:
    """The value that a resource of this type has, of whatever a format made of it; raises UnfitError.

    Formats know fewer types than models: a whole number may have come as 3.0, a number as text. Without a type the
    value stays what it is, within what any type allows.
    """
    if type_ is not None:
        return _FITTERS[type_](value)
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return _whole(value, _ANY)
    if isinstance(value, bool | bytes):
        return value
    raise UnfitError("a resource has no such value")


def parse(type_: ResourceType, text: str) -> Value:
    """What people and programs write; raises UnfitError."""
    if type_ is ResourceType.DATETIME and not _INTEGER.fullmatch(text):
        return _seconds(text)
    if type_ is ResourceType.BASE64:
        try:
            return base64.b64decode(text, validate=True)
        except ValueError as error:  # of what is not ASCII, too
            raise UnfitError("no base64") from error
    return fit(type_, text)


def write(value: Value) -> str:
    """What people and programs read; a number in its shortest form that reads back as the same."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return repr(value) if isinstance(value, float) else str(value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise UnfitError("no text")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise UnfitError("no text: it has half of a surrogate pair") from error
    return value


def _whole(value: object, allowed: range) -> int:
    if (isinstance(value, str) and _INTEGER.fullmatch(value)) or (isinstance(value, float) and value.is_integer()):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise UnfitError("no whole number")
    if value not in allowed:
        raise UnfitError("a number out of range")
    return value


def _number(value: object) -> float:
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, str) and _FLOAT.fullmatch(value):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UnfitError("no number")
    try:
        number = float(value)
    except OverflowError as error:
        raise UnfitError("a number out of range") from error
    if not math.isfinite(number):
        raise UnfitError("a number out of range")
    return number


def _boolean(value: object) -> bool:
    if isinstance(value, str):
        value = _BOOLEANS.get(value)
    if isinstance(value, bool) or (isinstance(value, int | float) and value in (0, 1)):
        return bool(value)
    raise UnfitError("neither true nor false")


def _bytes(value: object) -> bytes:
    if not isinstance(value, bytes):
        raise UnfitError("no bytes")
    return value


def _link(value: object) -> str:
    found = _LINK.fullmatch(value) if isinstance(value, str) else None
    if found is None or max(int(found[1]), int(found[2])) > _LAST_LINK:
        raise UnfitError("no link: write object:instance")
    return f"{int(found[1])}:{int(found[2])}"


def _moment(value: object) -> int:
    return _whole(int(value) if isinstance(value, float) and math.isfinite(value) else value, _SIGNED)


def _seconds(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UnfitError("no moment: write seconds since 1970 or ISO 8601") from error
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


_FITTERS: dict[ResourceType, Callable[[object], Value]] = {
    ResourceType.STRING: _text,
    ResourceType.INTEGER: lambda value: _whole(value, _SIGNED),
    ResourceType.UNSIGNED_INTEGER: lambda value: _whole(value, _UNSIGNED),
    ResourceType.FLOAT: _number,
    ResourceType.BOOLEAN: _boolean,
    ResourceType.BASE64: _bytes,
    ResourceType.DATETIME: _moment,
    ResourceType.LINK: _link,
    ResourceType.CORE_LINK: _text,
}
