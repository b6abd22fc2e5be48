import zlib
from collections.abc import Iterator

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection

from chalicelib.fleet.queues.records import Queue
from chalicelib.fleet.tenancy.records import Share
from chalicelib.store import usages
from chalicelib.store.conditions import held
from chalicelib.store.tables import Defaults, Table, table_name

SHARDS = 4


class AttendedIndex(GlobalSecondaryIndex["QueueItem"]):
    """Sparse: the queues that have consumers, for the sweep."""

    class Meta:
        index_name = "attended"
        projection = KeysOnlyProjection()

    shard = NumberAttribute(hash_key=True)


class QueueItem(Table):
    """A queue and its counters; every publish adds to them, so that one queue takes about 1,000 messages a second."""

    class Meta(Defaults):
        table_name = table_name("queues")

    tenant = UnicodeAttribute(hash_key=True)
    name = UnicodeAttribute(range_key=True)
    id = UnicodeAttribute()
    created = NumberAttribute()
    max_bytes = NumberAttribute(null=True)
    ttl_seconds = NumberAttribute(null=True)
    number = NumberAttribute(default=0)
    total = NumberAttribute(default=0)
    tail = NumberAttribute(default=0)
    attended = BooleanAttribute(default=False)
    shard = NumberAttribute(null=True)
    holder = UnicodeAttribute(null=True)
    leased_until = NumberAttribute(default=0)
    by_attended = AttendedIndex()


class QueueTable:
    def create(self, queue: Queue, share: Share | None = None) -> bool:
        # Two creations of one name at once: one of them makes it.
        item = QueueItem(
            queue.tenant,
            queue.name,
            id=queue.id,
            created=queue.created,
            max_bytes=queue.max_bytes,
            ttl_seconds=queue.ttl,
            attended=queue.attended,
            shard=_shard(queue.name) if queue.attended else None,
        )
        return usages.saved(item, QueueItem.name.does_not_exist(), share)

    def get(self, tenant: str, queue: str) -> Queue | None:
        try:
            return _load(QueueItem.get(tenant, queue, consistent_read=True))
        except QueueItem.DoesNotExist:
            return None

    def all(self, tenant: str) -> list[Queue]:
        return [_load(item) for item in QueueItem.query(tenant, consistent_read=True)]

    def delete(self, queue: Queue, share: Share | None = None) -> None:
        # It may have been deleted and made anew since it was read.
        usages.removed(QueueItem(queue.tenant, queue.name), QueueItem.id == queue.id, share)

    def draw(self, queue: Queue, size: int, count: int = 1) -> Queue | None:
        # Publishers only add: however many there are at once, each gets a number of its own.
        item = QueueItem(queue.tenant, queue.name)
        actions = [QueueItem.number.add(count), QueueItem.total.add(size)]
        return _load(item) if _updated(item, actions, QueueItem.id == queue.id) else None

    def attend(self, tenant: str, queue: str, *, attended: bool) -> Queue | None:
        item = QueueItem(tenant, queue)
        shard = QueueItem.shard.set(_shard(queue)) if attended else QueueItem.shard.remove()
        # A queue that was deleted meanwhile does not come back by being listened to.
        actions = [QueueItem.attended.set(attended), shard]
        return _load(item) if _updated(item, actions, QueueItem.id.exists()) else None

    def lease(self, queue: Queue, holder: str, now: int, until: int) -> bool:
        # Two pumps for one queue would break its order: one takes the lease, or the holder renews it.
        free = QueueItem.holder.does_not_exist() | (QueueItem.holder == holder) | (QueueItem.leased_until <= now)
        actions = [QueueItem.holder.set(holder), QueueItem.leased_until.set(until)]
        return _updated(QueueItem(queue.tenant, queue.name), actions, (QueueItem.id == queue.id) & free)

    def release(self, queue: Queue, holder: str) -> None:
        # Another pump may hold it by now, because ours was late to renew.
        actions = [QueueItem.holder.remove(), QueueItem.leased_until.set(0)]
        _updated(QueueItem(queue.tenant, queue.name), actions, QueueItem.holder == holder)

    def move_tail(self, queue: Queue, tail: int) -> None:
        # Two publishers trim at once, each from what it saw: the tail never goes back.
        condition = (QueueItem.id == queue.id) & (QueueItem.tail < tail)
        _updated(QueueItem(queue.tenant, queue.name), [QueueItem.tail.set(tail)], condition)

    def attended(self) -> Iterator[tuple[str, str]]:
        for shard in range(SHARDS):
            for item in QueueItem.by_attended.query(shard):
                yield item.tenant, item.name


def _shard(name: str) -> int:
    return zlib.crc32(name.encode()) % SHARDS


def _updated(item: QueueItem, actions: list, condition: object) -> bool:  # type: ignore[type-arg]
    return held(lambda: item.update(actions=actions, condition=condition))  # type: ignore[arg-type]


def _load(item: QueueItem) -> Queue:
    return Queue(
        tenant=item.tenant,
        name=item.name,
        id=item.id,
        created=int(item.created),
        max_bytes=None if item.max_bytes is None else int(item.max_bytes),
        ttl=None if item.ttl_seconds is None else int(item.ttl_seconds),
        number=int(item.number),
        total=int(item.total),
        tail=int(item.tail),
        attended=item.attended,
        holder=item.holder,
        leased_until=int(item.leased_until),
    )
