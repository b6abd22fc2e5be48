"""External ids of managed objects (reference, "Identity")."""

from typing import Any

from chalicelib.dialects.cumulocity import elsewhere, external_ids, reach
from chalicelib.dialects.cumulocity.rest import contents, links, managed_objects
from chalicelib.fleet.errors import (
    ExternalIdDuplicate,
    ExternalIdNotFound,
    Forbidden,
    Invalid,
    LimitReached,
    ObjectNotFound,
)
from chalicelib.fleet.inventory import objects
from chalicelib.fleet.inventory.managed_objects import ExternalId
from chalicelib.fleet.ports import Ports
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Route

KIND, COLLECTION = "externalId", "externalIdCollection"
MOST_SOUGHT = 100
"""External ids of one search."""


def _view(request: Request, external: ExternalId) -> dict[str, Any]:
    return {
        "externalId": external.value,
        "type": external.type,
        "managedObject": {
            "id": external.object,
            "self": links.to(request, *managed_objects.PATH, external.object),
        },
        "self": links.to(request, "identity", "externalIds", external.type, external.value),
    }


def _collection(request: Request, found: list[ExternalId], *path: str) -> Answer:
    body = {"self": links.to(request, *path), "externalIds": [_view(request, one) for one in found]}
    return contents.found(request, COLLECTION, body)


def _names(ports: Ports, request: Request) -> Answer:
    number = request.path["id"]
    found = elsewhere.names(ports, reach.get(ports, request.by, number))
    return _collection(request, found, "identity", "globalIds", number, "externalIds")


def _name(ports: Ports, request: Request) -> Answer:
    type_, value = external_ids.given(contents.read(request))
    reach.ensure_number(ports, request.by, request.path["id"])
    external = objects.name(ports, request.tenant, request.path["id"], type_, value)
    shown = _view(request, external)
    return contents.created(request, KIND, shown, shown["self"])


def _get(ports: Ports, request: Request) -> Answer:
    type_, value = request.path["type"], request.path["externalId"]
    return contents.found(request, KIND, _view(request, _found(ports, request, type_, value)))


def _found(ports: Ports, request: Request, type_: str, value: str) -> ExternalId:
    """Errors: ExternalIdNotFound, Forbidden."""
    tenant = request.tenant
    found = elsewhere.named(ports, tenant, type_, value) or objects.named(ports, tenant, type_, value)
    return ExternalId(tenant, type_, value, reach.ensure(ports, request.by, found).id)


def _unname(ports: Ports, request: Request) -> Answer:
    if reach.bounded(request.by):
        _found(ports, request, request.path["type"], request.path["externalId"])
    objects.unname(ports, request.tenant, request.path["type"], request.path["externalId"])
    return Answer()


def _search(ports: Ports, request: Request) -> Answer:
    body = contents.read(request)
    sought = body.get("externalIds")
    if not isinstance(sought, list) or len(sought) > MOST_SOUGHT:
        raise Invalid(f"externalIds is a list of at most {MOST_SOUGHT}", "externalIds")
    found = []
    for type_, value in dict.fromkeys(external_ids.read(one) for one in sought):
        try:
            found.append(_found(ports, request, type_, value))
        except (ExternalIdNotFound, Forbidden):
            continue
    return _collection(request, found, "identity", "search")


_OF_OBJECT = "/identity/globalIds/{id}/externalIds"
_ONE = "/identity/externalIds/{type}/{externalId}"
_READING, _WRITING = managed_objects.READING, managed_objects.WRITING
ROUTES = (
    Route(
        "GET", _OF_OBJECT, _names, "External ids of an object", roles=_READING, devices=True, failures=(ObjectNotFound,)
    ),
    Route(
        "POST",
        _OF_OBJECT,
        _name,
        "Give an object one external id more",
        roles=_WRITING,
        devices=True,
        success=201,
        schema=contents.OBJECT,
        reads=contents.ANYTHING,
        failures=(ObjectNotFound, Invalid, ExternalIdDuplicate, LimitReached),
    ),
    Route(
        "GET",
        _ONE,
        _get,
        "The object with an external id",
        roles=_READING,
        devices=True,
        failures=(ExternalIdNotFound,),
    ),
    Route(
        "DELETE",
        _ONE,
        _unname,
        "Take an external id away",
        roles=_WRITING,
        devices=True,
        success=204,
        failures=(ExternalIdNotFound,),
    ),
    Route(
        "POST",
        "/identity/search",
        _search,
        "The objects with any of some external ids",
        roles=_READING,
        devices=True,
        schema=contents.OBJECT,
        reads=contents.ANYTHING,
        failures=(Invalid,),
    ),
)
