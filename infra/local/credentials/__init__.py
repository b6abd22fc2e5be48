"""The first tenant's key as clients of each dialect present it: a module a dialect that has a form of its own."""

import importlib
from importlib.util import find_spec
from typing import Any

from chalicelib.dialects import registry
from chalicelib.fleet.access.records import ApiKey


def presented(key: ApiKey, secret: str) -> dict[str, dict[str, Any]]:
    """By dialect, for those that the stage speaks."""
    named = {name: f"{__name__}.{name}" for name in registry.enabled()}
    return {
        name: importlib.import_module(module).presented(key, secret)
        for name, module in named.items()
        if find_spec(module)
    }
