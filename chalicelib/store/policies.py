from typing import TYPE_CHECKING

from pynamodb.attributes import UnicodeAttribute

from chalicelib.fleet.policies import ActionPolicy
from chalicelib.store import documents
from chalicelib.store.tables import Defaults, Table, table_name

if TYPE_CHECKING:
    from chalicelib.store.cache import Cache

_OWN = frozenset({"tenant", "id"})


class PolicyItem(Table):
    class Meta(Defaults):
        table_name = table_name("policies")

    tenant = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)
    doc = UnicodeAttribute()


class PolicyTable:
    """Action policies. An instance that has asked for a tenant's knows them for as long as `cache` keeps them."""

    def __init__(self, cache: "Cache[list[ActionPolicy]]") -> None:
        self._cache = cache

    def all(self, tenant: str) -> list[ActionPolicy]:
        found = PolicyItem.query(tenant, consistent_read=True)
        return [documents.load(ActionPolicy, item.doc, tenant=tenant, id=item.id) for item in found]

    def known(self, tenant: str) -> list[ActionPolicy]:
        return self._cache.get(tenant, lambda: self.all(tenant)) or []

    def put(self, policy: ActionPolicy) -> None:
        PolicyItem(policy.tenant, policy.id, doc=documents.dump(policy, without=_OWN)).save()
        self._cache.forget(policy.tenant)

    def delete(self, tenant: str, policy: str) -> None:
        PolicyItem(tenant, policy).delete()
        self._cache.forget(tenant)
