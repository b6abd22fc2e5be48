from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.models import Model

from chalicelib.fleet.keys import ApiKey
from chalicelib.store import documents
from chalicelib.store.tables import Defaults, table_name


class KeyItem(Model):
    class Meta(Defaults):
        table_name = table_name("keys")

    tenant = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)
    ttl = NumberAttribute(null=True)
    doc = UnicodeAttribute()


class KeyTable:
    """API keys; a secret names its tenant and key, so one get answers for it. Sessions that are over are removed."""

    def get(self, tenant: str, key: str) -> ApiKey | None:
        try:
            item = KeyItem.get(tenant, key, consistent_read=True)
        except KeyItem.DoesNotExist:
            return None
        return _load(item)

    def put(self, key: ApiKey) -> None:
        text = documents.dump(key, without=frozenset({"tenant", "id"}))
        ends = key.valid_to // 1000 if key.session and key.valid_to is not None else None
        KeyItem(key.tenant, key.id, ttl=ends, doc=text).save()

    def delete(self, tenant: str, key: str) -> None:
        KeyItem(tenant, key).delete()

    def all(self, tenant: str) -> list[ApiKey]:
        return [_load(item) for item in KeyItem.query(tenant, consistent_read=True)]


def _load(item: KeyItem) -> ApiKey:
    return documents.load(ApiKey, item.doc, tenant=item.tenant, id=item.id)
