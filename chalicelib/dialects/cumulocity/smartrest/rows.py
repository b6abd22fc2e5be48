"""Rows of comma-separated values, as devices send them and as they are sent (guide "MQTT", "CSV format")."""

import re
from collections.abc import Iterator, Sequence

from chalicelib.fleet.frozen import dataclass

MOST = 1_000
"""Rows of one message."""
_SPECIAL = re.compile(r'[",\r\n\t]')


@dataclass(frozen=True, slots=True)
class Row:
    """`number` is its place in the message; a `broken` one is no row at all."""

    number: int
    values: tuple[str, ...]
    broken: bool = False

    @property
    def id(self) -> str:
        return self.values[0] if self.values else ""


def parse(text: str) -> Iterator[Row]:
    r"""The rows of a message, without blank ones; values that are not quoted are trimmed.

    A quote inside of quotes is `\"` or `""`; other backslashes are what they are.
    """
    at, number = 0, 0
    while at < len(text):
        values, at, broken = _row(text, at)
        if broken or any(values):
            yield Row(number, tuple(values), broken)
            number += 1


def render(values: Sequence[str]) -> str:
    """One row, without its end."""
    return ",".join(map(_quoted, values))


def _quoted(value: str) -> str:
    if _SPECIAL.search(value) is None and value == value.strip():
        return value
    escaped = value.replace('"', '\\"')
    return f'"{escaped}"'


def _row(text: str, at: int) -> tuple[list[str], int, bool]:
    """Values, where the next row begins, and whether this one is none."""
    values: list[str] = []
    broken = False
    while True:
        value, at, fine = _value(text, at)
        values.append(value)
        broken = broken or not fine
        if at >= len(text):
            return values, at, broken
        separator, at = text[at], at + 1
        if separator == "\n":
            return values, at, broken


def _value(text: str, at: int) -> tuple[str, int, bool]:
    """One value, where its separator is, and whether it was one."""
    start = at
    while start < len(text) and text[start] in " \t\r":
        start += 1
    if start < len(text) and text[start] == '"':
        return _in_quotes(text, start + 1)
    end = at
    while end < len(text) and text[end] not in ",\n":
        end += 1
    return text[at:end].strip(), end, True


def _in_quotes(text: str, at: int) -> tuple[str, int, bool]:
    found: list[str] = []
    while at < len(text):
        if text[at] in '\\"' and text[at + 1 : at + 2] == '"':
            found.append('"')
            at += 2
        elif text[at] == '"':
            break
        else:
            found.append(text[at])
            at += 1
    else:
        return "".join(found), at, False
    after = at + 1
    end = after
    while end < len(text) and text[end] not in ",\n":
        end += 1
    return "".join(found), end, not text[after:end].strip()
