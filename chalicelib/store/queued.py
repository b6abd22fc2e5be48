from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute

from chalicelib.fleet.queues.records import Queue, QueuedMessage, position
from chalicelib.store.tables import Defaults, Table, key, table_name


class QueuedItem(Table):
    """The messages of a queue in order of their positions; `ttl` is DynamoDB's, which is days late at times."""

    class Meta(Defaults):
        table_name = table_name("queued")

    pk = UnicodeAttribute(hash_key=True)
    position = UnicodeAttribute(range_key=True)
    queue = UnicodeAttribute()
    event = UnicodeAttribute()
    number = NumberAttribute()
    total = NumberAttribute()
    ttl = NumberAttribute(null=True)
    ordering = UnicodeAttribute(null=True)
    payload = BinaryAttribute(legacy_encoding=False)


class QueuedTable:
    def put(self, *messages: QueuedMessage) -> None:
        if len(messages) == 1:
            _item(messages[0]).save()
            return
        with QueuedItem.batch_write() as batch:
            for message in messages:
                batch.save(_item(message))

    def known(self, queue: Queue, at: int, event: str) -> bool:
        moment = QueuedItem.position.between(position(at, 0), position(at, (1 << 52) - 1))
        found = QueuedItem.query(_pk(queue), moment, consistent_read=True, attributes_to_get=["event"])
        return any(item.event == event for item in found)

    def oldest(self, queue: Queue, now: int, *, limit: int, after: str = "") -> list[QueuedMessage]:
        first = queue.first_position(now)
        bound = QueuedItem.position >= first if first else None
        if after >= first and after:
            bound = QueuedItem.position > after
        return [
            _load(queue, item)
            for item in QueuedItem.query(_pk(queue), bound, limit=limit, consistent_read=True, page_size=limit)
        ]

    def newest(self, queue: Queue) -> QueuedMessage | None:
        found = QueuedItem.query(_pk(queue), limit=1, consistent_read=True, scan_index_forward=False)
        return next((_load(queue, item) for item in found), None)

    def delete(self, message: QueuedMessage) -> None:
        QueuedItem(key(message.tenant, message.queue_id), message.position).delete()


def _pk(queue: Queue) -> str:
    return key(queue.tenant, queue.id)


def _item(message: QueuedMessage) -> QueuedItem:
    return QueuedItem(
        key(message.tenant, message.queue_id),
        message.position,
        queue=message.queue,
        event=message.event,
        number=message.number,
        total=message.total,
        ttl=None if message.expires is None else -(-message.expires // 1000),
        ordering=message.ordering or None,
        payload=message.payload,
    )


def _load(queue: Queue, item: QueuedItem) -> QueuedMessage:
    return QueuedMessage(
        tenant=queue.tenant,
        queue=item.queue,
        queue_id=queue.id,
        position=item.position,
        event=item.event,
        payload=bytes(item.payload),
        number=int(item.number),
        total=int(item.total),
        expires=None if item.ttl is None else int(item.ttl) * 1000,
        ordering=item.ordering or "",
    )
