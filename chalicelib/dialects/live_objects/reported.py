"""Configuration parameters as devices and connectors report them (manual 6.5.6 and 6.6.6)."""

from collections.abc import Callable
from typing import Any

from chalicelib.dialects.registry import Malformed
from chalicelib.fleet.configuration import MAX_KEY, ParameterType, Value, checked
from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.integers import whole

_WHOLE = frozenset({ParameterType.INT32, ParameterType.UINT32})


def parameters(
    body: Any, field: str, read: Callable[[str, Any, int], Value], at: int
) -> tuple[dict[str, Value], list[str]]:
    """What is well formed, and what is wrong with the rest. Errors: Malformed."""
    if not isinstance(body, dict):
        raise Malformed(f"{field} is a JSON object of parameters")
    values: dict[str, Value] = {}
    wrong: list[str] = []
    for name, parameter in body.items():
        if not 0 < len(name) <= MAX_KEY:
            wrong.append(f"a parameter's name has 1 to {MAX_KEY} characters")
            continue
        try:
            values[name] = read(name, parameter, at)
        except Invalid as error:
            wrong.append(str(error))
    return values, wrong


def value(kind: ParameterType, said: Any, name: str, at: int) -> Value:
    """A value however it is spelt: the Arduino SDK reports its booleans as `u32`. Errors: Invalid."""
    if kind in _WHOLE:
        found = int(said) if isinstance(said, bool) else whole(said)
        said = said if found is None else found
    return Value(kind, checked(kind, said, f"parameter {name}"), at)
