from dataclasses import replace

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import PutError
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.models import Model

from chalicelib.fleet.mailbox import Mailbox
from chalicelib.store import documents
from chalicelib.store.tables import Defaults, condition_failed, key, table_name

_OWN = frozenset({"tenant", "device", "revision"})


class OnlineIndex(GlobalSecondaryIndex["MailboxItem"]):
    """Sparse: the devices of a tenant that are connected."""

    class Meta:
        index_name = "online"
        projection = KeysOnlyProjection()

    online = UnicodeAttribute(hash_key=True)
    device = UnicodeAttribute(range_key=True)


class MailboxItem(Model):
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
        return documents.load(Mailbox, item.doc, tenant=item.tenant, device=item.device, revision=int(item.revision))

    def replace(self, old: Mailbox, new: Mailbox) -> bool:
        # Whoever wrote since `old` was read (another delivery, an answer, a lifecycle event, a deletion) has won.
        try:
            item_of(replace(new, revision=old.revision + 1)).save(condition=MailboxItem.revision == old.revision)
        except PutError as error:
            if condition_failed(error):
                return False
            raise
        return True


def item_of(mailbox: Mailbox) -> MailboxItem:
    return MailboxItem(
        key(mailbox.tenant, mailbox.device),
        tenant=mailbox.tenant,
        device=mailbox.device,
        revision=mailbox.revision,
        online=mailbox.tenant if mailbox.online else None,
        doc=documents.dump(mailbox, without=_OWN),
    )
