"""Lists of managed objects: by type, fragment, owner, words, query, ids or children (reference, "Managed objects")."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from operator import itemgetter
from typing import Any

from chalicelib.dialects.cumulocity import elsewhere, queries, reach, selecting
from chalicelib.dialects.cumulocity.elsewhere import Known
from chalicelib.dialects.cumulocity.rest import contents, cursors, lists, managed_objects, paging, relatives
from chalicelib.dialects.cumulocity.selecting import Hierarchy, Selection
from chalicelib.fleet import ids
from chalicelib.fleet.errors import Invalid, LimitReached
from chalicelib.fleet.inventory import finding
from chalicelib.fleet.inventory.managed_objects import ChildKind, ManagedObject, ObjectFacet
from chalicelib.fleet.ports import Page, Ports
from chalicelib.web.parameters import Kind, Parameter
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Route

COLLECTION = "managedObjectCollection"
MOST_IDS = 200
_PAGE = 100
_INDEXED = "filter by type, fragmentType, owner or name, which have an index"
CHILD = {"childDeviceId": ChildKind.DEVICE, "childAssetId": ChildKind.ASSET, "childAdditionId": ChildKind.ADDITION}
Found = Iterator[ManagedObject]


def _list(ports: Ports, request: Request) -> Answer:
    return contents.found(request, COLLECTION, page(ports, request, lambda _: True, *managed_objects.PATH))


def page(ports: Ports, request: Request, meant: Callable[[ManagedObject], bool], *path: str) -> dict[str, Any]:
    """The page that is asked for of the objects that are `meant`. Errors: Invalid, ObjectNotFound."""
    asked = paging.wanted(request)

    def walk(after: str | None) -> Found:
        return filter(meant, _found(ports, request, after))

    try:
        if _by_number(request):
            found = lists.items(ports, request, asked, walk, lambda one: one.id, path)
        else:
            cursors.ensure_near(asked)
            found = list(islice(walk(None), asked.skipped, asked.skipped + asked.size))
        total = lists.counted(walk) if asked.pages or asked.elements else None
    except LimitReached as error:
        raise Invalid(f"{error}: {_INDEXED}", "query") from None
    pairs = zip(found, managed_objects.shown(ports, request, found), strict=True)
    shown = [relatives.add(ports, request, one, body) for one, body in pairs]
    return paging.body(request, "managedObjects", shown, asked, total, *path)


def _count(ports: Ports, request: Request) -> Answer:
    """The number alone."""
    try:
        total = lists.counted(partial(_found, ports, request))
    except LimitReached as error:
        raise Invalid(f"{error}: {_INDEXED}", "query") from None
    if total is None:
        raise Invalid(f"more than {lists.MOST_COUNTED} objects would have to be counted: {_INDEXED}", "query")
    return Answer(total)


def _by_number(request: Request) -> bool:
    """Whether they come by their numbers, read as they are asked for, so that one can go on after any of them."""
    given = request.asked
    if given["ids"] or any(given[name] for name in CHILD) or reach.bounded(request.by):
        return False
    order = _selection(request).order
    return not order or order[0][0] == ("id",)


def _found(ports: Ports, request: Request, after: str | None) -> Found:
    """All that is meant, one after the other, read as it is asked for; `after` one where they come by their numbers."""
    given = request.asked
    if given["ids"]:
        return iter(reach.some(ports, request.by, _some(ports, request, given["ids"])))
    for name, kind in CHILD.items():
        if given[name]:
            reach.get(ports, request.by, given[name])
            links = [link.parent for link in ports.objects.parents(request.tenant, given[name]) if link.kind is kind]
            return iter(reach.some(ports, request.by, ports.objects.some(request.tenant, links)))
    selection, known = _selection(request), Known(ports, request.tenant, presence=_presence(request))
    condition = _words(ports, request, known)

    def shown(found: ManagedObject) -> dict[str, Any]:
        return managed_objects.view(request, known.shown(found))

    meant = selecting.wanted(selection, Hierarchy(ports, request.tenant), shown)
    if reach.bounded(request.by):
        return iter(_own(ports, request, selection, lambda one: meant(one) and condition(one), shown))
    if not _by_number(request):
        every = finding.every(
            ports, request.tenant, selection.chosen, lambda one: meant(one) and condition(one), ahead=known.read
        )
        return iter(_sorted(every, selection, shown))
    ahead = known.read if selection.filtered or given["text"] else None
    looked_at_once = _PAGE if ahead is not None or given["onlyRoots"] else _needed(request, after)

    def read(last: str | None) -> Page[ManagedObject]:
        return finding.page(
            ports,
            request.tenant,
            selection.chosen,
            lambda one: meant(one) and condition(one),
            after=last,
            limit=looked_at_once,
            ahead=ahead,
            descending=bool(selection.order) and selection.order[0][1],
        )

    return paging.walked(read, after)


def _needed(request: Request, after: str | None) -> int:
    """How many objects there have to be read at once where all that are read are meant."""
    if "pageSize" not in request.asked:
        return _PAGE
    asked = paging.wanted(request)
    return min(asked.size if after is not None else asked.skipped + asked.size, _PAGE)


def _own(
    ports: Ports, request: Request, selection: Selection, wanted: finding.Wanted, shown: selecting.Shown
) -> list[ManagedObject]:
    """Of a device that asks: what it reaches is few, and no index leads to what is below its own objects."""
    chosen = selection.chosen
    every = (one for one in reach.every(ports, request.by) if any(way.holds(one) for way in chosen))
    found = [one for one in every if wanted(one)]
    if not selection.order:
        return found
    if selection.order[0][0] == ("id",):
        return found[::-1] if selection.order[0][1] else found
    return _sorted(found, selection, shown)


def _presence(request: Request) -> bool:
    """Whether a condition asks for it: it is read apart."""
    asked = " ".join((request.asked["query"] or request.asked["q"], request.asked["fragmentType"]))
    return any(name in asked for name in elsewhere.PRESENCE)


def _some(ports: Ports, request: Request, asked: list[str]) -> list[ManagedObject]:
    if len(asked) > MOST_IDS:
        raise Invalid(f"at most {MOST_IDS} ids at once", "ids")
    # What is no number may be longer than a key can be.
    return ports.objects.some(request.tenant, [number for number in dict.fromkeys(asked) if ids.is_number(number)])


def _selection(request: Request) -> Selection:
    given = request.asked
    if given["query"] or given["q"]:
        return selecting.of_query(given["query"] or given["q"], devices=not given["query"])
    parts: list[queries.Condition] = [
        queries.Comparison((name,), "eq", given[name]) for name in ("type", "owner") if given[name]
    ]
    if given["fragmentType"]:
        parts.append(queries.Has((given["fragmentType"],)))
    if given["onlyRoots"] and not parts:
        return Selection((finding.Chosen(ObjectFacet.ROOT),))
    return selecting.of_condition(queries.Every(tuple(parts)) if len(parts) > 1 else next(iter(parts), None))


def _words(ports: Ports, request: Request, known: Known) -> Callable[[ManagedObject], bool]:
    """What an object has to say beside, and whether it may have parents."""
    text, roots = request.asked["text"], request.asked["onlyRoots"]

    def holds(found: ManagedObject) -> bool:
        if roots and found.parents:
            return False
        if not text:
            return True
        names = [external.value for external in ports.objects.names(found.tenant, found.id)]
        return finding.says(known.shown(found), [*names, *known.names(found)], text)

    return holds


def _sorted(found: list[ManagedObject], selection: Selection, shown: selecting.Shown) -> list[ManagedObject]:
    """Those without the property come last, whichever way the others go."""
    for path, descending in reversed(selection.order):
        keyed = [(_value(shown(one), path), one) for one in found]
        present = sorted([pair for pair in keyed if pair[0]], key=itemgetter(0), reverse=descending)
        found = [one for _, one in present] + [one for key, one in keyed if not key]
    return found


def _value(shown: Any, path: tuple[str, ...]) -> tuple[Any, ...]:
    """What it is sorted by, kind first; empty where it has no such property."""
    for name in path:
        shown = shown.get(name) if isinstance(shown, dict) else None
    if isinstance(shown, bool) or not isinstance(shown, int | float | str):
        return ()
    return ("text", shown) if isinstance(shown, str) else ("number", shown)


_TEXTS = ("type", "fragmentType", "owner", "text", "query", "q", *CHILD)
_FILTERS = (
    Parameter("ids", Kind.LIST, default=[]),
    *(Parameter(name, default="") for name in _TEXTS),
    Parameter("onlyRoots", Kind.BOOLEAN, default=False),
)
PARAMETERS = (
    *_FILTERS,
    *relatives.parameters(children=False),
    Parameter("withLatestValues", Kind.BOOLEAN, default=False, explained="there are none"),
)
ROUTES = (
    Route(
        "GET",
        "/inventory/managedObjects",
        _list,
        "Managed objects",
        roles=managed_objects.READING,
        devices=True,
        parameters=(*paging.PARAMETERS, *PARAMETERS),
        failures=(Invalid,),
    ),
    Route(
        "GET",
        "/inventory/managedObjects/count",
        _count,
        "How many managed objects there are",
        roles=managed_objects.READING,
        devices=True,
        parameters=_FILTERS,
        failures=(Invalid,),
    ),
)
