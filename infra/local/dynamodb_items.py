"""Items where moto keeps them: a dict by partition key, of items or of dicts by sort key."""

import json
from collections.abc import Iterator
from typing import Any

from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table

from infra.local import attribute_values

Key = tuple[DynamoType, DynamoType | None]
"""An item's partition key and, where the table has one, its sort key."""


def key_in(table: Table, attributes: dict[str, Any]) -> Key | None:
    """The key within typed attributes; None when a part of it is missing."""
    names = table.table_key_attrs
    if any(name not in attributes for name in names):
        return None
    return DynamoType(attributes[names[0]]), DynamoType(attributes[names[1]]) if len(names) > 1 else None


Identity = tuple[Any, ...]
"""A table and a key in it, as something to look up by."""


def identity_of(table: Table, key: Key) -> Identity:
    return (table.table_arn, *((part.type, part.value) for part in key if part is not None))


def text_of(key: Key) -> str:
    return json.dumps([attribute_values.plain(part) for part in key if part is not None])


def find(table: Table, key: Key) -> Item | None:
    """The item at `key` as it is now, without the side effects of reading moto's nested defaultdict."""
    if key[1] is None:
        found = table.items.get(key[0])
        return found if isinstance(found, Item) else None
    partition = table.items.get(key[0])
    return partition.get(key[1]) if partition else None


def place(table: Table, key: Key, item: Item | None) -> None:
    """Put `item` at `key` past all of moto's rules; None takes away what is there."""
    hash_key, range_key = key
    slot: dict[Any, Any] = table.items if range_key is None else table.items[hash_key]
    at = hash_key if range_key is None else range_key
    if item is None:
        slot.pop(at, None)
    else:
        slot[at] = item


def drop_if_empty(table: Table, key: Key) -> None:
    """To moto, looking for an item makes an empty partition, and deleting the last one leaves one: memory for ever."""
    if key[1] is not None and not table.items.get(key[0], True):
        del table.items[key[0]]


def items_of(table: Table) -> Iterator[Item]:
    for found in table.items.values():
        if isinstance(found, Item):
            yield found
        else:
            yield from found.values()
