"""Tables and items of moto's DynamoDB as entries of the journal, and back."""

import json
from collections.abc import Iterator
from typing import Any

from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends
from moto.dynamodb.models.dynamo_type import Item
from moto.dynamodb.models.table import Table

from infra.local import attribute_values
from infra.local.dynamodb_items import Key, find, key_in, place, text_of
from infra.local.journal import Change, Journal

_ITEM = "dynamodb.item"
_TABLE = "dynamodb.table"


def restore(journal: Journal, account: str) -> Iterator[tuple[Table, Item]]:
    """Make all tables again and put their items into them; yields each item for whoever indexes it."""
    for name, text in journal.entries(_TABLE):
        _restore_table(account, name, json.loads(text))
    for name, text in journal.entries(_ITEM):
        region, table_name, _ = name.split("/", 2)
        table = dynamodb_backends[account][region].tables[table_name]
        yield table, _restore_item(table, str(text))


def item_change(table: Table, key: Key) -> Change:
    """What makes the journal's entry of an item what the item is now."""
    item = find(table, key)
    return _ITEM, _name(table, key), None if item is None else attribute_values.dumps(item)


def put_back(journal: Journal, table: Table, key: Key) -> None:
    """Make the item what the journal's entry of it is."""
    text = journal.entry(_ITEM, _name(table, key))
    if text is None:
        place(table, key, None)
    else:
        _restore_item(table, str(text))


def _name(table: Table, key: Key) -> str:
    return f"{table.region_name}/{table.name}/{text_of(key)}"


def table_changes(journal: Journal, backend: DynamoDBBackend) -> list[Change]:
    """What makes the journal hold exactly the tables that are there, after one came, changed or went."""
    prefix = f"{backend.region_name}/"
    present = {prefix + name: json.dumps(_arguments(table)) for name, table in backend.tables.items()}
    changes: list[Change] = [(_TABLE, name, text) for name, text in present.items()]
    for gone in set(journal.keys(_TABLE, prefix)) - present.keys():
        changes.append((_TABLE, gone, None))
        changes += [(_ITEM, key, None) for key in journal.keys(_ITEM, f"{gone}/")]
    return changes


def _arguments(table: Table) -> dict[str, Any]:
    """What `create_table` needs to make the same table again, and what is set on a table afterwards."""
    throughput = {name: table.throughput[name] for name in ("ReadCapacityUnits", "WriteCapacityUnits")}
    return {
        "create": {
            "name": table.name,
            "schema": table.schema,
            "throughput": throughput,
            "attr": table.attr,
            "global_indexes": [_index_arguments(index.describe()) for index in table.global_indexes],
            "indexes": [index.describe() for index in table.indexes],
            "streams": table.stream_specification,
            "billing_mode": table.billing_mode,
            "sse_specification": table.sse_specification,
            "tags": table.tags,
            "deletion_protection_enabled": table.deletion_protection_enabled,
            "warm_throughput": None,
        },
        "ttl": table.ttl,
        "backups": table.continuous_backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"],
    }


def _index_arguments(described: dict[str, Any]) -> dict[str, Any]:
    return {name: described[name] for name in ("IndexName", "KeySchema", "Projection", "ProvisionedThroughput")}


def _restore_table(account: str, name: str, arguments: dict[str, Any]) -> None:
    region = name.split("/", 1)[0]
    backend = dynamodb_backends[account][region]
    table = backend.create_table(**arguments["create"])
    table.ttl.update(arguments["ttl"])
    if arguments["backups"] == "ENABLED":
        backend.update_continuous_backups(table.name, {"PointInTimeRecoveryEnabled": True})


def _restore_item(table: Table, text: str) -> Item:
    attributes = attribute_values.loads(text)
    key = key_in(table, attributes)
    if key is None:
        raise ValueError(f"the journal holds an item of {table.name} without its key")
    item = Item(*key, attributes)
    place(table, key, item)
    return item
