"""Responses of a collection: rows that are made of operations and of objects (guide "SmartREST 2.0", "Responses").

One is sent where what its condition leads to is there; a base goes before its patterns, not before its condition.
"""

from collections.abc import Mapping
from typing import Any

from chalicelib.dialects.cumulocity.smartrest import paths, rows
from chalicelib.dialects.cumulocity.smartrest.collections import Collection, Response
from chalicelib.dialects.cumulocity.smartrest.operations import text


def render(collection: Collection, document: Mapping[str, Any], serial: str | None = None) -> str:
    """Rows of all responses that fit, empty where none does; of operations each begins with its device's `serial`."""
    fitting = (one for one in collection.responses if _fits(one, document))
    before = [] if serial is None else [serial]
    return "\n".join(rows.render((one.id, *before, *_values(one, document))) for one in fitting)


def _fits(response: Response, document: Mapping[str, Any]) -> bool:
    return not response.condition or bool(paths.found(document, response.condition))


def _values(response: Response, document: Mapping[str, Any]) -> list[str]:
    """A pattern that leads nowhere is an empty value; one that leads to several is so many."""
    based = paths.found(document, response.base)[:1] if response.base else [document]
    found: list[str] = []
    for pattern in response.patterns:
        held = [one for base in based for one in paths.found(base, pattern)]
        found += [text(one) for one in held] or [""]
    return found
