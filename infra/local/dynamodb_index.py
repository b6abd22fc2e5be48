"""Sorted partitions of a moto DynamoDB table and of its indexes, so that a query reads a page and not the table."""

import copy
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict
from moto.dynamodb.models.table import RESULT_SIZE_LIMIT, Table

from infra.local.dynamodb_items import Key, find, items_of

COMPARISONS = frozenset({"=", "<", "<=", ">", ">=", "BETWEEN", "BEGINS_WITH"})
"""What a sort key may be compared by, as moto spells it."""

_TABLE = ""  # the name under which the table itself stands beside its indexes
_MANY = 500
_FEW = 2
"""Items that are never more than a megabyte together: one has 400 KB at most."""
_Row = tuple[tuple[Any, ...], Item]
_Place = tuple[str, Any, tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Asked:
    """A query: of the table itself or of the index of that name; `condition` compares the first sort key."""

    index: str | None
    condition: tuple[str, list[DynamoType]] | None
    start: dict[str, Any] | None
    forward: bool
    limit: int | None


class TableIndex:
    """Where each item of one table stands in the table's and each index's partitions."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._schemas = _schemas(table)
        self._partitions: dict[tuple[str, Any], list[_Row]] = {}
        self._places: dict[Key, list[_Place]] = {}
        self._sizes: dict[Key, int] = {}
        for item in items_of(table):
            self.update((item.hash_key, item.range_key))

    def fits(self) -> bool:
        """False once the table's indexes are no longer those that this was built for."""
        return self._schemas == _schemas(self._table)

    def knows(self, index: str | None) -> bool:
        return (index or _TABLE) in self._schemas

    def update(self, key: Key) -> None:
        """Take note of how the item at `key` is now; call it after every change."""
        self._sizes.pop(key, None)
        for name, partition, order in self._places.pop(key, ()):
            rows = self._partitions[name, partition]
            rows.pop(bisect_left(rows, order, key=_order))
            if not rows:
                del self._partitions[name, partition]
        item = find(self._table, key)
        if item is None:
            return
        places = [place for name in self._schemas if (place := self._place(name, item)) is not None]
        for name, partition, order in places:
            rows = self._partitions.setdefault((name, partition), [])
            rows.insert(bisect_left(rows, order, key=_order), (order, item))
        self._places[key] = places

    def page(
        self,
        index: str | None,
        partition: DynamoType,
        *,
        condition: tuple[str, list[DynamoType]] | None,
        start: dict[str, Any] | None,
        forward: bool,
        limit: int | None,
    ) -> list[Item]:
        """A query's items, and beyond its limit just enough for moto to see that there are more.

        `condition` compares the first sort key; `start` is the query's ExclusiveStartKey.
        """
        name = index or _TABLE
        rows = self._partitions.get((name, _sortable(partition)), [])
        low, high = _bounds(rows, condition)
        if start is not None and (order := self._start(name, start)) is not None:
            if forward:
                low = max(low, bisect_right(rows, order, key=_order))
            else:
                high = min(high, bisect_left(rows, order, key=_order))
        if limit:
            low, high = (low, min(high, low + limit + 1)) if forward else (max(low, high - limit - 1), high)
        found = [item for _, item in rows[low:high]]
        return self._first_megabyte(found if forward else found[::-1])

    def finds(self, asked: Asked) -> bool:
        """Whether it knows where a query begins."""
        return asked.start is None or self._start(asked.index or _TABLE, asked.start) is not None

    def answer(
        self, partition: DynamoType, asked: Asked, wanted: Any, projections: list[list[str]] | None, *, counted: bool
    ) -> tuple[list[Item], int, dict[str, Any] | None]:
        """As moto's `Table.query`, of items that are not copied; those that are only `counted` are whole ones.

        `wanted` is moto's filter, which sees what was looked at: a limit, and the megabyte, are of that.
        """
        found = self.page(
            asked.index,
            partition,
            condition=asked.condition,
            start=asked.start,
            forward=asked.forward,
            limit=asked.limit,
        )
        looked, size, last = 0, 0, None
        for looked, item in enumerate(found):
            size += self._size(item) if len(found) > _FEW else 0
            if looked == asked.limit or size > RESULT_SIZE_LIMIT:
                last = self._table._get_last_evaluated_key(found[looked - 1], asked.index)
                break
        else:
            looked = len(found)
        kept = found[:looked]
        if wanted is not None:
            kept = [item for item in kept if wanted.expr(item)]
        if counted:
            return kept, looked, last
        if asked.index:
            kept = [_projected(item, self._names(asked.index)) for item in kept]
        if projections:
            flat = all(len(path) == 1 for path in projections)
            names = frozenset(path[0] for path in projections)
            kept = [_projected(item, names) if flat else item.project(projections) for item in kept]
        return kept, looked, last

    def _names(self, name: str) -> frozenset[str] | None:
        """Of the attributes that an index has of an item; None where that is all."""
        index = self._table.get_index(name)
        kind = (index.projection or {}).get("ProjectionType")
        if kind not in ("KEYS_ONLY", "INCLUDE"):
            return None
        keys = (*self._table.table_key_attrs, *(key["AttributeName"] for key in index.schema))
        return frozenset((*keys, *(index.projection.get("NonKeyAttributes", ()) if kind == "INCLUDE" else ())))

    def _first_megabyte(self, items: list[Item]) -> list[Item]:
        """Cut what no single answer can carry, so that moto does not sort it."""
        if len(items) <= _MANY:
            return items
        size = 0
        for count, item in enumerate(items, start=1):
            size += self._size(item)
            if size > RESULT_SIZE_LIMIT:
                return items[: count + 1]
        return items

    def _size(self, item: Item) -> int:
        key = (item.hash_key, item.range_key)
        size = self._sizes.get(key)
        if size is None:
            size = self._sizes[key] = item.size()
        return size

    def _place(self, name: str, item: Item) -> _Place | None:
        hashes, ranges = self._schemas[name]
        values = [item.attrs.get(attribute) for attribute in (*hashes, *ranges)]
        if any(value is None for value in values):
            return None  # an index holds only the items that carry all of its keys
        partition, *order = (_sortable(value) for value in values)
        if name != _TABLE:
            order += [_sortable(item.hash_key)] + ([_sortable(item.range_key)] if item.range_key else [])
        return name, partition, tuple(order)

    def _start(self, name: str, start: dict[str, Any]) -> tuple[Any, ...] | None:
        attributes = list(self._schemas[name][1])
        if name != _TABLE:
            attributes += [self._table.hash_key_attr]
            attributes += [self._table.range_key_attr] if self._table.range_key_attr else []
        if any(attribute not in start for attribute in attributes):
            return None
        return tuple(_sortable(DynamoType(start[attribute])) for attribute in attributes)


def _projected(item: Item, names: frozenset[str] | None) -> Item:
    """With the attributes of these names alone; moto makes JSON of all of it, and an item of that again."""
    if names is None:
        return item
    one = copy.copy(item)
    one.attrs = LimitedSizeDict({name: value for name, value in item.attrs.items() if name in names})
    return one


def _schemas(table: Table) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """Partition and sort attributes by index; indexes with several partition attributes are left to moto."""
    by_name = {_TABLE: table.schema, **{index.name: index.schema for index in table.all_indexes()}}
    split = {name: (_attributes(schema, "HASH"), _attributes(schema, "RANGE")) for name, schema in by_name.items()}
    return {name: (hashes, ranges) for name, (hashes, ranges) in split.items() if len(hashes) == 1}


def _attributes(schema: list[dict[str, str]], kind: str) -> tuple[str, ...]:
    return tuple(key["AttributeName"] for key in schema if key["KeyType"] == kind)


def _sortable(value: Any) -> tuple[str, Any]:
    # the type goes first, so that values of a type that the index should not hold never meet the others
    return value.type, value.cast_value


def _order(row: _Row) -> tuple[Any, ...]:
    return row[0]


def _bounds(rows: list[_Row], condition: tuple[str, list[DynamoType]] | None) -> tuple[int, int]:
    """The slice of `rows` that satisfies a comparison of the first sort key."""
    if condition is None or not rows or not rows[0][0]:
        return 0, len(rows)
    comparison, operands = condition
    low, high = _sortable(operands[0]), _sortable(operands[-1])

    def below(value: Any) -> int:
        return bisect_left(rows, value, key=_first)

    def through(value: Any) -> int:
        return bisect_right(rows, value, key=_first)

    def starting(prefix: tuple[str, Any]) -> int:
        length = len(prefix[1])
        return bisect_right(rows, prefix, key=lambda row: (_first(row)[0], _first(row)[1][:length]))

    ends: dict[str, Callable[[], tuple[int, int]]] = {
        "=": lambda: (below(low), through(low)),
        "<": lambda: (0, below(low)),
        "<=": lambda: (0, through(low)),
        ">": lambda: (through(low), len(rows)),
        ">=": lambda: (below(low), len(rows)),
        "BETWEEN": lambda: (below(low), through(high)),
        "BEGINS_WITH": lambda: (below(low), starting(low)),
    }
    return ends[comparison.upper()]()


def _first(row: _Row) -> Any:
    return row[0][0]
