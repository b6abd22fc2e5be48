from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from zlib import crc32

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection

from chalicelib.fleet.documents import Record
from chalicelib.fleet.ports import Page
from chalicelib.fleet.shapes import Kind
from chalicelib.store.cache import Cache
from chalicelib.store.conditions import held
from chalicelib.store.foreseen import Foreseen
from chalicelib.store.tables import Defaults, Table, key, table_name

SHARDS = 8
MAX_AGE = 5_000
"""Milliseconds; short, as an application that has just subscribed waits for what its devices say."""
RECORD = Kind(Record, frozenset({"tenant", "id", "revision", "expires", "due"}))


class RecordsDueIndex(GlobalSecondaryIndex["RecordItem"]):
    """Sparse: those that the sweep is to find, by when."""

    class Meta:
        index_name = "due"
        projection = KeysOnlyProjection()

    shard = NumberAttribute(hash_key=True)
    check_at = NumberAttribute(range_key=True)


class RecordItem(Table):
    """A tenant's records of one kind in order of their ids."""

    class Meta(Defaults):
        table_name = table_name("records")

    pk = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)
    revision = NumberAttribute()
    ttl = NumberAttribute(null=True)
    shard = NumberAttribute(null=True)
    check_at = NumberAttribute(null=True)
    doc = UnicodeAttribute()
    by_due = RecordsDueIndex()


class RecordTable:
    def __init__(self) -> None:
        self._foreseen: Foreseen[Record] = Foreseen()

    def create(self, record: Record) -> bool:
        # Two clients making the same thing at once: one of them made it.
        return _saved(_item(record), RecordItem.id.does_not_exist())

    def put(self, record: Record) -> None:
        _item(record).save()

    def get(self, tenant: str, kind: str, record: str) -> Record | None:
        return _read(tenant, kind, record, consistent=True)

    def glance(self, tenant: str, kind: str, record: str) -> Record | None:
        return self._foreseen.look(
            (tenant, kind, record),
            lambda: _read(tenant, kind, record, consistent=False),
            lambda: self.get(tenant, kind, record),
        )

    @contextmanager
    def foreseen(self, names: Sequence[tuple[str, str, str]]) -> Iterator[list[Record | None]]:
        wanted = {(key(tenant, kind), record): tenant for tenant, kind, record in names}
        found = {(item.pk, item.id): _load(wanted[item.pk, item.id], item) for item in RecordItem.glances(wanted)}
        values = [found.get((key(tenant, kind), record)) for tenant, kind, record in names]
        with self._foreseen.holding(dict(zip(names, values, strict=True))):
            yield values

    def replace(self, old: Record, new: Record) -> bool:
        # Whoever wrote or deleted it since `old` was read has won.
        changed = replace(new, revision=old.revision + 1)
        return _saved(_item(changed), RecordItem.revision == old.revision)

    def delete(self, tenant: str, kind: str, record: str) -> None:
        RecordItem(key(tenant, kind), record).delete()

    def page(self, tenant: str, kind: str, *, after: str | None, limit: int) -> Page[Record]:
        bound = RecordItem.id > after if after is not None else None
        found = [
            _load(tenant, item)
            for item in RecordItem.query(key(tenant, kind), bound, limit=limit + 1, consistent_read=True)
        ]
        return Page(found[:limit], found[limit - 1].id if len(found) > limit else None)

    def count(self, tenant: str, kind: str) -> int:
        return RecordItem.count(key(tenant, kind), consistent_read=True)

    def due(self, *, after: int, until: int) -> Iterator[tuple[str, str, str]]:
        for shard in range(SHARDS):
            for item in RecordItem.by_due.query(shard, RecordItem.check_at.between(after + 1, until)):
                tenant, _, kind = item.pk.partition("#")
                yield tenant, kind, item.id


class AnnouncingRecords(RecordTable):
    """The records, telling a cache beside them what was written."""

    def __init__(self, cache: Cache[Page[Record]]) -> None:
        super().__init__()
        self._cache = cache

    def create(self, record: Record) -> bool:
        created = super().create(record)
        self._cache.forget(key(record.tenant, record.kind))
        return created

    def put(self, record: Record) -> None:
        super().put(record)
        self._cache.forget(key(record.tenant, record.kind))

    def replace(self, old: Record, new: Record) -> bool:
        replaced = super().replace(old, new)
        self._cache.forget(key(old.tenant, old.kind))
        return replaced

    def delete(self, tenant: str, kind: str, record: str) -> None:
        super().delete(tenant, kind, record)
        self._cache.forget(key(tenant, kind))


class CachedRecords(AnnouncingRecords):
    """First pages may be MAX_AGE old: what every message of a device asks for costs it no read."""

    def page(self, tenant: str, kind: str, *, after: str | None, limit: int) -> Page[Record]:
        if after is not None:
            return super().page(tenant, kind, after=after, limit=limit)
        name = key(tenant, kind)
        found = self._cache.get(name, lambda: RecordTable.page(self, tenant, kind, after=None, limit=limit))
        return found or Page([], None)


def _read(tenant: str, kind: str, record: str, *, consistent: bool) -> Record | None:
    try:
        return _load(tenant, RecordItem.get(key(tenant, kind), record, consistent_read=consistent))
    except RecordItem.DoesNotExist:
        return None


def _saved(item: RecordItem, condition: Condition) -> bool:
    return held(lambda: item.save(condition=condition))


def _item(record: Record) -> RecordItem:
    return RecordItem(
        key(record.tenant, record.kind),
        record.id,
        revision=record.revision,
        ttl=record.expires,
        shard=None if record.due is None else crc32(f"{record.tenant}#{record.id}".encode()) % SHARDS,
        check_at=record.due,
        doc=RECORD.dump(record),
    )


def _load(tenant: str, item: RecordItem) -> Record:
    expires, due = (None if moment is None else int(moment) for moment in (item.ttl, item.check_at))
    return RECORD.load(item.doc, tenant=tenant, id=item.id, revision=int(item.revision), expires=expires, due=due)
