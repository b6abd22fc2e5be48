from collections.abc import Iterator
from itertools import islice

from pynamodb.attributes import UnicodeAttribute
from pynamodb.expressions.condition import Condition

from chalicelib.fleet.inventory.facets import Facet, facets
from chalicelib.fleet.inventory.records import Device
from chalicelib.store.counting import counted
from chalicelib.store.tables import SEPARATOR, Defaults, Table, key, table_name

_AFTER_SEPARATOR = chr(ord(SEPARATOR) + 1)


class FacetItem(Table):
    """A tenant's devices in order of a facet's values, and of their ids; written together with the device."""

    class Meta(Defaults):
        table_name = table_name("facets")

    pk = UnicodeAttribute(hash_key=True)
    entry = UnicodeAttribute(range_key=True)


def changes(old: Device | None, new: Device | None) -> tuple[list[FacetItem], list[FacetItem]]:
    """What to save and what to delete as `old` becomes `new`; None stands for no device."""
    before = facets(old) if old else frozenset()
    after = facets(new) if new else frozenset()
    added = [_item(new, *facet) for facet in sorted(after - before)] if new else []
    removed = [_item(old, *facet) for facet in sorted(before - after)] if old else []
    return added, removed


def page(
    tenant: str, facet: Facet, value: str, *, after: str | None, limit: int, descending: bool = False
) -> list[str]:
    """Ids of devices, in order."""
    return entries(tenant, facet, value, after=after, limit=limit, descending=descending)


def entries(
    tenant: str, facet: str, value: str, *, after: str | None, limit: int, descending: bool = False
) -> list[str]:
    """What was entered under that value, in order."""
    found = FacetItem.query(
        key(tenant, facet),
        _range(value, after, descending=descending),
        limit=limit + 1,
        scan_index_forward=not descending,
        consistent_read=True,
    )
    ids = (item.entry.partition(SEPARATOR)[2] for item in found)
    return list(islice((device for device in ids if device != after), limit))


def beginning(tenant: str, facet: str, prefix: str, *, after: str | None, limit: int) -> list[tuple[str, str]]:
    """What was entered under values that begin so, by value: each with the place of its entry, to go on after."""
    first = _escaped(prefix)
    bound: Condition | None = FacetItem.entry.startswith(first) if first else None
    if after is not None:
        # Nothing that begins so sorts behind the last character there is.
        bound = FacetItem.entry.between(after, first + chr(0x10FFFF))
    found = FacetItem.query(key(tenant, facet), bound, limit=limit + 1, consistent_read=True)
    places = (item.entry for item in found if item.entry != after)
    return list(islice(((place, place.rpartition(SEPARATOR)[2]) for place in places), limit))


def count(tenant: str, facet: Facet, value: str | None, most: int, *, exact: bool = False) -> int:
    """How many devices, of any value where none is named; at most `most`. `exact` counts what was just written too."""
    bound = None if value is None else FacetItem.entry.startswith(_escaped(value) + SEPARATOR)
    return counted(FacetItem, key(tenant, facet), bound, most, exact=exact)


def values(tenant: str, facet: Facet, most: int) -> list[str]:
    """The values that occur, in order: one read a value, however many devices have it."""
    return list(islice(_values(tenant, facet), most))


def _values(tenant: str, facet: Facet) -> Iterator[str]:
    bound: Condition | None = None
    while found := list(FacetItem.query(key(tenant, facet), bound, limit=1, consistent_read=True)):
        value = found[0].entry.partition(SEPARATOR)[0]
        yield value.replace("%23", SEPARATOR).replace("%25", "%")
        bound = FacetItem.entry > value + _AFTER_SEPARATOR


def _range(value: str, after: str | None, *, descending: bool) -> Condition:
    whole = _escaped(value)
    first, end = whole + SEPARATOR, whole + _AFTER_SEPARATOR
    if after is None:
        return FacetItem.entry.startswith(first)
    # A condition on a key has no range without its ends: the device at `after` is left out by who reads.
    low, high = (first, first + after) if descending else (first + after, end)
    return FacetItem.entry.between(low, high)


def entry(tenant: str, facet: str, value: str, id_: str) -> FacetItem:
    return FacetItem(key(tenant, facet), _escaped(value) + SEPARATOR + id_)


def _item(device: Device, facet: Facet, value: str) -> FacetItem:
    return entry(device.tenant, facet, value, device.id)


def _escaped(value: str) -> str:
    return value.replace("%", "%25").replace(SEPARATOR, "%23")
