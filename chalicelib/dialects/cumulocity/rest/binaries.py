"""Files as managed objects (reference, "Binaries")."""

from dataclasses import replace
from functools import partial
from typing import Any

from chalicelib.dialects.cumulocity import reach
from chalicelib.dialects.cumulocity.objects import IS_BINARY
from chalicelib.dialects.cumulocity.rest import contents, files, links, listing, managed_objects, paging
from chalicelib.fleet.errors import AttachmentNotFound, Invalid, LimitReached, ObjectNotFound, TooLarge
from chalicelib.fleet.inventory import objects, removing
from chalicelib.fleet.inventory.managed_objects import ManagedObject
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.resources import attachments
from chalicelib.fleet.resources.attachments import Content
from chalicelib.fleet.resources.records import Attachment
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Route

PATH = ("inventory", "binaries")


def _view(request: Request, found: ManagedObject) -> dict[str, Any]:
    return {**managed_objects.view(request, found), "self": links.to(request, *PATH, found.id)}


def _create(ports: Ports, request: Request) -> Answer:
    content, told = files.read(request)
    told = {name: value for name, value in told.items() if name not in ("id", "self", "externalIds")}
    wanted = managed_objects.draft(request, {"name": content.name or None, **told, **_described(content)})
    attach = partial(_upload, ports, request, content)
    found = managed_objects.make(ports, request.tenant, replace(wanted, attach=attach))
    shown = _view(request, found)
    return contents.created(request, managed_objects.KIND, shown, shown["self"])


def _upload(ports: Ports, request: Request, content: Content, number: str) -> Attachment:
    return attachments.uploaded(ports, request.tenant, number, replace(content, name=content.name or number))


def _described(content: Content) -> dict[str, Any]:
    return {IS_BINARY: {}, "contentType": content.type, "length": len(content.body)}


def _list(ports: Ports, request: Request) -> Answer:
    asked = {**_NOTHING, **request.asked, "fragmentType": IS_BINARY}
    page = listing.page(ports, replace(request, asked=asked), lambda one: one.attachment is not None, *PATH)
    for one in page["managedObjects"]:
        one["self"] = links.to(request, *PATH, one["id"])
    return contents.found(request, listing.COLLECTION, page)


def _get(ports: Ports, request: Request) -> Answer:
    return files.answer(ports, request, lambda: reach.get(ports, request.by, request.path["id"]).attachment)


def _replace(ports: Ports, request: Request) -> Answer:
    number = request.path["id"]
    present = reach.get(ports, request.by, number)
    was = present.attachment
    content, _ = files.read(request, was.name if was is not None else number)

    def changed(found: ManagedObject) -> ManagedObject:
        return objects.merged(found, _described(content))

    after = attachments.put_in_object(ports, request.tenant, number, content, changed)
    shown = _view(request, after)
    return contents.created(request, managed_objects.KIND, shown, shown["self"])


def _delete(ports: Ports, request: Request) -> Answer:
    number = request.path["id"]
    if reach.get(ports, request.by, number).attachment is None:
        raise AttachmentNotFound(f"object {number} has no file")
    removing.delete(ports, request.tenant, number)
    return Answer()


_NOTHING: dict[str, Any] = {parameter.name: parameter.default for parameter in listing.PARAMETERS}
_CHOSEN = ("ids", "type", "owner", "text", *listing.CHILD)
_ALL, _ONE = "/inventory/binaries", "/inventory/binaries/{id}"
_READING, _WRITING = managed_objects.READING, managed_objects.WRITING
ROUTES = (
    Route(
        "GET",
        _ALL,
        _list,
        "What there is of files, without their contents",
        roles=_READING,
        devices=True,
        parameters=(*paging.PARAMETERS, *(one for one in listing.PARAMETERS if one.name in _CHOSEN)),
        failures=(Invalid, ObjectNotFound),
    ),
    Route(
        "POST",
        _ALL,
        _create,
        "Upload a file: a form with file and object",
        roles=_WRITING,
        devices=True,
        success=201,
        failures=(Invalid, TooLarge, LimitReached),
        **files.BODY,
    ),
    *files.routes(
        _ONE,
        ("A file", _get),
        ("Put another file in its place", _replace),
        ("Delete a file", _delete),
        roles=(_READING, _WRITING),
        absent=ObjectNotFound,
    ),
)
