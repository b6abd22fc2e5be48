from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING

from pynamodb.attributes import UnicodeAttribute

from chalicelib.fleet.events.records import ActionPolicy, ActionState
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.shapes import Extensible, Kind
from chalicelib.fleet.tenancy.records import Share
from chalicelib.store import usages
from chalicelib.store.conditions import held
from chalicelib.store.tables import Defaults, Table, table_name

if TYPE_CHECKING:
    from chalicelib.store.cache import Cache

POLICY = Kind(ActionPolicy, frozenset({"tenant", "id", "states"}))


class PolicyItem(Table):
    class Meta(Defaults):
        table_name = table_name("policies")

    tenant = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)
    doc = UnicodeAttribute()
    states = UnicodeAttribute(null=True)


@dataclass(frozen=True, slots=True)
class _States(Extensible):
    """Has no field but this one, for ever: what is to be told of an action is told in its state."""

    actions: Mapping[str, ActionState] = field(default_factory=dict)


STATES = Kind(_States)


class PolicyTable:
    """Action policies. An instance that has asked for a tenant's knows them for as long as `cache` keeps them."""

    def __init__(self, cache: "Cache[list[ActionPolicy]]") -> None:
        self._cache = cache

    def all(self, tenant: str) -> list[ActionPolicy]:
        found = PolicyItem.query(tenant, consistent_read=True)
        return [_load(item) for item in found]

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

    def change(self, policy: ActionPolicy) -> bool:
        # It may be deleted at the same time: it would come back, and count for nothing.
        changed = usages.saved(_item(policy), PolicyItem.id.exists(), None)
        self._cache.forget(policy.tenant)
        return changed

    def mark(self, policy: ActionPolicy, states: Mapping[str, ActionState]) -> bool:
        item = PolicyItem(policy.tenant, policy.id)
        # Two failures at once, or one while a client writes the policy anew: each looks again at what the other wrote.
        present = _dumped(policy.states)
        same = PolicyItem.states.does_not_exist() if present is None else PolicyItem.states == present
        text = _dumped(states)
        change = PolicyItem.states.remove() if text is None else PolicyItem.states.set(text)
        self._cache.forget(policy.tenant)
        return held(lambda: item.update(actions=[change], condition=PolicyItem.id.exists() & same))

    def delete(self, tenant: str, policy: str, share: Share | None = None) -> None:
        # Two deletions at once: one of them gives the share back.
        usages.removed(PolicyItem(tenant, policy), PolicyItem.id.exists() if share else None, share)
        self._cache.forget(tenant)


def _item(policy: ActionPolicy) -> PolicyItem:
    return PolicyItem(policy.tenant, policy.id, doc=POLICY.dump(policy))


def _load(item: PolicyItem) -> ActionPolicy:
    states = STATES.load(item.states).actions if item.states else {}
    return POLICY.load(item.doc, tenant=item.tenant, id=item.id, states=states)


def _dumped(states: Mapping[str, ActionState]) -> str | None:
    """In one order, so that the same is the same text."""
    return STATES.dump(_States(dict(sorted(states.items())))) if states else None
