"""Several managed objects at once: changed all or none (reference, "Managed objects")."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from chalicelib.dialects.cumulocity import objects as shapes
from chalicelib.dialects.cumulocity import reach
from chalicelib.dialects.cumulocity.errors import Missing
from chalicelib.dialects.cumulocity.rest import contents, links, managed_objects, processing
from chalicelib.fleet.errors import FleetError, Invalid, ObjectNotFound
from chalicelib.fleet.inventory import objects
from chalicelib.fleet.inventory.managed_objects import ManagedObject
from chalicelib.fleet.ports import Ports
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Route


def _update_some(ports: Ports, request: Request) -> Answer:
    """Where one cannot be changed, those before it become again what they were."""
    processing.ensure_stored(request)
    wanted = _wanted(contents.read(request))
    # What is refused of any is refused before any is changed.
    present = {number: reach.get(ports, request.by, number) for number in wanted}
    for body in wanted.values():
        shapes.name_of(body)
        shapes.type_of(body)
        objects.ensure_fragments(shapes.fragments_of(body))
    after: list[ManagedObject] = []
    try:
        for number, body in wanted.items():
            after.append(managed_objects.updated(ports, request, present[number], body))
    except FleetError:
        for one in after:
            _undo(ports, present[one.id], wanted[one.id])
        raise
    itself = links.to(request, *managed_objects.PATH)
    shown = managed_objects.shown(ports, request, after)
    statistics = {"currentPage": 1, "pageSize": len(shown)}
    body = {"self": itself, "managedObjects": shown, "statistics": statistics}
    return contents.changed(request, managed_objects.COLLECTION, body)


def _wanted(body: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """What is to be changed, by the object's id. Errors: Invalid, Missing."""
    several = body.get("managedObjects")
    most = managed_objects.MOST_AT_ONCE
    if not isinstance(several, list) or len(several) > most or not all(isinstance(one, dict) for one in several):
        raise Invalid(f"managedObjects is a list of at most {most} objects", "managedObjects")
    found: dict[str, Mapping[str, Any]] = {}
    for one in several:
        number = one.get("id")
        if not isinstance(number, str | int) or isinstance(number, bool) or number == "":
            raise Missing("id")
        if str(number) in found:
            raise Invalid(f"object {str(number)[:64]} is there twice", "managedObjects")
        found[str(number)] = one
    return found


def _undo(ports: Ports, was: ManagedObject, said: Mapping[str, Any]) -> None:
    """What somebody else wrote beside it stays."""
    names = shapes.fragments_of(said)

    def changed(found: ManagedObject) -> ManagedObject:
        before = objects.merged(found, {name: was.fragments.get(name) for name in names})
        return replace(before, name=was.name, type=was.type)

    # Deleted meanwhile: then there is nothing to undo.
    with suppress(ObjectNotFound):
        objects.update(ports, was.tenant, was.id, changed)


ROUTES = (
    Route(
        "PUT",
        "/inventory/managedObjects",
        _update_some,
        "Change several managed objects, all or none",
        roles=managed_objects.WRITING,
        devices=True,
        schema=contents.OBJECT,
        reads=contents.ANYTHING,
        max_body=managed_objects.LARGEST,
        failures=(Invalid, ObjectNotFound),
    ),
)
