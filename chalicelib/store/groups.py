from dataclasses import replace
from typing import TYPE_CHECKING

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.connection import Connection
from pynamodb.exceptions import TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.transactions import TransactWrite

from chalicelib.fleet.inventory.records import Group, GroupTree
from chalicelib.fleet.shapes import Kind
from chalicelib.store.tables import SEPARATOR, Defaults, Table, failed_conditions, table_name

if TYPE_CHECKING:
    from chalicelib.store.cache import Cache

_TREE = SEPARATOR
"""In the place of a group's id, and before all of them: what a query reads first is never younger than the rest."""
GROUP = Kind(Group, frozenset({"tenant", "id", "closing"}))


class GroupItem(Table):
    """A tenant's groups, and first among them the tree's revision."""

    class Meta(Defaults):
        table_name = table_name("groups")

    tenant = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)
    revision = NumberAttribute(null=True)
    closing = BooleanAttribute(null=True)
    doc = UnicodeAttribute(null=True)


class GroupTable:
    """Groups. An instance that has asked for a tenant's knows them for as long as `cache` keeps them."""

    def __init__(self, connection: Connection, cache: "Cache[GroupTree]") -> None:
        self._connection = connection
        self._cache = cache

    def tree(self, tenant: str) -> GroupTree:
        revision, groups = 0, {}
        for item in GroupItem.query(tenant, consistent_read=True):
            if item.id == _TREE:
                revision = int(item.revision or 0)
            else:
                groups[item.id] = _load(item)
        return GroupTree(tenant, revision, groups)

    def known(self, tenant: str, group: str) -> GroupTree:
        tree = self._cache.get(tenant, lambda: self.tree(tenant))
        if tree is None or group not in tree:
            # Made since: a group that a device is in was there before the device was in it.
            self._cache.forget(tenant)
            tree = self._cache.get(tenant, lambda: self.tree(tenant))
        return tree or GroupTree(tenant)

    def put(self, tree: GroupTree, group: Group) -> bool:
        return self._write(tree, _item(group), kept=True)

    def remove(self, tree: GroupTree, group: str) -> bool:
        return self._write(tree, GroupItem(tree.tenant, group), kept=False)

    def _write(self, tree: GroupTree, item: GroupItem, *, kept: bool) -> bool:
        self._cache.forget(tree.tenant)
        # Two writers would each find the name free, or move two groups below one another: one of them comes first.
        unchanged = GroupItem.revision == tree.revision if tree.revision else GroupItem.tenant.does_not_exist()
        try:
            with TransactWrite(connection=self._connection) as transaction:
                transaction.save(GroupItem(tree.tenant, _TREE, revision=tree.revision + 1), condition=unchanged)
                if kept:
                    transaction.save(item)
                else:
                    transaction.delete(item)
        except TransactWriteError as error:
            if any(failed_conditions(error)):
                return False
            raise
        return True


def taking_devices() -> Condition:
    """The group is there, and is not being deleted."""
    taking: Condition = GroupItem.tenant.exists() & GroupItem.closing.does_not_exist()
    return taking


def _item(group: Group) -> GroupItem:
    text = GROUP.dump(group)
    return GroupItem(group.tenant, group.id, closing=True if group.closing else None, doc=text)


def _load(item: GroupItem) -> Group:
    return replace(GROUP.load(item.doc or "{}", tenant=item.tenant, id=item.id), closing=bool(item.closing))
