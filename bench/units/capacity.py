"""DynamoDB's read and write units, from items ("DynamoDB read and write operations", "Item sizes and formats").

Computed and not taken from ConsumedCapacity, because moto answers one unit for everything.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any

Item = Mapping[str, Mapping[str, Any]]
"""Attributes in DynamoDB's own JSON: `{"name": {"S": "text"}}`."""

WRITE_BLOCK, READ_BLOCK = 1024, 4096
TRANSACTION = 2
"""A transaction prepares and commits every item."""
_NUMBER_MAX = 21


def item_size(item: Item) -> int:
    """Bytes, names included."""
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def _value_size(value: Mapping[str, Any]) -> int:
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(str(content).encode())
        case "N":
            digits = len(str(content).lstrip("-").replace(".", "").strip("0"))
            return min(_NUMBER_MAX, math.ceil(digits / 2) + 1 + str(content).startswith("-"))
        case "B":
            return len(bytes(content))
        case "BOOL" | "NULL":
            return 1
        case "SS" | "NS" | "BS":
            return 3 + sum(_value_size({kind[0]: part}) for part in content)
        case "L":
            return 3 + sum(1 + _value_size(part) for part in content)
        case "M":
            return 3 + sum(1 + len(name.encode()) + _value_size(part) for name, part in content.items())
    raise ValueError(f"{kind} is no type of DynamoDB's")


def read_units(items: Iterable[Item], *, consistent: bool) -> float:
    """Of a query, whose items are added up; a get is a query for one. Finding nothing costs as much as one block."""
    blocks = max(1, math.ceil(sum(map(item_size, items)) / READ_BLOCK))
    return blocks if consistent else blocks / 2


def write_units(old: Item | None, new: Item | None) -> int:
    """Of the table itself: the bigger of what was there and what is now, a deletion included."""
    return max(1, *(math.ceil(item_size(item) / WRITE_BLOCK) for item in (old or {}, new or {})))


def index_units(index: Mapping[str, Any], keys: Iterable[str], old: Item | None, new: Item | None) -> int:
    """What one write costs in a global secondary index, as describe_table describes it; `keys` are the table's own."""
    before, after = (_projected(index, keys, item) for item in (old, new))
    if before == after:
        return 0
    moved = before is not None and after is not None and _key(index, before) != _key(index, after)
    if moved:
        return write_units(before, None) + write_units(None, after)
    return write_units(before, after)


def _names(index: Mapping[str, Any]) -> list[str]:
    return [part["AttributeName"] for part in index["KeySchema"]]


def _key(index: Mapping[str, Any], item: Item) -> list[Any]:
    return [item[name] for name in _names(index)]


def _projected(index: Mapping[str, Any], keys: Iterable[str], item: Item | None) -> Item | None:
    """What the index holds of the item: nothing unless it has all the key attributes."""
    if item is None or any(name not in item for name in _names(index)):
        return None
    kind = index["Projection"]["ProjectionType"]
    if kind == "ALL":
        return dict(item)
    wanted = {*keys, *_names(index), *index["Projection"].get("NonKeyAttributes", ())}
    return {name: value for name, value in item.items() if name in wanted}
