"""Lists of managed objects: by type, fragment, owner, words, query, ids or children (reference, "Managed objects")."""

from collections.abc import Callable, Iterator
from itertools import islice
from operator import itemgetter
from typing import Any

from chalicelib.dialects.cumulocity import elsewhere, queries, selecting
from chalicelib.dialects.cumulocity.elsewhere import Known
from chalicelib.dialects.cumulocity.rest import contents, managed_objects, paging, reach, relatives
from chalicelib.dialects.cumulocity.selecting import Hierarchy, Selection
from chalicelib.fleet import ids
from chalicelib.fleet.errors import Invalid, LimitReached
from chalicelib.fleet.inventory import finding
from chalicelib.fleet.inventory.managed_objects import ChildKind, ManagedObject, ObjectFacet
from chalicelib.fleet.ports import Ports
from chalicelib.web.parameters import Kind, Parameter
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Route

COLLECTION = "managedObjectCollection"
MOST_IDS = 200
MOST_SKIPPED = 20_000
"""Elements of the pages before the one that is asked for."""
MOST_COUNTED = 10_000
_PAGE = 100
_INDEXED = "filter by type, fragmentType, owner or name, which have an index"
CHILD = {"childDeviceId": ChildKind.DEVICE, "childAssetId": ChildKind.ASSET, "childAdditionId": ChildKind.ADDITION}
Found = Iterator[ManagedObject]


def _list(ports: Ports, request: Request) -> Answer:
    return contents.found(request, COLLECTION, page(ports, request, lambda _: True, *managed_objects.PATH))


def page(ports: Ports, request: Request, meant: Callable[[ManagedObject], bool], *path: str) -> dict[str, Any]:
    """The page that is asked for of the objects that are `meant`. Errors: Invalid, ObjectNotFound."""
    asked = paging.wanted(request)
    if asked.skipped > MOST_SKIPPED:
        raise Invalid(f"pages begin within the first {MOST_SKIPPED} elements: ask for fewer by a filter", "currentPage")
    try:
        found = list(islice(filter(meant, _found(ports, request)), asked.skipped, asked.skipped + asked.size))
        total = _total(ports, request, meant) if asked.pages or asked.elements else None
    except LimitReached as error:
        raise Invalid(f"{error}: {_INDEXED}", "query") from None
    pairs = zip(found, managed_objects.shown(ports, request, found), strict=True)
    shown = [relatives.add(ports, request, one, body) for one, body in pairs]
    return paging.body(request, "managedObjects", shown, asked, total, *path)


def _count(ports: Ports, request: Request) -> Answer:
    """The number alone."""
    try:
        total = _total(ports, request, lambda _: True)
    except LimitReached as error:
        raise Invalid(f"{error}: {_INDEXED}", "query") from None
    if total is None:
        raise Invalid(f"more than {MOST_COUNTED} objects would have to be counted: {_INDEXED}", "query")
    return Answer(total)


def _total(ports: Ports, request: Request, meant: Callable[[ManagedObject], bool]) -> int | None:
    counted = sum(1 for _ in islice(filter(meant, _found(ports, request)), MOST_COUNTED + 1))
    return counted if counted <= MOST_COUNTED else None


def _found(ports: Ports, request: Request) -> Found:
    """All that is meant, one after the other, read as it is asked for."""
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
    if selection.order and selection.order[0][0] != ("id",):
        every = finding.every(
            ports, request.tenant, selection.chosen, lambda one: meant(one) and condition(one), ahead=known.read
        )
        return iter(_sorted(every, selection, shown))
    ahead = known.read if selection.filtered or given["text"] else None
    looked_at_once = _PAGE if ahead is not None or given["onlyRoots"] else _needed(request)
    return _walked(ports, request.tenant, selection, lambda one: meant(one) and condition(one), ahead, looked_at_once)


def _needed(request: Request) -> int:
    """How many objects there have to be read at once where all that are read are meant."""
    if "pageSize" not in request.asked:
        return _PAGE
    asked = paging.wanted(request)
    return min(asked.skipped + asked.size, _PAGE)


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


def _walked(
    ports: Ports, tenant: str, selection: Selection, meant: finding.Wanted, ahead: finding.Ahead | None, size: int
) -> Found:
    after: str | None = None
    while True:
        page = finding.page(ports, tenant, selection.chosen, meant, after=after, limit=size, ahead=ahead)
        yield from page.items
        after = page.cursor
        if after is None:
            return


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
