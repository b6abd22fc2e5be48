from collections.abc import Sequence
from dataclasses import replace

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection

from chalicelib.fleet.ports import Page
from chalicelib.fleet.presence.mailbox import Mailbox
from chalicelib.fleet.shapes import Kind
from chalicelib.store.conditions import held
from chalicelib.store.counting import counted
from chalicelib.store.tables import Defaults, Table, key, table_name

MAILBOX = Kind(Mailbox, frozenset({"tenant", "device", "revision"}))


class OnlineIndex(GlobalSecondaryIndex["MailboxItem"]):
    """Sparse: the devices of a tenant that are connected."""

    class Meta:
        index_name = "online"
        projection = KeysOnlyProjection()

    online = UnicodeAttribute(hash_key=True)
    device = UnicodeAttribute(range_key=True)


class MailboxItem(Table):
    class Meta(Defaults):
        table_name = table_name("mailboxes")

    pk = UnicodeAttribute(hash_key=True)
    tenant = UnicodeAttribute()
    device = UnicodeAttribute()
    revision = NumberAttribute()
    online = UnicodeAttribute(null=True)
    doc = UnicodeAttribute()
    by_online = OnlineIndex()


class MailboxTable:
    def get(self, tenant: str, device: str) -> Mailbox | None:
        try:
            item = MailboxItem.get(key(tenant, device), consistent_read=True)
        except MailboxItem.DoesNotExist:
            return None
        return _load(item)

    def some(self, tenant: str, devices: Sequence[str]) -> dict[str, Mailbox]:
        found = MailboxItem.batch_get([key(tenant, device) for device in devices], consistent_read=True)
        return {item.device: _load(item) for item in found}

    def online(self, tenant: str, *, after: str | None, limit: int, descending: bool = False) -> Page[str]:
        bound = None
        if after is not None:
            bound = MailboxItem.device < after if descending else MailboxItem.device > after
        found = MailboxItem.by_online.query(tenant, bound, limit=limit + 1, scan_index_forward=not descending)
        ids = [item.device for item in found]
        return Page(ids[:limit], ids[limit - 1] if len(ids) > limit else None)

    def count_online(self, tenant: str, most: int) -> int:
        return counted(MailboxItem, tenant, None, most, OnlineIndex.Meta.index_name)

    def replace(self, old: Mailbox, new: Mailbox) -> bool:
        # Whoever wrote since `old` was read (another delivery, an answer, a lifecycle event, a deletion) has won.
        return held(
            lambda: item_of(replace(new, revision=old.revision + 1)).save(
                condition=MailboxItem.revision == old.revision
            )
        )


def item_of(mailbox: Mailbox) -> MailboxItem:
    return MailboxItem(
        key(mailbox.tenant, mailbox.device),
        tenant=mailbox.tenant,
        device=mailbox.device,
        revision=mailbox.revision,
        online=mailbox.tenant if mailbox.online else None,
        doc=MAILBOX.dump(mailbox),
    )


def _load(item: MailboxItem) -> Mailbox:
    return MAILBOX.load(item.doc, tenant=item.tenant, device=item.device, revision=int(item.revision))
