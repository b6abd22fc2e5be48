"""What is below a managed object: child devices, assets and additions (reference, "Child operations")."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from operator import itemgetter
from typing import Any

from chalicelib.dialects.cumulocity import device_groups, reach
from chalicelib.dialects.cumulocity import objects as shapes
from chalicelib.dialects.cumulocity.rest import contents, links, lists, managed_objects, paging
from chalicelib.fleet.errors import Circular, FleetError, Invalid, LimitReached, ObjectNotFound
from chalicelib.fleet.inventory import hierarchy, objects, removing
from chalicelib.fleet.inventory.managed_objects import ChildKind, Link, ManagedObject
from chalicelib.fleet.ports import Page, Ports
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Route

KIND, COLLECTION = "managedObjectReference", "managedObjectReferenceCollection"
_PAGE = 100
MOST_AT_ONCE = 100
"""References of one request."""


def references(
    ports: Ports, request: Request, parent: str, kind: ChildKind, children: Sequence[ManagedObject]
) -> list[dict[str, Any]]:
    itself = partial(links.to, request, *managed_objects.PATH, parent, shapes.CHILDREN[kind])
    shown = managed_objects.shown(ports, request, children)
    return [{"managedObject": one, "self": itself(one["id"])} for one in shown]


def _children(kind: ChildKind, ports: Ports, request: Request) -> Answer:
    parent, asked = request.path["id"], paging.wanted(request)
    reach.ensure_number(ports, request.by, parent)
    path = (*managed_objects.PATH, parent, shapes.CHILDREN[kind])
    walk = partial(_walked, ports, request.tenant, parent, kind, min(asked.size, _PAGE))
    found = lists.items(ports, request, asked, walk, itemgetter(0), path)
    shown = references(ports, request, parent, kind, [child for _, child in found])
    total = None
    if asked.pages or asked.elements:
        total = ports.objects.count_children(request.tenant, parent, kind, hierarchy.MOST_CHILDREN)
    return contents.found(request, COLLECTION, paging.body(request, "references", shown, asked, total, *path))


def _walked(
    ports: Ports, tenant: str, parent: str, kind: ChildKind, size: int, after: str | None
) -> Iterator[tuple[str, ManagedObject]]:
    """Children in order of joining, each with what tells its place in that."""
    objects.get(ports, tenant, parent)

    def read(last: str | None) -> Page[Link]:
        return ports.objects.children(tenant, parent, kind, after=last, limit=size)

    for links_ in paging.pages(read, after):
        there = {child.id: child for child in ports.objects.some(tenant, [link.child for link in links_])}
        yield from ((link.order, there[link.child]) for link in links_ if link.child in there)


def _add(kind: ChildKind, ports: Ports, request: Request) -> Answer:
    """One reference, several of them, or a whole object that is made on the way."""
    body, parent = contents.read(request), request.path["id"]
    over = reach.get(ports, request.by, parent)
    several, made = body.get("references"), False
    if isinstance(several, list):
        if len(several) > MOST_AT_ONCE:
            raise Invalid(f"at most {MOST_AT_ONCE} references at once", "references")
        children = [_named(ports, request, one) for one in several]
    elif "managedObject" in body or contents.kind_of(request) == KIND:
        children = [_named(ports, request, body)]
    else:
        children, made = [managed_objects.made(ports, request, body)], True
    _link(ports, parent, children, kind, made=made)
    device_groups.made(ports, children if made else ())
    if kind is ChildKind.ASSET and device_groups.is_group(over):
        device_groups.moved(ports, over, children)
    shown = references(ports, request, parent, kind, children)
    if isinstance(several, list):
        itself = links.to(request, *managed_objects.PATH, parent, shapes.CHILDREN[kind])
        return contents.created(request, COLLECTION, {"self": itself, "references": shown}, itself)
    if "managedObject" in body or contents.kind_of(request) == KIND:
        return contents.created(request, KIND, shown[0], shown[0]["self"])
    whole = managed_objects.view(request, children[0])
    return contents.created(request, managed_objects.KIND, whole, whole["self"])


def _link(ports: Ports, parent: str, children: Sequence[ManagedObject], kind: ChildKind, *, made: bool) -> None:
    """All or none: where one cannot be a child, those before it are none either, and what was `made` for it goes.

    Errors: ObjectNotFound, Circular, LimitReached.
    """
    joined: list[ManagedObject] = []
    try:
        for child in children:
            if hierarchy.link(ports, child.tenant, parent, child.id, kind):
                joined.append(child)  # noqa: PERF401 - those before a failure are parted
    except FleetError:
        # The parent itself may have gone meanwhile, and then nothing is left to part from.
        with suppress(ObjectNotFound):
            for child in joined:
                hierarchy.unlink(ports, child.tenant, parent, child.id, kind)
        for child in children if made else ():
            removing.delete(ports, child.tenant, child.id)
        raise


def _named(ports: Ports, request: Request, body: Any) -> ManagedObject:
    """The object of a reference, by its id or by its address. Errors: Invalid, ObjectNotFound."""
    inner = body.get("managedObject") if isinstance(body, dict) else None
    if not isinstance(inner, dict):
        raise Invalid("a reference has a managedObject", "managedObject")
    number = inner.get("id") or str(inner.get("self") or "").rstrip("/").rpartition("/")[2]
    if not number:
        raise Invalid("a reference has the id or the address of a managed object", "managedObject")
    return reach.get(ports, request.by, str(number))


def _get(kind: ChildKind, ports: Ports, request: Request) -> Answer:
    parent, number = request.path["id"], request.path["childId"]
    reach.ensure_number(ports, request.by, parent)
    child = hierarchy.ensure_child(ports, request.tenant, parent, number, kind)
    return contents.found(request, KIND, references(ports, request, parent, kind, [child])[0])


def _remove(kind: ChildKind, ports: Ports, request: Request) -> Answer:
    parent, number = request.path["id"], request.path["childId"]
    reach.ensure_number(ports, request.by, parent)
    hierarchy.ensure_child(ports, request.tenant, parent, number, kind)
    hierarchy.unlink(ports, request.tenant, parent, number, kind)
    _parted(ports, request, parent, [number], kind)
    return Answer()


def _remove_some(kind: ChildKind, ports: Ports, request: Request) -> Answer:
    """Those that the body refers to; one that is no child is none afterwards either."""
    parent, several = request.path["id"], contents.read(request).get("references")
    if not isinstance(several, list) or len(several) > MOST_AT_ONCE:
        raise Invalid(f"references is a list of at most {MOST_AT_ONCE}", "references")
    reach.ensure_number(ports, request.by, parent)
    numbers = [_named(ports, request, one).id for one in several]
    for number in numbers:
        hierarchy.unlink(ports, request.tenant, parent, number, kind)
    _parted(ports, request, parent, numbers, kind)
    return Answer()


def _parted(ports: Ports, request: Request, parent: str, children: Sequence[str], kind: ChildKind) -> None:
    if kind is ChildKind.ASSET:
        device_groups.moved_by(ports, request.tenant, parent, children)


def _routes(kind: ChildKind) -> tuple[Route, ...]:
    path = f"/inventory/managedObjects/{{id}}/{shapes.CHILDREN[kind]}"
    reading, writing = managed_objects.READING, managed_objects.WRITING
    return (
        Route(
            "GET",
            path,
            partial(_children, kind),
            f"Child {kind}s of an object",
            roles=reading,
            devices=True,
            parameters=paging.PARAMETERS,
            failures=(ObjectNotFound, Invalid),
        ),
        Route(
            "POST",
            path,
            partial(_add, kind),
            f"Make objects child {kind}s of an object",
            roles=writing,
            devices=True,
            success=201,
            schema=contents.OBJECT,
            reads=contents.ANYTHING,
            max_body=managed_objects.LARGEST,
            failures=(ObjectNotFound, Invalid, Circular, LimitReached),
        ),
        Route(
            "DELETE",
            path,
            partial(_remove_some, kind),
            f"Take child {kind}s away from an object; all stay",
            roles=writing,
            devices=True,
            success=204,
            schema=contents.OBJECT,
            reads=contents.ANYTHING,
            failures=(ObjectNotFound, Invalid),
        ),
        Route(
            "GET",
            f"{path}/{{childId}}",
            partial(_get, kind),
            f"A child {kind} of an object",
            roles=reading,
            devices=True,
            failures=(ObjectNotFound,),
        ),
        Route(
            "DELETE",
            f"{path}/{{childId}}",
            partial(_remove, kind),
            f"Take a child {kind} away from an object; both stay",
            roles=writing,
            devices=True,
            success=204,
            failures=(ObjectNotFound,),
        ),
    )


ROUTES = tuple(route for kind in ChildKind for route in _routes(kind))
