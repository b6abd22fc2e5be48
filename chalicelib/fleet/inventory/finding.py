"""Finding managed objects: by what has an index, and by looking at no more of the rest than is said."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from heapq import merge
from itertools import islice

from chalicelib.fleet import ids
from chalicelib.fleet.errors import LimitReached
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.inventory import hierarchy, objects
from chalicelib.fleet.inventory.managed_objects import MORE, ManagedObject, ObjectFacet, facet_value
from chalicelib.fleet.ports import Page, Ports

MOST_LOOKED_AT = 5_000
"""Objects that are read for one page where not every one of them is wanted."""
MOST_SORTED = 5_000
_PAGE = 100
_BETWEEN_WORDS = re.compile(r"[\s/\-._:]+")
Wanted = Callable[[ManagedObject], bool]
Ahead = Callable[[Sequence[ManagedObject]], object]
"""Told of the objects of each read before any of them is looked at, for what is better read of many at once."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Where to look: under a value of a facet, or, without one, at all of the tenant."""

    facet: ObjectFacet | None = None
    value: str = ""

    def holds(self, found: ManagedObject) -> bool:
        match self.facet:
            case ObjectFacet.TYPE:
                return found.type == self.value
            case ObjectFacet.OWNER:
                return found.owner == self.value
            case ObjectFacet.NAME:
                return found.name == self.value
            case ObjectFacet.ORIGIN:
                return found.origin == self.value
            case ObjectFacet.FRAGMENT:
                return self.value in found.fragments
            case ObjectFacet.ROOT:
                return not found.parents
            case None:
                return True


ALL = Chosen()


def page(
    ports: Ports,
    tenant: str,
    chosen: Sequence[Chosen] = (ALL,),
    wanted: Wanted = lambda _: True,
    *,
    after: str | None = None,
    limit: int = _PAGE,
    most: int = MOST_LOOKED_AT,
    ahead: Ahead | None = None,
    descending: bool = False,
) -> Page[ManagedObject]:
    """Objects under any of `chosen` that are `wanted`, by number from `after` on, each once.

    Costs a page of each where all are wanted. Errors: LimitReached (`most` were looked at, and the page is not full).
    """
    found: list[ManagedObject] = []
    way = _Way(ports, tenant, min(limit, _PAGE) + 1, ahead, descending)
    for looked, one in enumerate(_any(way, chosen, after), 1):
        if wanted(one):
            if len(found) == limit:
                return Page(found, found[-1].id)
            found.append(one)
        if looked >= most:
            raise LimitReached(f"more than {most} objects would have to be looked at")
    return Page(found, None)


def count(
    ports: Ports, tenant: str, chosen: Sequence[Chosen] = (ALL,), wanted: Wanted = lambda _: True, *, most: int
) -> int | None:
    """How many there are; None where more than `most` would have to be looked at."""
    total = 0
    for looked, one in enumerate(_any(_Way(ports, tenant), chosen), 1):
        if looked > most:
            return None
        total += wanted(one)
    return total


def every(
    ports: Ports,
    tenant: str,
    chosen: Sequence[Chosen] = (ALL,),
    wanted: Wanted = lambda _: True,
    *,
    ahead: Ahead | None = None,
) -> list[ManagedObject]:
    """All of them, to be sorted otherwise. Errors: LimitReached."""
    looked = list(islice(_any(_Way(ports, tenant, ahead=ahead), chosen), MOST_SORTED + 1))
    if len(looked) > MOST_SORTED:
        raise LimitReached(f"more than {MOST_SORTED} objects would have to be looked at")
    return [one for one in looked if wanted(one)]


def beginning(
    ports: Ports, tenant: str, facet: ObjectFacet, prefix: str, *, after: str | None = None, limit: int = _PAGE
) -> Page[ManagedObject]:
    """Objects whose value of a facet begins so, by value; of a long prefix what is looked at is only its beginning."""
    found = ports.objects.beginning(tenant, facet, prefix, after=after, limit=limit)
    if facet_value(prefix) == prefix or facet is not ObjectFacet.NAME:
        return found
    return Page([one for one in found.items if (one.name or "").startswith(prefix)], found.cursor)


def below(ports: Ports, tenant: str, number: str, wanted: Wanted = lambda _: True) -> list[ManagedObject]:
    """All below an object, of every kind, level by level. Errors: ObjectNotFound, LimitReached."""
    objects.get(ports, tenant, number)
    looked = list(islice(hierarchy.descendants(ports, tenant, number), MOST_LOOKED_AT + 1))
    if len(looked) > MOST_LOOKED_AT:
        raise LimitReached(f"more than {MOST_LOOKED_AT} objects would have to be looked at")
    return [one for one in looked if wanted(one)]


def words(text: str) -> frozenset[str]:
    """What a text is found by: its parts between blanks and / - . _ : in lower case."""
    return frozenset(part for part in _BETWEEN_WORDS.split(text.casefold()) if part)


def says(found: ManagedObject, names: Iterable[str], text: str) -> bool:
    """Whether any word of `text` is one of the object's number, type, name, owner, or of `names`, its external ids."""
    own = (found.id, found.type, found.name, found.owner, *names)
    return any(words(text) & words(value) for value in own if value)


@dataclass(frozen=True, slots=True)
class _Way:
    """How a walk reads: so many at once, and the highest numbers first where `descending`."""

    ports: Ports
    tenant: str
    size: int = _PAGE
    ahead: Ahead | None = None
    descending: bool = False


def _any(way: _Way, chosen: Sequence[Chosen], after: str | None = None) -> Iterator[ManagedObject]:
    """Merged by number, each once."""
    sides = [side for one in chosen for side in _sides(way, one, after)]
    last: str | None = None
    for found in merge(*sides, key=lambda one: int(one.id), reverse=way.descending):
        if found.id != last and any(one.holds(found) for one in chosen):
            last = found.id
            yield found


def _sides(way: _Way, chosen: Chosen, after: str | None) -> list[Iterator[ManagedObject]]:
    if chosen.facet is not ObjectFacet.FRAGMENT:
        return [_under(way, chosen.facet, chosen.value, after)]
    # Of an object with many fragments not every one has an index.
    return [_under(way, chosen.facet, value, after) for value in (chosen.value, MORE)]


def _under(way: _Way, facet: ObjectFacet | None, value: str, after: str | None) -> Iterator[ManagedObject]:
    objects_, tenant, down = way.ports.objects, way.tenant, way.descending
    while True:
        if facet is None:
            found = objects_.page(tenant, after=after, limit=way.size, descending=down)
        else:
            found = objects_.with_facet(tenant, facet, value, after=after, limit=way.size, descending=down)
        if way.ahead is not None:
            way.ahead(found.items)
        yield from found.items
        if found.cursor is None:
            return
        after = found.cursor


def created_from(at: int) -> str:
    """What to look `after` for objects that were made at `at` (ms) or later."""
    return str(int(ids.first_number(at)) - 1)
