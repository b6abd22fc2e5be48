"""Writes vendor_operations.json from the vendor's OpenAPI description, by hand when that changes.

    python -m tests.dialects.cumulocity.vendor_table DESCRIPTION > tests/dialects/cumulocity/vendor_operations.json

Facts alone: paths, methods, statuses, query parameters, and the names of what bodies and answers show in its examples.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from chalicelib.dialects.cumulocity import ROOTS

_METHODS = ("get", "post", "put", "delete")
_DEEPEST = 6


def table(description: Mapping[str, Any]) -> dict[str, Any]:
    """By `METHOD /path/{}`."""
    return dict(sorted(_operations(description)))


def place(path: str) -> str:
    """The path, whatever its parameters are called."""
    return re.sub(r"{[^}]*}", "{}", path)


def _operations(description: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for path, methods in description["paths"].items():
        if path.split("/")[1] not in ROOTS:
            continue
        for method in _METHODS:
            if method in methods:
                yield f"{method.upper()} {place(path)}", _facts(description, methods[method])


def _facts(description: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    parameters = [_resolved(description, one) for one in told.get("parameters", ())]
    sent = _resolved(description, told.get("requestBody", {}))
    answers = {status: _resolved(description, one) for status, one in told["responses"].items()}
    succeeded = next((one for status, one in sorted(answers.items()) if status.startswith("2")), {})
    return {
        "statuses": sorted(int(status) for status in answers),
        "query": sorted(one["name"] for one in parameters if one.get("in") == "query"),
        "body": _names(description, sent),
        "answer": _names(description, succeeded),
    }


def _names(description: Mapping[str, Any], message: Mapping[str, Any]) -> list[str]:
    """What the first JSON that is shown has."""
    for kind, media in message.get("content", {}).items():
        if "json" not in kind:
            continue
        schema = media.get("schema", {})
        example = media.get("example") or _example(description, schema)
        if isinstance(example, Mapping):
            return sorted(example)
        return sorted(_properties(description, schema))
    return []


def _example(description: Mapping[str, Any], schema: Mapping[str, Any], deep: int = 0) -> Any:
    found = _resolved(description, schema)
    if "example" in found or deep > _DEEPEST:
        return found.get("example")
    merged: dict[str, Any] = {}
    for part in found.get("allOf", ()):
        one = _example(description, part, deep + 1)
        merged |= one if isinstance(one, Mapping) else {}
    return merged or None


def _properties(description: Mapping[str, Any], schema: Mapping[str, Any], deep: int = 0) -> set[str]:
    found = _resolved(description, schema)
    names = set(found.get("properties", {}))
    for part in found.get("allOf", ()) if deep <= _DEEPEST else ():
        names |= _properties(description, part, deep + 1)
    return names


def _resolved(description: Mapping[str, Any], told: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in told:
        found: Any = description
        for name in told["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        told = found
    return told


if __name__ == "__main__":
    print(json.dumps(table(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))), indent=1))
