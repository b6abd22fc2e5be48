"""What stands in an object of its children and parents (reference, "Managed objects")."""

from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib.dialects.cumulocity import objects as shapes
from chalicelib.dialects.cumulocity import reach
from chalicelib.dialects.cumulocity.elsewhere import Known
from chalicelib.dialects.cumulocity.rest import links
from chalicelib.fleet.inventory import hierarchy
from chalicelib.fleet.inventory.managed_objects import ChildKind, ManagedObject
from chalicelib.fleet.ports import Ports
from chalicelib.web.parameters import Kind, Parameter
from chalicelib.web.request import Request

MOST_SHOWN = 100
"""Children of a kind that stand in the object itself; all of them are at their own address."""
PATH = ("inventory", "managedObjects")


def parameters(*, children: bool) -> tuple[Parameter, ...]:
    """What of it is asked for; whether children are shown to who does not say."""
    return (
        Parameter("withChildren", Kind.BOOLEAN, default=children),
        Parameter("skipChildrenNames", Kind.BOOLEAN, default=False),
        Parameter("withChildrenCount", Kind.BOOLEAN, default=False),
        Parameter("withParents", Kind.BOOLEAN, default=False),
        Parameter("withGroups", Kind.BOOLEAN, default=False, explained="whose child asset it is"),
    )


def add(ports: Ports, request: Request, found: ManagedObject, shown: dict[str, Any]) -> dict[str, Any]:
    """The object as it is shown, with what the request asks for. What has no children, or parents, costs nothing."""
    asked = request.asked
    below = _below(ports, found) if asked["withChildren"] and found.height else {}
    for kind in ChildKind:
        name = shapes.CHILDREN[kind]
        if kind in below:
            named = not asked["skipChildrenNames"]
            shown[name]["references"] = _references(ports, request, found, name, below[kind], named=named)
        if asked["withChildrenCount"]:
            most = hierarchy.MOST_CHILDREN
            count = ports.objects.count_children(found.tenant, found.id, kind, most) if found.height else 0
            shown[name]["count"] = count
        if asked["withParents"] or (asked["withGroups"] and kind is ChildKind.ASSET):
            above = hierarchy.ancestors(ports, found, kind) if found.parents else ()
            name = shapes.PARENTS[kind]
            there = reach.some(ports, request.by, list(above))
            shown[name]["references"] = _references(ports, request, found, name, there, named=True)
    return shown


def _below(ports: Ports, found: ManagedObject) -> Mapping[ChildKind, Sequence[ManagedObject]]:
    """The first of each kind; where they are few, as is usual, they are all read at once."""
    tenant = found.tenant
    near = ports.objects.family(tenant, found.id, MOST_SHOWN)
    if near is None:
        pages = (ports.objects.children(tenant, found.id, kind, after=None, limit=MOST_SHOWN) for kind in ChildKind)
        near = [link for page in pages for link in page.items]
    there = {one.id: one for one in ports.objects.some(tenant, list(dict.fromkeys(link.child for link in near)))}
    return {kind: [there[k.child] for k in near if k.kind is kind and k.child in there] for kind in ChildKind}


def _references(
    ports: Ports, request: Request, found: ManagedObject, name: str, others: Sequence[ManagedObject], *, named: bool
) -> list[dict[str, Any]]:
    known = Known(ports, found.tenant, presence=False)
    if named:
        known.read(others)
    return [_reference(request, found, name, known.shown(one) if named else one, named=named) for one in others]


def _reference(
    request: Request, found: ManagedObject, name: str, other: ManagedObject, *, named: bool
) -> dict[str, Any]:
    shown = {"id": other.id, "self": links.to(request, *PATH, other.id)}
    if named and other.name is not None:
        shown["name"] = other.name
    return {"managedObject": shown, "self": links.to(request, *PATH, found.id, name, other.id)}
