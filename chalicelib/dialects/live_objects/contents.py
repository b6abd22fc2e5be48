"""What a data message may say, over MQTT and HTTP alike (manual 6.6.4, OpenAPI of the data store)."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from chalicelib.fleet.errors import Invalid

MODEL = r"^[^\s.]*$"
MODEL_EXPLAINED = "has no blank and no dot"
_MODEL = re.compile(MODEL.strip("^$"), re.ASCII)


def ensure_names(value: Mapping[str, Any]) -> None:
    """Errors: Invalid, for a field anywhere in `value` whose name cannot be searched for."""
    for name in _names(value):
        if name.startswith("$") or "." in name:
            raise Invalid(f"value has a field {name[:64]}: no name begins with $ or has a dot", "value")


def ensure_model(model: str) -> None:
    """Errors: Invalid."""
    if not _MODEL.fullmatch(model):
        raise Invalid(f"model {MODEL_EXPLAINED}", "model")


def _names(value: Any) -> Iterator[str]:
    waiting = [value]
    while waiting:
        inner = waiting.pop()
        if isinstance(inner, dict):
            yield from inner
            waiting.extend(inner.values())
        elif isinstance(inner, list):
            waiting.extend(inner)
