"""Managed objects: made, read, changed and deleted (reference, "Managed objects")."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from chalicelib.dialects.cumulocity import elsewhere
from chalicelib.dialects.cumulocity import objects as shapes
from chalicelib.dialects.cumulocity.elsewhere import Known
from chalicelib.dialects.cumulocity.rest import contents, links, relatives
from chalicelib.fleet.access.callers import Caller, Kind
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.errors import Invalid, LimitReached, ObjectNotFound
from chalicelib.fleet.inventory import objects, promoting, removing
from chalicelib.fleet.inventory.managed_objects import ChildKind, ManagedObject
from chalicelib.fleet.ports import Ports
from chalicelib.web.parameters import Kind as Typed
from chalicelib.web.parameters import Parameter
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Route

DIALECT = "cumulocity"
NAMESPACE = "c8y"
"""Of the ids of devices that came in by this API."""
KIND = "managedObject"
PATH = relatives.PATH
READING, WRITING = frozenset({Role.DEVICE_R}), frozenset({Role.DEVICE_W})
LARGEST = 1_000_000
"""Bytes of a document."""


def shown(ports: Ports, request: Request, found: Sequence[ManagedObject]) -> list[dict[str, Any]]:
    """Objects with what the fleet knows of their devices."""
    known = Known(ports, request.tenant)
    known.read(found)
    return [view(request, known.shown(one)) for one in found]


def view(request: Request, found: ManagedObject) -> dict[str, Any]:
    return shapes.view(found, partial(links.to, request, *PATH, found.id))


def made(ports: Ports, request: Request, body: Mapping[str, Any]) -> ManagedObject:
    """A new object of the body; a device where it says so. Errors: Invalid, TooLarge, LimitReached."""
    draft = objects.Draft(
        name=shapes.name_of(body),
        type=shapes.type_of(body),
        owner=owner(request.by),
        fragments={name: value for name, value in shapes.fragments_of(body).items() if value is not None},
        indexed=shapes.INDEXED,
    )
    return _device(ports, objects.create(ports, request.tenant, draft))


def owner(caller: Caller) -> str:
    if caller.kind is Kind.USER and caller.user is not None:
        return caller.user
    return caller.name or shapes.HOLDER


def _device(ports: Ports, found: ManagedObject) -> ManagedObject:
    """The object, which is a device from now on if it is to be one."""
    if shapes.IS_DEVICE not in found.fragments or found.device is not None:
        return found
    promoting.promote(ports, found.tenant, found.id, NAMESPACE)
    return objects.get(ports, found.tenant, found.id)


def _create(ports: Ports, request: Request) -> Answer:
    found = made(ports, request, contents.read(request))
    shown = view(request, found)
    return contents.created(request, KIND, shown, shown["self"])


def _get(ports: Ports, request: Request) -> Answer:
    found = objects.get(ports, request.tenant, request.path["id"])
    (body,) = shown(ports, request, [found])
    return contents.found(request, KIND, relatives.add(ports, request, found, body))


def _update(ports: Ports, request: Request) -> Answer:
    body = contents.read(request)
    number = request.path["id"]
    sent = shapes.fragments_of(body)
    name, type_ = shapes.name_of(body), shapes.type_of(body)

    def changed(found: ManagedObject) -> ManagedObject:
        if found.origin:
            return objects.merged(found, {key: value for key, value in sent.items() if key not in elsewhere.COMPUTED})
        merged = objects.merged(found, sent)
        return replace(merged, name=name or found.name, type=type_ or found.type)

    # What may be refused goes first; whoever sends it again after a failure between both writes the same.
    elsewhere.change(ports, objects.get(ports, request.tenant, number), {**sent, **({"name": name} if name else {})})
    _, after = objects.update(ports, request.tenant, number, changed)
    after = _device(ports, after)
    if not set(body) - {"id"}:
        return contents.changed(request, KIND, {"id": number})
    return contents.changed(request, KIND, shown(ports, request, [after])[0])


def _delete(ports: Ports, request: Request) -> Answer:
    cascade = frozenset(ChildKind) if request.asked["cascade"] or request.asked["forceCascade"] else removing.NOBODY
    removing.delete(ports, request.tenant, request.path["id"], cascade, data=True)
    return Answer()


_ONE = "/inventory/managedObjects/{id}"
ROUTES = (
    Route(
        "POST",
        "/inventory/managedObjects",
        _create,
        "Make a managed object",
        roles=WRITING,
        success=201,
        schema=contents.OBJECT,
        reads=contents.ANYTHING,
        max_body=LARGEST,
        failures=(Invalid, LimitReached),
    ),
    Route(
        "GET",
        _ONE,
        _get,
        "A managed object",
        roles=READING,
        parameters=relatives.parameters(children=True),
        failures=(ObjectNotFound,),
    ),
    Route(
        "PUT",
        _ONE,
        _update,
        "Change a managed object: properties are put in the place of those of the same name, null takes one away",
        roles=WRITING,
        schema=contents.OBJECT,
        reads=contents.ANYTHING,
        max_body=LARGEST,
        failures=(Invalid, ObjectNotFound),
    ),
    Route(
        "DELETE",
        _ONE,
        _delete,
        "Delete a managed object",
        roles=WRITING,
        success=204,
        parameters=(
            Parameter("cascade", Typed.BOOLEAN, default=False, explained="with what is below a group"),
            Parameter("forceCascade", Typed.BOOLEAN, default=False, explained="with everything below"),
        ),
        failures=(ObjectNotFound,),
    ),
)
