from collections.abc import Iterator
from zlib import crc32

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection

from chalicelib.fleet.data.deletions import REMEMBERED, Tombstone
from chalicelib.fleet.shapes import Kind
from chalicelib.store.tables import SEPARATOR, Defaults, Table, key, table_name

SHARDS = 8
TOMBSTONE = Kind(Tombstone, frozenset({"tenant", "stream", "id"}))


class TombstonesDueIndex(GlobalSecondaryIndex["TombstoneItem"]):
    """Those of all tenants, by when the sweep is to look at them."""

    class Meta:
        index_name = "due"
        projection = KeysOnlyProjection()

    shard = NumberAttribute(hash_key=True)
    check_at = NumberAttribute(range_key=True)


class TombstoneItem(Table):
    """What is deleted of each stream."""

    class Meta(Defaults):
        table_name = table_name("tombstones")

    stream = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)
    shard = NumberAttribute()
    check_at = NumberAttribute()
    ttl = NumberAttribute()
    doc = UnicodeAttribute()
    by_due = TombstonesDueIndex()


def put(tombstone: Tombstone) -> None:
    stream = key(tombstone.tenant, tombstone.stream)
    TombstoneItem(
        stream,
        tombstone.id,
        shard=crc32(stream.encode()) % SHARDS,
        check_at=tombstone.due,
        # Not before the sweep has looked at it for the last time, even if that is long late.
        ttl=(tombstone.at + 2 * REMEMBERED) // 1000,
        doc=TOMBSTONE.dump(tombstone),
    ).save()


def remove(tombstone: Tombstone) -> None:
    TombstoneItem(key(tombstone.tenant, tombstone.stream), tombstone.id).delete()


def of_stream(tenant: str, stream: str) -> list[Tombstone]:
    return [_load(item) for item in TombstoneItem.query(key(tenant, stream), consistent_read=True)]


def due(until: int) -> Iterator[tuple[str, str, str]]:
    for shard in range(SHARDS):
        for item in TombstoneItem.by_due.query(shard, TombstoneItem.check_at <= until):
            tenant, _, stream = item.stream.partition(SEPARATOR)
            yield tenant, stream, item.id


def _load(item: TombstoneItem) -> Tombstone:
    tenant, _, stream = item.stream.partition(SEPARATOR)
    return TOMBSTONE.load(item.doc, tenant=tenant, stream=stream, id=item.id)
