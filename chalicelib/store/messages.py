import json
import zlib
from collections.abc import Iterator, Mapping, Sequence

from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition

from chalicelib.fleet.data.deletions import Tombstone
from chalicelib.fleet.data.records import DataMessage, StreamUse
from chalicelib.fleet.ids import first_id
from chalicelib.fleet.presence.mailbox import Counted
from chalicelib.fleet.shapes import Kind
from chalicelib.store import tombstones
from chalicelib.store.conditions import held
from chalicelib.store.objects import Objects
from chalicelib.store.tables import Defaults, Table, key, table_name

MAX_ITEM = 350_000
"""Bytes a document may have inside an item (DynamoDB allows 400 KB with keys); bigger ones go to the object store."""
_COMPRESS_FROM = 600
_STREAMS = 1000
MESSAGE = Kind(DataMessage, frozenset({"tenant", "stream", "id"}))
_PLAIN, _DEFLATED, _ELSEWHERE = b"j", b"z", b"o"
_REMOVED = b"-"
"""It was here: what is left of one that was removed, so that the same event delivered again does not bring it back."""


class MessageItem(Table):
    """A stream's messages in order of their time stamps; the first byte of `doc` says how the rest is kept."""

    class Meta(Defaults):
        table_name = table_name("messages")

    stream = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)
    ttl = NumberAttribute()
    doc = BinaryAttribute(legacy_encoding=False)


class StreamItem(Table):
    """How often a device sent into a stream."""

    class Meta(Defaults):
        table_name = table_name("streams")

    device = UnicodeAttribute(hash_key=True)
    stream = UnicodeAttribute(range_key=True)
    messages = NumberAttribute()
    last = NumberAttribute()
    ttl = NumberAttribute()


