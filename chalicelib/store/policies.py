from typing import TYPE_CHECKING

from pynamodb.attributes import UnicodeAttribute

from chalicelib.fleet.policies import ActionPolicy
from chalicelib.fleet.quotas import Share
from chalicelib.store import documents, usages
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

    def create(self, policy: ActionPolicy, share: Share | None = None) -> bool:
        # Two clients make a policy of one id at once: one of them makes it.
        made = usages.saved(_item(policy), PolicyItem.id.does_not_exist(), share)
        self._cache.forget(policy.tenant)
        return made

    def put(self, policy: ActionPolicy) -> None:
        _item(policy).save()
        self._cache.forget(policy.tenant)

    def delete(self, tenant: str, policy: str, share: Share | None = None) -> None:
        # Two deletions at once: one of them gives the share back.
        usages.removed(PolicyItem(tenant, policy), PolicyItem.id.exists() if share else None, share)
        self._cache.forget(tenant)


def _item(policy: ActionPolicy) -> PolicyItem:
    return PolicyItem(policy.tenant, policy.id, doc=documents.dump(policy, without=_OWN))
