"""`{id, path}` of a group. There is one: the root."""

from collections.abc import Mapping
from typing import Any

from chalicelib.fleet.devices import ROOT_GROUP
from chalicelib.fleet.errors import GroupNotFound

ROOT_PATH = "/"

REFERENCE = {
    "type": ["object", "null"],
    "properties": {
        "id": {"type": ["string", "null"], "maxLength": 6},
        "path": {"type": ["string", "null"], "maxLength": 255},
    },
}


def render(group: str) -> dict[str, str]:
    return {"id": group, "path": ROOT_PATH}


def resolve(reference: Mapping[str, Any] | None) -> str:
    """The id of the group that a device is to be in; the root where none is named. Errors: GroupNotFound."""
    named = reference or {}
    if (named.get("id") or ROOT_GROUP) != ROOT_GROUP:
        raise GroupNotFound(f"group {named['id']} not found")
    if (named.get("path") or ROOT_PATH) != ROOT_PATH:
        raise GroupNotFound(f"group {named['path']} not found")
    return ROOT_GROUP
