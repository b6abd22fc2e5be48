"""Managed objects: made, read, changed and deleted (reference, "Managed objects")."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from chalicelib.dialects.cumulocity import (
    availability,
    device_groups,
    device_users,
    elsewhere,
    external_ids,
    naming,
    owners,
    reach,
    reported,
)
from chalicelib.dialects.cumulocity import objects as shapes
from chalicelib.dialects.cumulocity.elsewhere import Known
from chalicelib.dialects.cumulocity.rest import contents, links, processing, relatives
from chalicelib.fleet.access.callers import Caller
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.errors import (
    ExternalIdDuplicate,
    FleetError,
    Invalid,
    LimitReached,
    ObjectNotFound,
    TemporarilyUnavailable,
    UserNotFound,
)
from chalicelib.fleet.inventory import objects, promoting, removing
from chalicelib.fleet.inventory.managed_objects import GROUP, ChildKind, ManagedObject
from chalicelib.fleet.ports import Ports
from chalicelib.web.parameters import Kind as Typed
from chalicelib.web.parameters import Parameter
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Route

DIALECT, NAMESPACE = naming.DIALECT, naming.NAMESPACE
KIND, COLLECTION = "managedObject", "managedObjectCollection"
MOST_AT_ONCE = 50
"""Objects of one request."""
PATH = relatives.PATH
READING, WRITING = frozenset({Role.DEVICE_R}), frozenset({Role.DEVICE_W})
LARGEST = 1_000_000
"""Bytes of a document."""
_SERIAL = "c8y_Serial"


def shown(ports: Ports, request: Request, found: Sequence[ManagedObject]) -> list[dict[str, Any]]:
    """Objects with what the fleet knows of their devices."""
    known = Known(ports, request.tenant)
    known.read(found)
    return [view(request, known.shown(one)) for one in found]


def view(request: Request, found: ManagedObject) -> dict[str, Any]:
    return shapes.view(found, partial(links.to, request, *PATH, found.id))


def made(ports: Ports, request: Request, body: Mapping[str, Any]) -> ManagedObject:
    """A new object of the body; a device where it says so.

    Errors: Invalid, TooLarge, LimitReached, ExternalIdDuplicate, QuotaReached.
    """
    return make(ports, request.tenant, draft(request, body))


def draft(request: Request, body: Mapping[str, Any]) -> objects.Draft:
    """What the body says that an object is to be. Errors: Invalid."""
    wanted = objects.Draft(
        name=shapes.name_of(body),
        type=shapes.type_of(body),
        owner=owner(request.by),
        fragments={name: value for name, value in shapes.fragments_of(body).items() if value is not None},
        named=external_ids.inline(body),
        indexed=shapes.INDEXED,
    )
    objects.ensure_fragments(wanted.fragments)
    return wanted


def make(ports: Ports, tenant: str, wanted: objects.Draft) -> ManagedObject:
    """A new object; a device where it says so. Errors: as of `made`."""
    found = objects.create(ports, tenant, wanted)
    try:
        made = _device(ports, found, fresh=True)
    except FleetError:
        # What cannot be the device that it is to be is not there at all: the client makes it again.
        removing.delete(ports, tenant, found.id)
        raise
    availability.settle(ports, None, made)
    return made


def owner(caller: Caller) -> str:
    return owners.of(caller)


def _device(ports: Ports, found: ManagedObject, *, told: bool = False, fresh: bool = False) -> ManagedObject:
    """The object, which is a device from now on if it is to be one.

    Where it is `told` so, also one whose registration failed on the way, or was refused.
    """
    if shapes.IS_DEVICE not in found.fragments:
        return found
    if found.device is not None and not (told and objects.device_of(ports, found) is None):
        return found
    promoting.promote(ports, found.tenant, found.id, NAMESPACE, fresh=fresh)
    return objects.get(ports, found.tenant, found.id)


def _create(ports: Ports, request: Request) -> Answer:
    processing.ensure_stored(request)
    body = contents.read(request)
    if contents.kind_of(request).lower() == COLLECTION.lower() or isinstance(body.get("managedObjects"), list):
        return _create_some(ports, request, body.get("managedObjects"))
    with processing.applied(request):
        found = made(ports, request, body)
    device_groups.made(ports, [found])
    device_groups.registered(ports, request.by, [found])
    shown = view(request, found)
    return contents.created(request, KIND, shown, shown["self"])


def _create_some(ports: Ports, request: Request, several: Any) -> Answer:
    """All or none: where one cannot be made, those before it are removed."""
    if (
        not isinstance(several, list)
        or len(several) > MOST_AT_ONCE
        or not all(isinstance(one, dict) for one in several)
    ):
        raise Invalid(f"managedObjects is a list of at most {MOST_AT_ONCE} objects", "managedObjects")
    found: list[ManagedObject] = []
    drafts = [draft(request, one) for one in several]
    try:
        for wanted in drafts:
            found.append(make(ports, request.tenant, wanted))  # noqa: PERF401 - those before a failure are removed
    except FleetError:
        for one in found:
            removing.delete(ports, request.tenant, one.id)
        raise
    device_groups.made(ports, found)
    device_groups.registered(ports, request.by, found)
    itself = links.to(request, *PATH)
    body = {"self": itself, "managedObjects": [view(request, one) for one in found]}
    return contents.created(request, COLLECTION, body, itself)


def _get(ports: Ports, request: Request) -> Answer:
    found = reach.get(ports, request.by, request.path["id"])
    (body,) = shown(ports, request, [found])
    body |= reported.fragments(ports, found)
    return contents.found(request, KIND, relatives.add(ports, request, found, body))


def _update(ports: Ports, request: Request) -> Answer:
    processing.ensure_stored(request)
    body, number = contents.read(request), request.path["id"]
    with processing.applied(request):
        after = updated(ports, request, reach.get(ports, request.by, number), body)
    if not set(body) - {"id"}:
        processing.heard(ports, request, [after])
        return contents.changed(request, KIND, {"id": number})
    return contents.changed(request, KIND, shown(ports, request, [after])[0])


def updated(ports: Ports, request: Request, present: ManagedObject, body: Mapping[str, Any]) -> ManagedObject:
    """The object with what the body says. Errors: ObjectNotFound, Invalid, TooLarge, LimitReached."""
    sent = shapes.fragments_of(body)
    name, type_ = shapes.name_of(body), shapes.type_of(body)

    def changed(found: ManagedObject) -> ManagedObject:
        if found.origin == GROUP:
            kept = {key: value for key, value in sent.items() if key != shapes.IS_GROUP}
            return replace(objects.merged(found, kept), name=name or found.name)
        if found.origin:
            return objects.merged(found, {key: value for key, value in sent.items() if key not in elsewhere.COMPUTED})
        ours = shapes.OF_FILE if found.attachment is not None else ()
        merged = objects.merged(found, {key: value for key, value in sent.items() if key not in ours})
        return replace(merged, name=name or found.name, type=type_ or found.type)

    # What may be refused goes first; whoever sends it again after a failure between both writes the same.
    elsewhere.change(ports, present, {**sent, **({"name": name} if name else {})})
    before, after = objects.update(ports, request.tenant, present.id, changed, seen=present)
    after = _device(ports, after, told=shapes.IS_DEVICE in sent)
    device_groups.changed(ports, before, after)
    availability.settle(ports, before, after)
    return after


def _delete(ports: Ports, request: Request) -> Answer:
    found = reach.get(ports, request.by, request.path["id"])
    cascade = frozenset(ChildKind) if request.asked["cascade"] or request.asked["forceCascade"] else removing.NOBODY
    if device_groups.is_group(found):
        gone = device_groups.delete(ports, found, cascade)
    else:
        gone = removing.delete(ports, request.tenant, found.id, cascade, data=True)
    if request.asked["withDeviceUser"] and gone.owner:
        # The owner may be a person, or an object of the same device may have taken the user along already.
        with suppress(UserNotFound):
            device_users.delete(ports, request.tenant, gone.owner)
    return Answer()


def _availability(ports: Ports, request: Request) -> Answer:
    """Errors: ObjectNotFound, also of one that nobody demands to hear."""
    found = reach.get(ports, request.by, request.path["id"])
    known = Known(ports, request.tenant)
    known.read([found])
    fragments, interval = known.shown(found).fragments, availability.required(found)
    if interval is None or availability.AVAILABILITY not in fragments:
        raise ObjectNotFound(f"object {found.id} is not to be heard within any interval")
    told = dict(fragments[availability.AVAILABILITY])
    status = {"dataStatus": told.pop("status"), "connectionStatus": fragments[availability.CONNECTION]["status"]}
    names = {name.type: name.value for name in ports.objects.names(found.tenant, found.id)}
    external = {"externalId": names[_SERIAL]} if _SERIAL in names else {}
    shown = {"deviceId": found.id, **external, "interval": int(interval), **told, **status}
    return contents.found(request, "availability", shown)


_ONE = "/inventory/managedObjects/{id}"
ROUTES = (
    Route(
        "POST",
        "/inventory/managedObjects",
        _create,
        "Make a managed object",
        roles=WRITING,
        devices=True,
        success=201,
        schema=contents.OBJECT,
        reads=contents.ANYTHING,
        max_body=LARGEST,
        failures=(Invalid, LimitReached, ExternalIdDuplicate),
    ),
    Route(
        "GET",
        _ONE,
        _get,
        "A managed object",
        roles=READING,
        devices=True,
        parameters=relatives.parameters(children=True),
        failures=(ObjectNotFound,),
    ),
    Route(
        "GET",
        f"{_ONE}/availability",
        _availability,
        "Whether a device was heard as often as it is to be",
        roles=READING,
        devices=True,
        failures=(ObjectNotFound,),
    ),
    Route(
        "PUT",
        _ONE,
        _update,
        "Change a managed object: properties are put in the place of those of the same name, null takes one away",
        roles=WRITING,
        devices=True,
        schema=contents.OBJECT,
        reads=contents.ANYTHING,
        max_body=LARGEST,
        failures=(Invalid, ObjectNotFound, TemporarilyUnavailable),
    ),
    Route(
        "DELETE",
        _ONE,
        _delete,
        "Delete a managed object",
        roles=WRITING,
        devices=True,
        success=204,
        parameters=(
            Parameter("cascade", Typed.BOOLEAN, default=False, explained="with what is below a group"),
            Parameter("forceCascade", Typed.BOOLEAN, default=False, explained="with everything below"),
            Parameter("withDeviceUser", Typed.BOOLEAN, default=False, explained="with the user that the device was"),
        ),
        failures=(ObjectNotFound, TemporarilyUnavailable),
    ),
)
