from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import DeleteError, PutError
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection

from chalicelib.fleet.claims import Claim
from chalicelib.fleet.consumers import REMEMBERED
from chalicelib.fleet.ports import Page
from chalicelib.store import documents
from chalicelib.store.tables import Defaults, Table, condition_failed, key, table_name


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
        try:
            item = ClaimItem.get(client, consistent_read=True)
        except ClaimItem.DoesNotExist:
            return None
        return documents.load(Claim, item.doc, client=item.client, tenant=item.tenant)

    def put_new(self, claim: Claim) -> bool:
        # Two first connections with one id, perhaps of two tenants: one of them owns it.
        try:
            _item(claim).save(condition=ClaimItem.client.does_not_exist())
        except PutError as error:
            if condition_failed(error):
                return False
            raise
        return True

    def replace(self, old: Claim, new: Claim) -> bool:
        # A disabled interface, a release or another tenant's claim since `old` was read must not be written over.
        stored = _item(old)
        try:
            _item(new).save(condition=(ClaimItem.tenant == stored.tenant) & (ClaimItem.doc == stored.doc))
        except PutError as error:
            if condition_failed(error):
                return False
            raise
        return True

    def of_key(self, tenant: str, key_id: str, *, after: str | None, limit: int) -> Page[str]:
        bound = ClaimItem.client > after if after is not None else None
        found = [item.client for item in ClaimItem.by_key.query(key(tenant, key_id), bound, limit=limit + 1)]
        return Page(found[:limit], found[limit - 1] if len(found) > limit else None)

    def release(self, tenant: str, client: str) -> None:
        # The id may have been released and taken by another tenant already.
        try:
            ClaimItem(client).delete(condition=ClaimItem.tenant == tenant)
        except DeleteError as error:
            if not condition_failed(error):
                raise


def _item(claim: Claim) -> ClaimItem:
    text = documents.dump(claim, without=frozenset({"client", "tenant"}))
    ttl = None if claim.seen is None else claim.seen // 1000 + REMEMBERED
    opened = key(claim.tenant, claim.key) if claim.key else None
    return ClaimItem(claim.client, tenant=claim.tenant, key=opened, ttl=ttl, doc=text)
