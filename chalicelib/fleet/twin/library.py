"""The public definitions of a stage: those that it is shipped with, and those that its operator added."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

from chalicelib.fleet.documents import Record
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.shapes import Kind
from chalicelib.fleet.twin.definitions import ObjectDefinition, ResourceDefinition
from chalicelib.fleet.twin.public import public_objects

KIND = "twin/object"
OBJECT = Kind(ObjectDefinition, frozenset({"resources"}))
RESOURCE = Kind(ResourceDefinition)
EVERYBODY = "*"
"""Stands where a tenant does: no tenant's id looks so."""

_PAGE = 100


class Outcome(StrEnum):
    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


def publish(ports: Ports, definition: ObjectDefinition) -> Outcome:
    """Let every tenant see a definition; a version that is there already is replaced."""
    record = record_of(EVERYBODY, definition)
    shipped = next((each for each in public_objects() if _key(each) == _key(definition)), None)
    while not ports.records.create(record):
        known = ports.records.get(EVERYBODY, KIND, record.id)
        if known is not None and known.body == record.body:
            return Outcome.UNCHANGED
        # two operators may import at once: whoever comes second looks again at what the first has left
        if known is not None and ports.records.replace(known, record):
            return Outcome.CHANGED
    return Outcome.ADDED if shipped is None else Outcome.CHANGED


def published(ports: Ports) -> list[ObjectDefinition]:
    """What every tenant sees, in order: an added version stands in place of the shipped one."""
    found = {_key(each): each for each in public_objects()}
    found |= {_key(each): each for each in _added(ports)}
    return [found[key] for key in sorted(found)]


def _added(ports: Ports) -> Iterator[ObjectDefinition]:
    after: str | None = None
    while True:
        page = ports.records.page(EVERYBODY, KIND, after=after, limit=_PAGE)
        yield from (definition_of(record.body) for record in page.items)
        after = page.cursor
        if after is None:
            return


def _key(definition: ObjectDefinition) -> tuple[int, tuple[int, ...]]:
    return definition.id, definition.order


def record_of(tenant: str, definition: ObjectDefinition) -> Record:
    """Records are in order of objects."""
    return Record(tenant, KIND, f"{definition.id:05}:{definition.version}", body_of(definition))


def body_of(definition: ObjectDefinition) -> dict[str, Any]:
    """As JSON, to be kept."""
    resources = [RESOURCE.body(each) for _, each in sorted(definition.resources.items())]
    return {**OBJECT.body(definition), "resources": resources}


def definition_of(body: Mapping[str, Any]) -> ObjectDefinition:
    resources = [RESOURCE.read(each) for each in body["resources"]]
    of_itself = {name: value for name, value in body.items() if name != "resources"}
    return OBJECT.read(of_itself, resources={each.id: each for each in resources})
