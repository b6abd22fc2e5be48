"""Whatever a test is answered is held against the description of the operation."""

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import unquote

from jsonschema import Draft202012Validator

from chalicelib.dialects.live_objects.rest import API
from chalicelib.web.openapi import document
from tests.fakes import MemoryPorts

OK, ENDED = 200, 300


def check(method: str, path: str, status: int, raw: bytes) -> None:
    """A success with a body is as described, without anything that is not."""
    if not OK <= status < ENDED or not raw:
        return
    candidates = _validators().get(method.lower(), ())
    validator = next((v for pattern, v in candidates if pattern.fullmatch(unquote(path))), None)
    if validator is not None:
        faults = [f"{fault.json_path}: {fault.message}" for fault in validator.iter_errors(json.loads(raw))]
        assert not faults, f"{method} {path}: {faults}"


@cache
def _validators() -> dict[str, list[tuple[re.Pattern[str], Draft202012Validator]]]:
    """By method, those of paths with fewer parameters first."""
    found: dict[str, list[tuple[re.Pattern[str], Draft202012Validator]]] = {}
    paths = document((API,), MemoryPorts(), "1")["paths"]
    for path in sorted(paths, key=lambda p: (p.count("{"), p)):
        for method, operation in paths[path].items():
            pattern = re.compile(re.sub(r"{\w+}", "[^/]+", path))
            found.setdefault(method, []).append((pattern, Draft202012Validator(_answer(operation))))
    return found


def _answer(operation: Mapping[str, Any]) -> Any:
    contents = [a["content"] for status, a in operation["responses"].items() if status[0] == "2" and "content" in a]
    if contents:
        return _closed(contents[0]["application/json"]["schema"])
    # Deprecated operations answer in shapes of their own, which are not described.
    return operation.get("deprecated", False)


def _closed(schema: Any) -> Any:
    """The schema without room for properties that it does not name."""
    if isinstance(schema, list):
        return [_closed(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    closed = {name: _closed(value) for name, value in schema.items()}
    return {"additionalProperties": False, **closed} if isinstance(schema.get("properties"), Mapping) else closed
