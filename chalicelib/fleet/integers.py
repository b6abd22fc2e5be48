"""Whole numbers as devices spell them: `30`, `30.0`, `3e1`, `"30"`."""

import re

_DIGITS = re.compile(r"[+-]?[0-9]{1,20}(?:\.0*)?")


def whole(value: object) -> int | None:
    """The whole number that a JSON value is, None where it is none. Neither `true` nor `false` is one."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    if isinstance(value, str) and _DIGITS.fullmatch(value.strip()):
        return int(value.strip().partition(".")[0])
    return None
