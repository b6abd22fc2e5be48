"""Which function does what to which table: what all dialects share, and a module a dialect that takes more."""

import importlib
from importlib.util import find_spec
from typing import Any

from chalicelib.dialects import registry
from infra.uses import core


def tables(function: str) -> dict[str, tuple[str, ...]]:
    """Actions by table or index."""
    uses: dict[str, tuple[str, ...]] = {}
    for wanted in (core.TABLES, *(module.TABLES for module in _of_dialects())):
        for table, actions in wanted.get(function, {}).items():
            uses[table] = tuple(dict.fromkeys((*uses.get(table, ()), *actions)))
    return uses


def _of_dialects() -> list[Any]:
    named = [f"{__name__}.{name}" for name in registry.NAMES]
    return [importlib.import_module(module) for module in named if find_spec(module)]
