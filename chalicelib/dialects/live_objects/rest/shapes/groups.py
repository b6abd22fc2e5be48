"""Groups (manual 8.1), and `{id, path}` of the group that a device is in."""

from collections.abc import Mapping
from typing import Any

from chalicelib.dialects.live_objects import times
from chalicelib.dialects.live_objects.rest.shapes import present
from chalicelib.fleet.inventory.groups import ID_LENGTH, LONGEST_PATH
from chalicelib.fleet.inventory.records import ROOT_GROUP, ROOT_PATH, Group, GroupTree

ID = {"type": ["string", "null"], "maxLength": ID_LENGTH}
PATH = {"type": ["string", "null"], "maxLength": LONGEST_PATH}
REFERENCE = {"type": ["object", "null"], "properties": {"id": ID, "path": PATH}}
_NAME = {
    "type": "string",
    "maxLength": LONGEST_PATH,
    "pattern": "^[\\wÀ-ÖØ-öø-ÿ' -]+$",
    "description": "has letters, digits, blanks, dashes, underscores and simple quotes",
}
_DESCRIPTION = {"type": ["string", "null"], "maxLength": 255}
NEW = {
    "type": "object",
    "required": ["pathNode"],
    "properties": {"pathNode": _NAME, "parentId": ID, "description": _DESCRIPTION},
}
UPDATE = {
    "type": "object",
    "properties": {
        "id": ID,
        "pathNode": {**_NAME, "type": ["string", "null"]},
        "parentId": ID,
        "description": _DESCRIPTION,
    },
}


def render(group: Group, tree: GroupTree) -> dict[str, Any]:
    return present(
        {
            "id": group.id,
            "pathNode": group.name,
            "path": tree.path(group.id),
            "parentId": group.parent,
            "description": group.description,
            "created": times.render(group.created),
            "updated": times.render(group.updated),
        }
    )


def rendered_root(created: int) -> dict[str, Any]:
    return {"id": ROOT_GROUP, "path": ROOT_PATH, "created": times.render(created), "updated": times.render(created)}


def reference(group: str, path: str) -> dict[str, str]:
    return {"id": group, "path": path}


def named(body: Mapping[str, Any] | None) -> tuple[str | None, str | None]:
    """Id and path of what a device's `group` names; the root where it names neither."""
    given = body or {}
    return given.get("id"), given.get("path")
