from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from chalicelib.fleet.data.deleting import REMEMBERED
from chalicelib.fleet.data.deletions import Tombstone
from chalicelib.fleet.shapes import Kind
from chalicelib.store.tables import SEPARATOR, Defaults, Table, key, table_name

TOMBSTONE = Kind(Tombstone, frozenset({"tenant", "stream", "id", "done"}))
_OPEN = "open"


class OpenIndex(GlobalSecondaryIndex["TombstoneItem"]):
    """Those that are not done, of all tenants, the oldest first."""

    class Meta:
        index_name = "open"
        projection = AllProjection()

    open = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)


class TombstoneItem(Table):
    """What is deleted of each stream."""

    class Meta(Defaults):
        table_name = table_name("tombstones")

    stream = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)
    open = UnicodeAttribute(null=True)
    ttl = NumberAttribute()
    doc = UnicodeAttribute()
    by_age = OpenIndex()


def put(tombstone: Tombstone) -> None:
    TombstoneItem(
        key(tombstone.tenant, tombstone.stream),
        tombstone.id,
        open=None if tombstone.done else _OPEN,
        ttl=(tombstone.at + REMEMBERED) // 1000,
        doc=TOMBSTONE.dump(tombstone),
    ).save()


def of_stream(tenant: str, stream: str) -> list[Tombstone]:
    return [_load(item) for item in TombstoneItem.query(key(tenant, stream), consistent_read=True)]


def open_ones(limit: int) -> list[Tombstone]:
    return [_load(item) for item in TombstoneItem.by_age.query(_OPEN, limit=limit)]


def _load(item: TombstoneItem) -> Tombstone:
    tenant, _, stream = item.stream.partition(SEPARATOR)
    return TOMBSTONE.load(item.doc, tenant=tenant, stream=stream, id=item.id, done=item.open is None)
