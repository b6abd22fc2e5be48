from dataclasses import replace

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.fleet.queues.consumers import REMEMBERED, Consumer, Link
from chalicelib.fleet.shapes import Kind
from chalicelib.store.conditions import held
from chalicelib.store.tables import Defaults, Table, key, table_name

CONSUMER = Kind(Consumer, frozenset({"tenant", "client", "revision"}))


class ConsumerItem(Table):
    class Meta(Defaults):
        table_name = table_name("consumers")

    pk = UnicodeAttribute(hash_key=True)
    revision = NumberAttribute()
    ttl = NumberAttribute()
    doc = UnicodeAttribute()


class LinkItem(Table):
    """The clients that may listen to a queue."""

    class Meta(Defaults):
        table_name = table_name("listeners")

    queue = UnicodeAttribute(hash_key=True)
    client = UnicodeAttribute(range_key=True)
    mark = UnicodeAttribute()
    at = NumberAttribute()
    ttl = NumberAttribute()


class ConsumerTable:
    def get(self, tenant: str, client: str) -> Consumer | None:
        try:
            item = ConsumerItem.get(key(tenant, client), consistent_read=True)
        except ConsumerItem.DoesNotExist:
            return None
        return CONSUMER.load(item.doc, tenant=tenant, client=client, revision=int(item.revision))

    def replace(self, old: Consumer, new: Consumer) -> bool:
        stored = replace(new, revision=old.revision + 1)
        item = ConsumerItem(
            key(new.tenant, new.client),
            revision=stored.revision,
            ttl=new.updated // 1000 + REMEMBERED,
            doc=CONSUMER.dump(stored),
        )
        # A connection that begins and one that ends are told at the same time: each change builds on the other.
        unchanged = ConsumerItem.revision == old.revision
        return held(lambda: item.save(condition=unchanged if old.revision else ConsumerItem.pk.does_not_exist()))

    def link(self, link: Link) -> None:
        ttl = link.at // 1000 + REMEMBERED
        LinkItem(key(link.tenant, link.queue), link.client, mark=link.mark, at=link.at, ttl=ttl).save()

    def links(self, tenant: str, queue: str) -> list[Link]:
        found = LinkItem.query(key(tenant, queue), consistent_read=True)
        return [Link(tenant, queue, item.client, item.mark, int(item.at)) for item in found]

    def unlink(self, link: Link) -> None:
        # The client may have subscribed anew since the hint was read.
        held(lambda: LinkItem(key(link.tenant, link.queue), link.client).delete(condition=LinkItem.mark == link.mark))
