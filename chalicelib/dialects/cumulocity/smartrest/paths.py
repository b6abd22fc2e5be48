"""Paths into documents: names, `['name']`, `[number]` and `[*]` of JSONPath; filters and descents are none."""

import re
from typing import Any

_STEP = re.compile(r"\.?([^.\[\]'\"$*?@()\s][^.\[\]'\"$*?@()]*)|\[(?:'([^']*)'|\"([^\"]*)\"|(-?[0-9]{1,6})|(\*))\]")
_MOST = 50
_LONGEST = 1_000
"""Values of a list that a path leads to."""


def is_path(text: str) -> bool:
    return _steps(text) is not None


def found(document: Any, text: str) -> list[Any]:
    """What it leads to: one value, all elements of a list, or nothing."""
    steps = _steps(text)
    if steps is None:
        return []
    held = [document]
    for step in steps:
        held = [below for one in held for below in _below(one, step)][:_LONGEST]
    return held


def _below(value: Any, step: str | int | None) -> list[Any]:
    if step is None:
        return list(value) if isinstance(value, list) else list(value.values()) if isinstance(value, dict) else []
    if isinstance(step, int):
        return [value[step]] if isinstance(value, list) and -len(value) <= step < len(value) else []
    return [value[step]] if isinstance(value, dict) and step in value else []


def _steps(text: str) -> list[str | int | None] | None:
    """None where it is no path; an element that stands for all is None."""
    rest = text.removeprefix("$")
    steps: list[str | int | None] = []
    while rest:
        match = _STEP.match(rest)
        if match is None or len(steps) == _MOST:
            return None
        name, quoted, doubly, index, _ = match.groups()
        if rest.startswith(".") and not steps and not text.startswith("$"):
            return None
        named = next((one for one in (name, quoted, doubly) if one is not None), None)
        steps.append(named if named is not None else int(index) if index is not None else None)
        rest = rest[match.end() :]
    return steps or None
