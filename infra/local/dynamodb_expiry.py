"""Time to live: which items of all tables go next."""

import heapq
import itertools
import math
from collections.abc import Iterator

from moto.dynamodb.models.dynamo_type import Item
from moto.dynamodb.models.table import Table

from infra.local.dynamodb_items import Identity, Key, find, identity_of, items_of


class Expiry:
    """Not thread-safe: whoever calls holds DynamoDB's lock."""

    def __init__(self) -> None:
        self._next: list[tuple[float, int, Table, Key]] = []
        self._watched: dict[Identity, float] = {}
        self._order = itertools.count()

    def watch(self, table: Table, item: Item) -> None:
        """Take note of an item that is new or has changed."""
        expires = _expires(table, item)
        if expires is None:
            return
        key = (item.hash_key, item.range_key)
        identity = identity_of(table, key)
        # an item that keeps being given more time stands here once, at the earliest moment it was ever to go
        if expires < self._watched.get(identity, math.inf):
            self._watched[identity] = expires
            heapq.heappush(self._next, (expires, next(self._order), table, key))

    def watch_table(self, table: Table) -> None:
        """Take note of all items of a table whose time to live was switched on just now."""
        if table.ttl["TimeToLiveStatus"] == "ENABLED" and not table.__dict__.get("homeport_expiring"):
            table.__dict__["homeport_expiring"] = True
            for item in items_of(table):
                self.watch(table, item)

    def expired(self, now: float) -> Iterator[tuple[Table, Key]]:
        """The items whose time has passed, each once; `now` in seconds since the epoch."""
        while self._next and self._next[0][0] < now:
            _, _, table, key = heapq.heappop(self._next)
            self._watched.pop(identity_of(table, key), None)
            item = find(table, key)
            expires = None if item is None else _expires(table, item)
            if expires is not None and expires < now:
                yield table, key
            elif item is not None:
                self.watch(table, item)  # it was given more time since

    def clear(self) -> None:
        self._next.clear()
        self._watched.clear()


def _expires(table: Table, item: Item) -> float | None:
    value = item.attrs.get(table.ttl.get("AttributeName", "")) if table.ttl["TimeToLiveStatus"] == "ENABLED" else None
    return float(value.value) if value is not None and value.type == "N" else None
