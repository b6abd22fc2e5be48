"""moto's DynamoDB made atomic, fast and lasting. Everything that reaches into moto's DynamoDB stands here.

moto 5.2.5 as it comes checks and writes without a lock, knows no transactions that meet, deep-copies a whole table for
every operation of a transaction, sorts a whole table for every query, forgets everything when the process ends, and
never expires an item.
"""

import copy
import threading
from collections.abc import Callable
from typing import Any, TypeVar

import moto.dynamodb.models as moto_models
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler

from infra.local import dynamodb_conditions, dynamodb_journal
from infra.local.dynamodb_conflicts import Conflicts
from infra.local.dynamodb_expiry import Expiry
from infra.local.dynamodb_index import COMPARISONS, Asked, TableIndex
from infra.local.dynamodb_items import Identity, Key, drop_if_empty, find, identity_of, key_in, place
from infra.local.journal import Change, Journal

Answer = TypeVar("Answer")

_TABLE_ACTIONS = {"CreateTable", "UpdateTable", "DeleteTable", "UpdateTimeToLive", "UpdateContinuousBackups"}

_lock = threading.RLock()
_touched: dict[Identity, tuple[Table, Key]] = {}
_preimages: list[tuple[Table, Key, Item | None]] | None = None
_candidates = threading.local()
_reading = threading.local()
"""`how` an answer is read before anything else can change what it is made of, so that nothing has to be copied."""
_journal: Journal | None = None
_expiry = Expiry()
_conflicts = Conflicts()
_installed = False


def install() -> None:
    """Mend moto in this process; calling it again changes nothing."""
    global _installed  # noqa: PLW0603  moto's classes are global, and so is having changed them
    if _installed:
        return
    _installed = True
    for owner, name, mend in _MENDED:
        setattr(owner, name, mend(getattr(owner, name)))
    vars(moto_models)["copy"] = _CopyAnythingButTables()


def keep_in(journal: Journal, *, account: str) -> None:
    """Restore tables and items from `journal`, and write every change to it from now on. Call `install` first."""
    global _journal  # noqa: PLW0603  as above: one moto a process
    with _lock:
        for table, item in dynamodb_journal.restore(journal, account):
            _expiry.watch(table, item)
        _journal = journal


def stop_keeping() -> None:
    """Write no more, and forget what was to expire."""
    global _journal  # noqa: PLW0603  as above
    with _lock:
        _journal = None
        _expiry.clear()


def expire_items(now: float) -> int:
    """Delete the items whose time to live has passed, as DynamoDB does in the background; returns how many."""
    with _lock:
        expired = list(_expiry.expired(now))
        for table, key in expired:
            table.delete_item(*key)
        _settle()
    return len(expired)


class _CopyAnythingButTables:
    """Stands for the module `copy` where moto takes its rollback image of whole tables: ours is by item."""

    @staticmethod
    def deepcopy(value: Any) -> Any:
        return value if isinstance(value, Table) else copy.deepcopy(value)


