from collections.abc import Iterable, Sequence
from dataclasses import replace

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.transactions import TransactWrite

from chalicelib.fleet.ports import Page
from chalicelib.fleet.presence.claims import MEMORY, Change, Claim
from chalicelib.fleet.queues.consumers import REMEMBERED
from chalicelib.fleet.shapes import Kind
from chalicelib.fleet.tenancy.records import Share
from chalicelib.store import usages
from chalicelib.store.tables import (
    Defaults,
    Table,
    failed_conditions,
    key,
    shared_connection,
    table_name,
)

CLAIM = Kind(Claim, frozenset({"client", "tenant"}))
"""Compared by its text: a claim whose shape is upgraded would never be the one that was read. See `unchanged`."""


class KeyIndex(GlobalSecondaryIndex["ClaimItem"]):
    """The clients whose last connection was opened with a key."""

    class Meta:
        index_name = "by_key"
        projection = KeysOnlyProjection()

    key = UnicodeAttribute(hash_key=True)
    client = UnicodeAttribute(range_key=True)


class ClaimItem(Table):
    """Keyed by client id alone: the broker's client ids belong to the whole account."""

    class Meta(Defaults):
        table_name = table_name("claims")

    client = UnicodeAttribute(hash_key=True)
    tenant = UnicodeAttribute()
    key = UnicodeAttribute(null=True)
    ttl = NumberAttribute(null=True)
    doc = UnicodeAttribute()
    by_key = KeyIndex()


class ClaimTable:
    def get(self, client: str) -> Claim | None:
        return _read(client, consistent=True)

    def glance(self, client: str) -> Claim | None:
        return _read(client, consistent=False)

    def current(self, client: str) -> Claim | None:
        return ClaimTable.get(self, client)

    def put_new(self, claim: Claim, share: Share | None = None) -> bool:
        # Two first connections with one id, perhaps of two tenants: one of them owns it.
        return usages.saved(_item(claim), ClaimItem.client.does_not_exist(), share)

    def replace(self, old: Claim, new: Claim, share: Share | None = None, returned: Share | None = None) -> bool:
        # A disabled interface, a release or another tenant's claim since `old` was read must not be written over.
        if returned is None:
            return usages.saved(_item(new), unchanged(old), share)
        try:
            with TransactWrite(connection=shared_connection()) as transaction:
                transaction.save(_item(new), condition=unchanged(old))
                usages.give_back(transaction, returned)
        except TransactWriteError as error:
            if any(failed_conditions(error)):
                return False
            raise
        return True

    def of_key(self, tenant: str, key_id: str, *, after: str | None, limit: int) -> Page[str]:
        bound = ClaimItem.client > after if after is not None else None
        found = [item.client for item in ClaimItem.by_key.query(key(tenant, key_id), bound, limit=limit + 1)]
        return Page(found[:limit], found[limit - 1] if len(found) > limit else None)

    def guests(self, tenant: str, keys: Iterable[str]) -> int:
        found = 0
        for key_id in keys:
            clients = [item.client for item in ClaimItem.by_key.query(key(tenant, key_id))]
            claims = (_load(item) for item in ClaimItem.batch_get(clients, consistent_read=True))
            found += sum(claim.guest and claim.tenant == tenant for claim in claims)
        return found


def _read(client: str, *, consistent: bool) -> Claim | None:
    try:
        return _load(ClaimItem.get(client, consistent_read=consistent))
    except ClaimItem.DoesNotExist:
        return None


def enter(transaction: TransactWrite, changes: Sequence[Change]) -> None:
    """Write claims that change with something else; their conditions come in this order."""
    for change in changes:
        transaction.save(_item(change.new), condition=unchanged(change.old))


def unchanged(old: Claim | None) -> Condition:
    if old is None:
        return ClaimItem.client.does_not_exist()
    stored = _item(old)
    same: Condition = (ClaimItem.tenant == stored.tenant) & (ClaimItem.doc == stored.doc)
    return same


def _load(item: ClaimItem) -> Claim:
    claim = CLAIM.load(item.doc, client=item.client, tenant=item.tenant)
    return replace(claim, key=claim.key or None)


def _item(claim: Claim) -> ClaimItem:
    # No key is kept as an empty one: a claim is compared by its text.
    text = CLAIM.dump(replace(claim, key=claim.key or ""))
    ttl = None if claim.seen is None else claim.seen // 1000 + REMEMBERED
    if claim.vacant:
        ttl = (claim.created + MEMORY) // 1000
    opened = key(claim.tenant, claim.key) if claim.key else None
    return ClaimItem(claim.client, tenant=claim.tenant, key=opened, ttl=ttl, doc=text)
