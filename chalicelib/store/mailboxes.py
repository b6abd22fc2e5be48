from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from heapq import merge
from itertools import islice
from zlib import crc32

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection

from chalicelib.fleet.ports import Page
from chalicelib.fleet.presence.mailbox import Mailbox
from chalicelib.fleet.shapes import Kind
from chalicelib.store.conditions import held
from chalicelib.store.counting import counted
from chalicelib.store.foreseen import Foreseen
from chalicelib.store.tables import Defaults, Table, key, table_name

MAILBOX = Kind(Mailbox, frozenset({"tenant", "device", "revision"}))


SHARDS = 16
"""A fleet that comes back writes twice a device into this index: at 3,000 CONNECTs a second 375 times into each key."""


class OnlineIndex(GlobalSecondaryIndex["MailboxItem"]):
    """Sparse: the devices of a tenant that are connected, in shards."""

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
    def __init__(self) -> None:
        self._foreseen: Foreseen[Mailbox] = Foreseen()

    def get(self, tenant: str, device: str) -> Mailbox | None:
        return _read(tenant, device, consistent=True)

    def glance(self, tenant: str, device: str) -> Mailbox | None:
        return self._foreseen.look(
            (tenant, device), lambda: _read(tenant, device, consistent=False), lambda: self.get(tenant, device)
        )

    @contextmanager
    def foreseen(self, names: Sequence[tuple[str, str]]) -> Iterator[None]:
        found = {(item.tenant, item.device): _load(item) for item in MailboxItem.glances(key(*name) for name in names)}
        with self._foreseen.holding({name: found.get(name) for name in names}):
            yield

    def some(self, tenant: str, devices: Sequence[str]) -> dict[str, Mailbox]:
        found = MailboxItem.batch_get([key(tenant, device) for device in devices], consistent_read=True)
        return {item.device: _load(item) for item in found}

    def online(self, tenant: str, *, after: str | None, limit: int, descending: bool = False) -> Page[str]:
        bound = None
        if after is not None:
            bound = MailboxItem.device < after if descending else MailboxItem.device > after
        forward, most = not descending, limit + 1
        shards = (
            [item.device for item in MailboxItem.by_online.query(name, bound, limit=most, scan_index_forward=forward)]
            for name in _shards(tenant)
        )
        ids = list(islice(merge(*shards, reverse=descending), most))
        return Page(ids[:limit], ids[limit - 1] if len(ids) > limit else None)

    def count_online(self, tenant: str, most: int) -> int:
        found = 0
        for name in _shards(tenant):
            found += counted(MailboxItem, name, None, most - found, OnlineIndex.Meta.index_name)
        return found

    def replace(self, old: Mailbox, new: Mailbox) -> bool:
        # Whoever wrote since `old` was read (another delivery, an answer, a lifecycle event, a deletion) has won.
        return held(
            lambda: item_of(replace(new, revision=old.revision + 1)).save(
                condition=MailboxItem.revision == old.revision
            )
        )


def _read(tenant: str, device: str, *, consistent: bool) -> Mailbox | None:
    try:
        return _load(MailboxItem.get(key(tenant, device), consistent_read=consistent))
    except MailboxItem.DoesNotExist:
        return None


def _shards(tenant: str) -> Iterator[str]:
    return (key(tenant, str(number)) for number in range(SHARDS))


def _shard(tenant: str, device: str) -> str:
    return key(tenant, str(crc32(device.encode()) % SHARDS))


def item_of(mailbox: Mailbox) -> MailboxItem:
    return MailboxItem(
        key(mailbox.tenant, mailbox.device),
        tenant=mailbox.tenant,
        device=mailbox.device,
        revision=mailbox.revision,
        online=_shard(mailbox.tenant, mailbox.device) if mailbox.online else None,
        doc=MAILBOX.dump(mailbox),
    )


def _load(item: MailboxItem) -> Mailbox:
    return MAILBOX.load(item.doc, tenant=item.tenant, device=item.device, revision=int(item.revision))