def _atomically(call_action: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def locked(handler: DynamoHandler) -> Any:
        with _conflicts.entered(handler), _lock:
            tables = dict(handler.dynamodb_backend.tables)
            try:
                return call_action(handler)
            finally:
                _settle()
                if handler._get_action() in _TABLE_ACTIONS:
                    _keep_tables(handler.dynamodb_backend, tables)

    return locked


def act(handler: DynamoHandler, method: str, read: Callable[[Any], Answer]) -> Answer:
    """Have moto do something to items, past its HTTP; `read` makes the answer while nothing else changes it.

    Raises what moto raises.
    """
    with _conflicts.entered(handler), _lock:
        _reading.how = "count" if handler.body.get("Select") == "COUNT" else "items"
        try:
            dynamodb_conditions.settle_absence(handler)
            return read(getattr(handler, method)())
        finally:
            _reading.how = None
            _settle()


def _keep_tables(backend: DynamoDBBackend, before: dict[str, Table]) -> None:
    if _journal is not None:
        try:
            _journal.write(dynamodb_journal.table_changes(_journal, backend))
        except BaseException:
            backend.tables.clear()
            backend.tables.update(before)
            raise
    for table in backend.tables.values():
        _expiry.watch_table(table)


def _key_of_put(table: Table, item_attrs: dict[str, Any], *_args: Any, **_kwargs: Any) -> Key | None:
    return key_in(table, item_attrs)


def _noting(change: Callable[..., Any], key_of: Callable[..., Key | None]) -> Callable[..., Any]:
    def noting(table: Table, *args: Any, **kwargs: Any) -> Any:
        key = key_of(table, *args, **kwargs)
        if key is not None:
            _note(table, key)
        return change(table, *args, **kwargs)

    return noting


def _noting_update(update_item: Callable[..., Any]) -> Callable[..., Any]:
    def noting(backend: DynamoDBBackend, table_name: str, key: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        table = backend.get_table(table_name)
        noted = key_in(table, key)
        if noted is None:
            return update_item(backend, table_name, key, *args, **kwargs)
        _note(table, noted)
        before = copy.deepcopy(find(table, noted))
        try:
            return update_item(backend, table_name, key, *args, **kwargs)
        except BaseException:
            # moto updates in place and creates what it updates first: undo what a refused update has done by then
            place(table, noted, before)
            raise

    return noting


def _note(table: Table, key: Key) -> None:
    """Before an item changes: keep what it was if a transaction may have to put it back."""
    identity = identity_of(table, key)
    if _preimages is not None and identity not in _touched:
        _preimages.append((table, key, copy.deepcopy(find(table, key))))
    _touched[identity] = (table, key)


def _settle() -> None:
    """After a call: bring the journal and the indexes in line with the items that it touched.

    What the journal cannot take has not happened: the items are again what they were, and the call fails.
    """
    touched = list(_touched.values())
    _touched.clear()
    try:
        if touched and _journal is not None:
            changes: list[Change] = [dynamodb_journal.item_change(table, key) for table, key in touched]
            try:
                _journal.write(changes)
            except BaseException:
                for table, key in touched:
                    dynamodb_journal.put_back(_journal, table, key)
                raise
    finally:
        _take_note(touched)


def _take_note(touched: list[tuple[Table, Key]]) -> None:
    for table, key in touched:
        index = table.__dict__.get("homeport_index")
        if index is not None:
            index.update(key)
        item = find(table, key)
        if item is None:
            drop_if_empty(table, key)
        else:
            _expiry.watch(table, item)


def _leaving_no_partition(get_item: Callable[..., Any]) -> Callable[..., Any]:
    def get(table: Table, hash_key: DynamoType, range_key: DynamoType | None = None, *args: Any, **kwargs: Any) -> Any:
        found = get_item(table, hash_key, range_key, *args, **kwargs)
        if found is None:
            drop_if_empty(table, (hash_key, range_key))
        return found

    return get


def _without_copies(transact: Callable[..., Any]) -> Callable[..., Any]:
    def transact_write_items(backend: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> Any:
        global _preimages  # noqa: PLW0603  one transaction at a time, under the lock
        with _lock:
            _settle()
            _preimages = []
            try:
                return transact(backend, transact_items)
            except BaseException:
                for table, key, item in _preimages:
                    place(table, key, item)
                raise
            finally:
                _preimages = None

    return transact_write_items


def _candidates_first(all_items: Callable[[Table], list[Item]]) -> Callable[[Table], list[Item]]:
    def candidates_or_all(table: Table) -> list[Item]:
        found: tuple[Table, list[Item]] | None = getattr(_candidates, "found", None)
        return found[1] if found is not None and found[0] is table else all_items(table)

    return candidates_or_all


def _by_index(query: Callable[..., Any]) -> Callable[..., Any]:
    def indexed(
        table: Table,
        hash_key: DynamoType,
        range_comparison: str | None,
        range_objs: list[DynamoType],
        limit: int | None,
        exclusive_start_key: dict[str, Any] | None,
        scan_index_forward: bool,  # noqa: FBT001  moto's own signature
        projection_expressions: Any,
        index_name: str | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        condition = (range_comparison, range_objs) if range_comparison else None
        simple = len(kwargs.get("range_key_conditions") or []) <= 1 and (
            range_comparison is None or range_comparison.upper() in COMPARISONS
        )
        # more conditions than key conditions: moto filters before it counts, so it needs to see the whole partition
        filtered = bool(kwargs.keys() - set(_KEY_CONDITIONS))
        with _lock:
            index = _index(table)
            known = index.knows(index_name) and hash_key is not None
            asked = Asked(
                index_name, (range_comparison, range_objs) if range_comparison else None, exclusive_start_key,
                forward=scan_index_forward is not False, limit=limit,
            )  # fmt: skip
            how = getattr(_reading, "how", None)
            consistent, wanted = (*args, False, None)[:2]
            refused = index_name is not None and consistent
            if how is not None and known and simple and not filtered and not refused and index.finds(asked):
                return index.answer(hash_key, asked, wanted, projection_expressions, counted=how == "count")
            if known:
                _candidates.found = (
                    table,
                    index.page(
                        index_name,
                        hash_key,
                        condition=condition if simple else None,
                        start=exclusive_start_key if simple else None,
                        forward=scan_index_forward is not False,
                        limit=limit if simple and not filtered else None,
                    ),
                )
            try:
                return query(
                    table, hash_key, range_comparison, range_objs, limit, exclusive_start_key, scan_index_forward,
                    projection_expressions, index_name, *args, **kwargs,
                )  # fmt: skip
            finally:
                _candidates.found = None

    return indexed


_KEY_CONDITIONS = ("hash_key_conditions", "range_key_conditions")

_MENDED: tuple[tuple[type, str, Callable[..., Any]], ...] = (
    (DynamoHandler, "call_action", _atomically),
    (Table, "put_item", lambda change: _noting(change, _key_of_put)),
    (Table, "delete_item", lambda change: _noting(change, lambda _table, *key: key)),
    (Table, "get_item", _leaving_no_partition),
    (Table, "all_items", _candidates_first),
    (Table, "query", _by_index),
    (DynamoDBBackend, "update_item", _noting_update),
    (DynamoDBBackend, "transact_write_items", _without_copies),
)
"""What of moto is replaced, and by what made from it."""


def _index(table: Table) -> TableIndex:
    index: TableIndex | None = table.__dict__.get("homeport_index")
    if index is None or not index.fits():
        index = table.__dict__["homeport_index"] = TableIndex(table)
    return index
