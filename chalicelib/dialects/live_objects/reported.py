"""Configuration parameters as devices and connectors report them (manual 6.5.6 and 6.6.6)."""

from collections.abc import Callable
from typing import Any

from chalicelib.dialects.registry import Malformed
from chalicelib.fleet.configuration.records import MAX_KEY, MAX_VALUE, ParameterType, Value, checked
from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.integers import whole

_WIDEST = 1 << 64
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
        if kind is ParameterType.UINT32 and found is not None and 0 <= found < _WIDEST:
            # The manual's own samples report more than 32 bits (6.6.6.2) ...
            return Value(kind, said, at)
    if kind is ParameterType.BINARY and isinstance(said, str) and len(said) <= MAX_VALUE:
        # ... and texts that are no Base64 (6.5.6.3): what a device says that it has, it has.
        return Value(kind, said, at)
    return Value(kind, checked(kind, said, f"parameter {name}"), at)
