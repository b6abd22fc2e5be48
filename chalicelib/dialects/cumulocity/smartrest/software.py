"""The list of installed software, which is an addition of its device: 140 to 142."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from chalicelib.dialects.cumulocity import objects as shapes
from chalicelib.dialects.cumulocity.smartrest.arguments import Arguments
from chalicelib.dialects.cumulocity.smartrest.publishing import Publishing
from chalicelib.dialects.cumulocity.smartrest.rows import Row
from chalicelib.fleet.inventory import hierarchy, objects
from chalicelib.fleet.inventory.managed_objects import ChildKind, ManagedObject

LIST = "c8y_InstalledSoftwareList"
_FULL, _NAMED = 4, 2
_NAMES = ("name", "version", "softwareType", "url")
Software = list[dict[str, Any]]


def put(publishing: Publishing, row: Row, said: Arguments) -> None:
    """140: this is installed, and nothing else."""
    given = _given(said)
    _change(publishing, row, lambda _: given)


def add(publishing: Publishing, row: Row, said: Arguments) -> None:
    """141: this, too; what has the same name is replaced."""
    given = _given(said)
    names = {one["name"] for one in given}
    _change(publishing, row, lambda there: [*(one for one in there if one.get("name") not in names), *given])


def remove(publishing: Publishing, row: Row, said: Arguments) -> None:
    """142: this is not installed any more."""
    gone = [tuple(group) for group in said.groups(0, _NAMED)]

    def left(there: Software) -> Software:
        return [one for one in there if not any(_is(one, name, version) for name, version in gone)]

    _change(publishing, row, left)


def _is(one: dict[str, Any], name: str, version: str) -> bool:
    return one.get("name") == name and version in ("", one.get("version"))


def _given(said: Arguments) -> Software:
    return [dict(zip(_NAMES, group, strict=True)) for group in said.groups(0, _FULL)]


def _change(publishing: Publishing, row: Row, change: Callable[[Software], Software]) -> None:
    publishing.write()
    speaker = publishing.speaker
    target, stamp = speaker.target, speaker.stamp(row.number)
    page = hierarchy.children(speaker.ports, target.tenant, target.id, ChildKind.ADDITION)
    found = next((one for one in page.items if LIST in one.fragments), None)
    if found is None:
        wanted = objects.Draft(
            type=LIST,
            owner=speaker.owner,
            fragments={LIST: change([])},
            indexed=shapes.INDEXED,
            stamps={LIST: stamp},
        )
        made = objects.create(speaker.ports, target.tenant, wanted)
        hierarchy.link(speaker.ports, target.tenant, target.id, made.id, ChildKind.ADDITION)
        return

    def changed(present: ManagedObject) -> ManagedObject:
        if present.stamps.get(LIST, "") >= stamp:
            # A later one has come before this: it is what is installed.
            return present
        there = present.fragments.get(LIST)
        after = objects.merged(present, {LIST: change(list(there) if isinstance(there, list) else [])})
        return replace(after, stamps={**present.stamps, LIST: stamp})

    objects.update(speaker.ports, found.tenant, found.id, changed, seen=found)
