"""How much of each kind a tenant with a quota stores, changed in the transaction that stores or removes something."""

from dataclasses import replace

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from chalicelib.fleet.errors import QuotaReached
from chalicelib.fleet.tenancy.records import Share, Stored, Usage
from chalicelib.store.conditions import held
from chalicelib.store.names import kept_as
from chalicelib.store.tables import (
    Defaults,
    Table,
    failed_conditions,
    key,
    shared_connection,
    table_name,
)


class UsageItem(Table):
    class Meta(Defaults):
        table_name = table_name("usages")

    pk = UnicodeAttribute(hash_key=True)
    used = NumberAttribute()
    counted = NumberAttribute(null=True)
    revision = NumberAttribute()


class UsageTable:
    def get(self, tenant: str, stored: Stored) -> Usage | None:
        try:
            item = UsageItem.get(key(tenant, kept_as(stored)), consistent_read=True)
        except UsageItem.DoesNotExist:
            return None
        return Usage(tenant, stored, int(item.used), int(item.counted or 0), int(item.revision))

    def replace(self, old: Usage | None, new: Usage) -> bool:
        # Whoever stores, removes or counts something meanwhile has changed it: what was counted is not the truth then.
        unchanged = UsageItem.pk.does_not_exist() if old is None else UsageItem.revision == old.revision
        counted = replace(new, revision=old.revision + 1 if old else 1)
        item = UsageItem(
            key(new.tenant, kept_as(new.stored)), used=counted.used, counted=counted.counted, revision=counted.revision
        )
        return held(lambda: item.save(condition=unchanged))


def take(transaction: TransactWrite, share: Share | None) -> None:
    """Add what is stored to the count, if there is room. It is the last of the transaction's conditions."""
    if share is None:
        return
    # Two creations at the limit at once: the first one makes the condition of the second one false.
    room = (UsageItem.counted >= share.since) & (UsageItem.used <= share.most - share.amount)
    _add(transaction, share, share.amount, room)


def give_back(transaction: TransactWrite, share: Share | None) -> None:
    """Take what is removed off the count, whether that tells or not."""
    if share is not None:
        _add(transaction, share, -share.amount)


def ensure_taken(error: TransactWriteError, share: Share | None) -> None:
    """Errors: QuotaReached, where it was the count that the transaction failed for."""
    if share is not None and failed_conditions(error)[-1:] == [True]:
        raise QuotaReached("the count is against it") from error


def saved(item: Table, condition: Condition | None, share: Share | None) -> bool:
    """Store an item with its share; False where `condition` is false. Errors: QuotaReached."""
    if share is None:
        return held(lambda: item.save(condition=condition))
    try:
        with TransactWrite(connection=shared_connection()) as transaction:
            transaction.save(item, condition=condition)
            take(transaction, share)
    except TransactWriteError as error:
        if failed_conditions(error)[0]:
            return False
        ensure_taken(error, share)
        raise
    return True


def removed(item: Table, condition: Condition | None, share: Share | None) -> None:
    """Remove an item and give its share back, once: where `condition` is false, nothing is done.

    With a share the condition has to say that the item is there.
    """
    if share is None:
        held(lambda: item.delete(condition=condition))
        return
    try:
        with TransactWrite(connection=shared_connection()) as transaction:
            transaction.delete(item, condition=condition)
            give_back(transaction, share)
    except TransactWriteError as error:
        if not any(failed_conditions(error)):
            raise


def _add(transaction: TransactWrite, share: Share, amount: int, condition: Condition | None = None) -> None:
    item = UsageItem(key(share.tenant, kept_as(share.stored)))
    counting: list[Action] = [UsageItem.used.add(amount), UsageItem.revision.add(1)]
    transaction.update(item, actions=counting, condition=condition)
