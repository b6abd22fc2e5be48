"""What of the inventory a request asks for: where an index leads, and a condition for the rest."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from chalicelib.dialects.cumulocity import elsewhere, queries
from chalicelib.dialects.cumulocity.objects import ACTIVE_ALARMS, HOLDER, IS_DEVICE, IS_GROUP, view
from chalicelib.dialects.cumulocity.queries import Comparison, Condition, Either, Every, Has, Member
from chalicelib.fleet import ids
from chalicelib.fleet.inventory import finding, hierarchy, objects
from chalicelib.fleet.inventory.finding import ALL, Chosen
from chalicelib.fleet.inventory.managed_objects import GROUP, ChildKind, ManagedObject, ObjectFacet
from chalicelib.fleet.ports import Ports

DYNAMIC, QUERY = "c8y_DynamicGroup", "c8y_DeviceQueryString"
MOST_DYNAMIC = 5
"""Dynamic groups whose queries ask for one another."""
MOST_SIDES = 4
"""Parts of an `or` that are looked up each by its own index."""
Shown = Callable[[ManagedObject], Mapping[str, Any]]
_ELSEWHERE = tuple(Chosen(ObjectFacet.ORIGIN, origin) for origin in elsewhere.TYPES)
_GROUPS = (Chosen(ObjectFacet.ORIGIN, GROUP),)
_FACETS = {("type",): ObjectFacet.TYPE, ("owner",): ObjectFacet.OWNER, ("name",): ObjectFacet.NAME}


@dataclass(frozen=True, slots=True)
class Selection:
    """`order` is empty where the objects come by number. `prefix` is what the name of every one begins with."""

    chosen: tuple[Chosen, ...] = (ALL,)
    condition: Condition | None = None
    order: tuple[queries.Order, ...] = ()
    prefix: str = ""

    @property
    def filtered(self) -> bool:
        return self.condition is not None and not _answered(self.condition, self.chosen)


@dataclass(slots=True)
class Hierarchy:
    """What is below what, each looked up once a request."""

    ports: Ports
    tenant: str
    _known: dict[Member, frozenset[str]] = field(default_factory=dict)
    _looking: list[Member] = field(default_factory=list)

    def has(self, found: ManagedObject, member: Member) -> bool:
        if member not in self._known:
            if member in self._looking or len(self._looking) >= MOST_DYNAMIC:
                # Groups whose queries ask for each other.
                return False
            self._looking.append(member)
            self._known[member] = frozenset(_members(self, member))
            self._looking.remove(member)
        return found.id in self._known[member]


def of_query(text: str, *, devices: bool = False) -> Selection:
    """Of `query`, or of `q`, which looks at `devices` only. Errors: Invalid."""
    condition, order = queries.parse(text)
    if devices:
        device = Has((IS_DEVICE,))
        condition = device if condition is None else Every((device, condition))
    return of_condition(condition, order)


def of_condition(condition: Condition | None, order: tuple[queries.Order, ...] = ()) -> Selection:
    if condition is None:
        return Selection(order=order)
    return Selection(_chosen(condition) or (ALL,), condition, order)


def wanted(selection: Selection, below: Hierarchy, shown: Shown) -> Callable[[ManagedObject], bool]:
    """Whether an object is one of the selection."""
    if selection.condition is None or not selection.filtered:
        return lambda _: True
    condition = selection.condition

    def holds(found: ManagedObject) -> bool:
        return queries.holds(condition, shown(found), partial(below.has, found))

    return holds


def _chosen(condition: Condition) -> tuple[Chosen, ...]:
    """Where everything that the condition means is found; empty where no index leads there."""
    match condition:
        case Every(parts):
            ways = [way for part in parts if (way := _chosen(part))]
            # The way to a device leads past all devices: any other one is shorter.
            ways.sort(key=lambda way: (any(one.value == IS_DEVICE for one in way), len(way)))
            return ways[0] if ways else ()
        case Either(parts):
            sides = [_chosen(part) for part in parts]
            several = tuple(dict.fromkeys(one for side in sides for one in side))
            own = [one for one in several if one.facet is not ObjectFacet.ORIGIN]
            return several if all(sides) and len(own) <= MOST_SIDES else ()
        case Has((name,)) if name != ACTIVE_ALARMS:
            others = _GROUPS if name == IS_GROUP else _ELSEWHERE if name in elsewhere.UNINDEXED else ()
            return (Chosen(ObjectFacet.FRAGMENT, name), *others)
        case Comparison(path, "eq", str(value)) if path in _FACETS and "*" not in value:
            return (Chosen(_FACETS[path], value), *_elsewhere(path, value))
        case _:
            return ()


def _answered(condition: Condition, chosen: Sequence[Chosen]) -> bool:
    """Whether all that is found there is meant, without a look at it."""
    if not isinstance(condition, Comparison | Has) or chosen != _chosen(condition) or not chosen:
        return False
    return condition in (Has((IS_DEVICE,)), Has((IS_GROUP,))) or all(
        one.facet is not ObjectFacet.ORIGIN for one in chosen
    )


def _elsewhere(path: tuple[str, ...], value: str) -> tuple[Chosen, ...]:
    """Where devices of other dialects may be that have this value: it does not stand in their objects."""
    match path:
        case ("owner",):
            return (*_ELSEWHERE, *_GROUPS) if value == HOLDER else ()
        case ("type",):
            every = {origin: type_ for origin, type_ in elsewhere.TYPES.items() if type_ in (None, value)}
            exact = {origin: type_ for origin, type_ in every.items() if type_ == value}
            groups = _GROUPS if value in (elsewhere.GROUP_TYPE, elsewhere.SUBGROUP_TYPE) else ()
            return (*(Chosen(ObjectFacet.ORIGIN, origin) for origin in exact or every), *groups)
        case _:
            return _ELSEWHERE


def query_of(found: ManagedObject) -> str | None:
    """The query of a dynamic group; None where it is none."""
    query = found.fragments.get(QUERY)
    return query if DYNAMIC in found.fragments and isinstance(query, str) else None


def found_by(ports: Ports, group: ManagedObject, below: Hierarchy, known: elsewhere.Known) -> list[ManagedObject]:
    """What the query of a dynamic group finds. Errors: Invalid, LimitReached."""
    selection = of_query(query_of(group) or "", devices=True)

    def shown(found: ManagedObject) -> Mapping[str, Any]:
        return view(known.shown(found), lambda *_: "")

    meant = wanted(selection, below, shown)
    return finding.every(ports, group.tenant, selection.chosen, meant, ahead=known.read)


def _members(below: Hierarchy, member: Member) -> set[str]:
    ports, tenant = below.ports, below.tenant
    # What is no number may be longer than a key can be.
    group = ports.objects.get(tenant, member.number) if ids.is_number(member.number) else None
    if group is None:
        return set()
    if query_of(group) is not None and not member.deep:
        return {found.id for found in found_by(ports, group, below, elsewhere.Known(ports, tenant))}
    if member.deep:
        return {found.id for found in hierarchy.descendants(ports, tenant, member.number)}
    objects.get(ports, tenant, member.number)
    found: set[str] = set()
    after: str | None = None
    while True:
        page = ports.objects.children(tenant, member.number, ChildKind.ASSET, after=after, limit=1_000)
        found.update(link.child for link in page.items)
        if page.cursor is None:
            return found
        after = page.cursor