class MessageTable:
    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def put(self, message: DataMessage, kept: int) -> bool:
        # The same event arriving twice, perhaps at once, is one message: only the first is counted.
        return held(lambda: self._item(message, kept).save(condition=MessageItem.id.does_not_exist()))

    def put_new(self, messages: Sequence[DataMessage], kept: int) -> None:
        with MessageItem.batch_write() as batch:
            for message in messages:
                batch.save(self._item(message, kept))

    def _item(self, message: DataMessage, kept: int) -> MessageItem:
        body = MESSAGE.dump(message).encode()
        packed = _PLAIN + body if len(body) < _COMPRESS_FROM else _DEFLATED + zlib.compress(body, 6)
        if len(packed) > MAX_ITEM:
            name = f"messages/{message.tenant}/{message.id}"
            self._objects.put(name, packed)
            packed = _ELSEWHERE + json.dumps(name).encode()
        ttl = message.created // 1000 + kept
        return MessageItem(key(message.tenant, message.stream), message.id, ttl=ttl, doc=packed)

    def count(
        self,
        tenant: str,
        device: str,
        stream: str,
        at: int,
        times: int = 1,
        *,
        kept: int,
        sparing: bool | None = None,  # noqa: ARG002 - each is counted at once
    ) -> None:
        StreamItem(key(tenant, device), stream).update(
            actions=[
                StreamItem.messages.add(times),
                StreamItem.last.set(at),
                StreamItem.ttl.set(at // 1000 + kept),
            ]
        )

    def uncounted(self, _tenant: str, _device: str) -> Mapping[str, Counted]:
        return {}

    def counted(self, tenant: str, device: str, counts: Mapping[str, Counted]) -> None:
        """Nothing waits here."""

    def streams(self, tenant: str, device: str) -> list[StreamUse]:
        found = StreamItem.query(key(tenant, device), limit=_STREAMS)
        return [StreamUse(item.stream, int(item.messages), int(item.last)) for item in found]

    def page(
        self,
        tenant: str,
        stream: str,
        *,
        start: int | None,
        end: int | None,
        before: str | None,
        limit: int,
        ascending: bool = False,
    ) -> list[DataMessage]:
        condition = _from(start, end, before) if ascending else _between(start, end, before)
        if condition is None:
            return []
        found = MessageItem.query(
            key(tenant, stream),
            condition,
            MessageItem.doc != _REMOVED,
            scan_index_forward=ascending,
            limit=limit + 1,
            consistent_read=True,
        )
        beyond = {before, first_id(end) if end is not None else None}
        items = [item for item in found if item.id not in beyond]
        return [self._load(tenant, stream, item) for item in items[:limit]]

    def get(self, tenant: str, stream: str, message: str) -> DataMessage | None:
        item = _present(tenant, stream, message)
        return None if item is None else self._load(tenant, stream, item)

    def replace(self, old: DataMessage, new: DataMessage) -> bool:
        present = _present(old.tenant, old.stream, old.id)
        if present is None or self._load(old.tenant, old.stream, present) != old:
            return False
        doc, unchanged = self._item(new, 0).doc, MessageItem.doc == present.doc
        # Somebody may have written or removed it since.
        return held(lambda: present.update(actions=[MessageItem.doc.set(doc)], condition=unchanged))

    def remove(self, message: DataMessage, until: int) -> None:
        item = _present(message.tenant, message.stream, message.id)
        if item is None:
            return
        self._forget(item, self._load(message.tenant, message.stream, item))
        # Whoever changes it at the same time finds it gone, or is overwritten: it goes in any case.
        item.update(actions=[MessageItem.doc.set(_REMOVED), MessageItem.ttl.set(until // 1000)])

    def bury(self, tombstone: Tombstone) -> None:
        tombstones.put(tombstone)

    def tombstones(self, tenant: str, stream: str) -> list[Tombstone]:
        return tombstones.of_stream(tenant, stream)

    def unbury(self, tombstone: Tombstone) -> None:
        tombstones.remove(tombstone)

    def buried(self, until: int) -> Iterator[tuple[str, str, str]]:
        return tombstones.due(until)

    def clear(self, tombstone: Tombstone, limit: int) -> str | None:
        tenant, stream = tombstone.tenant, tombstone.stream
        condition = _between(tombstone.start, tombstone.end, tombstone.cursor)
        if condition is None:
            return None
        items = list(
            MessageItem.query(
                key(tenant, stream), condition, scan_index_forward=False, limit=limit, consistent_read=True
            )
        )
        with MessageItem.batch_write() as batch:
            for item in items:
                if bytes(item.doc) == _REMOVED:
                    continue
                found = self._load(tenant, stream, item)
                if tombstone.hides(found):
                    self._forget(item, found)
                    batch.delete(item)
        return items[-1].id if len(items) == limit else None

    def _forget(self, item: MessageItem, message: DataMessage) -> None:
        """What of it stands elsewhere; before the item itself, which alone knows where."""
        packed = bytes(item.doc)
        if message.attachment is not None:
            self._objects.delete(message.attachment.file)
        if packed[:1] == _ELSEWHERE:
            self._objects.delete(json.loads(packed[1:]))

    def _load(self, tenant: str, stream: str, item: MessageItem) -> DataMessage:
        packed = bytes(item.doc)
        if packed[:1] == _ELSEWHERE:
            packed = self._objects.get(json.loads(packed[1:]))
        body = zlib.decompress(packed[1:]) if packed[:1] == _DEFLATED else packed[1:]
        return MESSAGE.load(body.decode(), tenant=tenant, stream=stream, id=item.id)


def _present(tenant: str, stream: str, message: str) -> MessageItem | None:
    try:
        item = MessageItem.get(key(tenant, stream), message, consistent_read=True)
    except MessageItem.DoesNotExist:
        return None
    return None if bytes(item.doc) == _REMOVED else item


def _between(start: int | None, end: int | None, before: str | None) -> Condition | None:
    """Ids from `start` up to `end` and to `before`, that one included; None where there can be none."""
    low = first_id(start or 0)
    bounds = [first_id(end)] if end is not None else []
    bounds += [before] if before is not None else []
    if not bounds:
        return MessageItem.id >= low
    return None if min(bounds) <= low else MessageItem.id.between(low, min(bounds))


def _from(start: int | None, end: int | None, after: str | None) -> Condition | None:
    """As `_between`, from `after` on, that one included."""
    low = max(first_id(start or 0), after or "")
    if end is None:
        return MessageItem.id >= low
    return None if first_id(end) <= low else MessageItem.id.between(low, first_id(end))
