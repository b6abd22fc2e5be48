from collections.abc import Mapping

from pynamodb.exceptions import TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from chalicelib.fleet.inventory.managed_objects import ChildKind, ExternalId, Link, ManagedObject
from chalicelib.fleet.ports import Page
from chalicelib.store import external_ids, managed_objects
from chalicelib.store.conditions import held
from chalicelib.store.counting import counted
from chalicelib.store.external_ids import ExternalIdItem
from chalicelib.store.managed_objects import MAIN, ObjectItem, ObjectRecords, name_item
from chalicelib.store.tables import failed_conditions, key, shared_connection

_CHILD, _PARENT = "c#", "p#"


class ObjectTable(ObjectRecords):
    """Objects with their external ids, and who is whose child."""

    def named(self, tenant: str, type_: str, value: str) -> ExternalId | None:
        return external_ids.get(tenant, type_, value)

    def names(self, tenant: str, number: str) -> list[ExternalId]:
        return sorted(managed_objects.names(tenant, number), key=lambda name: (name.type, name.value))

    def name(self, external: ExternalId) -> bool:
        try:
            # The object may be deleted, and another one be given this id, at the same time.
            with TransactWrite(connection=shared_connection()) as transaction:
                transaction.condition_check(ObjectItem, key(external.tenant, external.object), MAIN, _present())
                transaction.save(external_ids.item(external), condition=ExternalIdItem.pk.does_not_exist())
                transaction.save(name_item(external))
        except TransactWriteError as error:
            return _failed(error)
        return True

    def unname(self, external: ExternalId) -> None:
        try:
            with TransactWrite(connection=shared_connection()) as transaction:
                transaction.delete(external_ids.item(external), condition=ExternalIdItem.object == external.object)
                transaction.delete(name_item(external))
        except TransactWriteError as error:
            _failed(error)

    def join(self, link: Link, child: ManagedObject, above: Mapping[str, tuple[ManagedObject, int]]) -> bool:
        try:
            # Two objects becoming each other's children at once, and longer circles: whoever gains a parent has a new
            # lineage, and each link is written only where no lineage above it has changed since it was read.
            with TransactWrite(connection=shared_connection()) as transaction:
                if not child.parents:
                    transaction.delete(managed_objects.root_entry(child))
                transaction.save(_down(link), condition=ObjectItem.pk.does_not_exist())
                transaction.save(_up(link), condition=ObjectItem.pk.does_not_exist())
                gained: list[Action] = [ObjectItem.parents.add(1), ObjectItem.lineage.add(1)]
                transaction.update(_main(child), actions=gained, condition=_as_read(child))
                for found, height in above.values():
                    grown: list[Action] = [ObjectItem.height.set(height)] if height != found.height else []
                    grown += [ObjectItem.joined.add(1)] if found.id == link.parent else []
                    same = _as_read(found) if height != found.height else _kin(found)
                    if grown:
                        transaction.update(_main(found), actions=grown, condition=same)
                    else:
                        transaction.condition_check(ObjectItem, key(found.tenant, found.id), MAIN, same)
        except TransactWriteError as error:
            return _failed(error)
        return True

    def part(self, link: Link, child: ManagedObject | None) -> bool:
        try:
            # Parted twice at once it has one parent less, not two.
            with TransactWrite(connection=shared_connection()) as transaction:
                if child is None:
                    transaction.delete(_down(link))
                    transaction.delete(_up(link))
                    return True
                transaction.delete(_down(link), condition=ObjectItem.pk.exists())
                transaction.delete(_up(link), condition=ObjectItem.pk.exists())
                if child.parents == 1:
                    transaction.save(managed_objects.root_entry(child))
                lost: list[Action] = [ObjectItem.parents.add(-1), ObjectItem.lineage.add(1)]
                transaction.update(_main(child), actions=lost, condition=_kin(child))
        except TransactWriteError as error:
            return _failed(error)
        return True

    def lower(self, old: ManagedObject, height: int) -> bool:
        # A child that joins at the same time has looked at the greater height.
        return held(
            lambda: _main(old).update(
                actions=[ObjectItem.height.set(height)], condition=_as_read(old) & (ObjectItem.joined == old.joined)
            )
        )

    def link(self, tenant: str, parent: str, kind: ChildKind, child: str) -> Link | None:
        try:
            item = ObjectItem.get(key(tenant, child), key(f"{_PARENT}{kind}", parent), consistent_read=True)
        except ObjectItem.DoesNotExist:
            return None
        return Link(tenant, parent, kind, child, item.number or "")

    def children(self, tenant: str, parent: str, kind: ChildKind, *, after: str | None, limit: int) -> Page[Link]:
        first = f"{_CHILD}{kind}#"
        bound: Condition = ObjectItem.part.startswith(first)
        if after is not None:
            bound = ObjectItem.part.between(first + after + "!", f"{_CHILD}{kind}$")
        found = [
            Link(tenant, parent, kind, item.child or "", item.part.removeprefix(first))
            for item in ObjectItem.query(key(tenant, parent), bound, limit=limit + 1, consistent_read=True)
        ]
        return Page(found[:limit], found[limit - 1].order if len(found) > limit else None)

    def family(self, tenant: str, parent: str, most: int) -> list[Link] | None:
        below = ObjectItem.part.startswith(_CHILD)
        items = list(ObjectItem.query(key(tenant, parent), below, limit=most + 1, consistent_read=True))
        if len(items) > most:
            return None
        found: list[Link] = []
        for item in items:
            _, kind, order = item.part.split("#")
            found.append(Link(tenant, parent, ChildKind(kind), item.child or "", order))
        return found

    def count_children(self, tenant: str, parent: str, kind: ChildKind, most: int) -> int:
        return counted(ObjectItem, key(tenant, parent), ObjectItem.part.startswith(f"{_CHILD}{kind}#"), most)

    def parents(self, tenant: str, child: str) -> list[Link]:
        found: list[Link] = []
        for item in ObjectItem.query(key(tenant, child), ObjectItem.part.startswith(_PARENT), consistent_read=True):
            _, kind, parent = item.part.split("#")
            found.append(Link(tenant, parent, ChildKind(kind), child, item.number or ""))
        return sorted(found, key=lambda link: link.order)


def _down(link: Link) -> ObjectItem:
    return ObjectItem(key(link.tenant, link.parent), key(f"{_CHILD}{link.kind}", link.order), child=link.child)


def _up(link: Link) -> ObjectItem:
    return ObjectItem(key(link.tenant, link.child), key(f"{_PARENT}{link.kind}", link.parent), number=link.order)


def _main(found: ManagedObject) -> ObjectItem:
    return ObjectItem(key(found.tenant, found.id), MAIN)


def _present() -> Condition:
    there: Condition = ObjectItem.pk.exists() & ObjectItem.leaving.does_not_exist()
    return there


def _kin(found: ManagedObject) -> Condition:
    same: Condition = _present() & (ObjectItem.lineage == found.lineage)
    return same


def _as_read(found: ManagedObject) -> Condition:
    same: Condition = _kin(found) & (ObjectItem.height == found.height)
    return same


def _failed(error: TransactWriteError) -> bool:
    """False where a condition was against it."""
    if any(failed_conditions(error)):
        return False
    raise error
