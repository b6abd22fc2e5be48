import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pynamodb.attributes import NumberAttribute, UnicodeAttribute, UnicodeSetAttribute
from pynamodb.connection import Connection
from pynamodb.exceptions import TransactWriteError
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from chalicelib.fleet.access.directory import Entry
from chalicelib.fleet.ports import Clock
from chalicelib.fleet.shapes import Kind
from chalicelib.store.cache import Cache
from chalicelib.store.conditions import held
from chalicelib.store.tables import Defaults, Table, failed_conditions, key, table_name

ENTRY = Kind(Entry, frozenset({"id", "revision", "transfers"}))


class DirectoryItem(Table):
    """An entry by its id; beside it a reservation of each of its names, which are any text, and who has a proof."""

    class Meta(Defaults):
        table_name = table_name("directory")

    pk = UnicodeAttribute(hash_key=True)
    revision = NumberAttribute(null=True)
    transfers = NumberAttribute(null=True)
    doc = UnicodeAttribute(null=True)
    last = UnicodeAttribute(null=True)
    entry = UnicodeAttribute(null=True)
    entries = UnicodeSetAttribute(null=True)


class DirectoryTable:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def create(self, entry: Entry) -> bool:
        item = DirectoryItem(entry.id, revision=0, transfers=entry.transfers, doc=ENTRY.dump(entry))
        try:
            with TransactWrite(connection=self.connection) as transaction:
                # Two that register under one name at once: the transaction lets one of them in.
                transaction.save(item, condition=DirectoryItem.pk.does_not_exist())
                for name in entry.names:
                    reserved = DirectoryItem(_name(name), entry=entry.id)
                    transaction.save(reserved, condition=DirectoryItem.pk.does_not_exist())
                for proof in entry.proofs:
                    transaction.update(DirectoryItem(_proof(proof)), [DirectoryItem.entries.add({entry.id})])
        except TransactWriteError as error:
            if not any(failed_conditions(error)):
                raise
            return False
        return True

    def get(self, entry: str) -> Entry | None:
        return _load(_item(entry, consistent=False))

    def current(self, entry: str) -> Entry | None:
        return _load(_item(entry))

    def named(self, name: str) -> str | None:
        item = _item(_name(name))
        return None if item is None else item.entry

    def sharing(self, proof: str) -> list[str]:
        item = _item(_proof(proof))
        return sorted(item.entries or ()) if item is not None else []

    def replace(self, old: Entry, new: Entry) -> bool:
        stored = replace(new, revision=old.revision + 1)
        actions: list[Action] = [
            DirectoryItem.revision.set(stored.revision),
            DirectoryItem.transfers.set(stored.transfers),
            DirectoryItem.doc.set(ENTRY.dump(stored)),
        ]
        if stored.transfers != old.transfers:
            actions.append(DirectoryItem.last.remove())
        # Two who claim it at once, or one who claims and one who deletes it: who wrote since `old` was read has won.
        return held(lambda: DirectoryItem(old.id).update(actions, condition=DirectoryItem.revision == old.revision))

    def delete(self, old: Entry) -> bool:
        try:
            with TransactWrite(connection=self.connection) as transaction:
                # It may be claimed, or be given a child, at the same time: then it is looked at again.
                transaction.delete(DirectoryItem(old.id), condition=DirectoryItem.revision == old.revision)
                for name in old.names:
                    transaction.delete(DirectoryItem(_name(name)), condition=DirectoryItem.entry == old.id)
                for proof in old.proofs:
                    transaction.update(DirectoryItem(_proof(proof)), [DirectoryItem.entries.delete({old.id})])
        except TransactWriteError as error:
            if not any(failed_conditions(error)):
                raise
            return False
        return True

    def note(self, entry: Entry, last: Mapping[str, Any]) -> bool:
        text = DirectoryItem.last.set(json.dumps(last, separators=(",", ":"), ensure_ascii=False))
        # Somebody may have claimed or deleted it since it was read: what it says belongs elsewhere then.
        unchanged = DirectoryItem.transfers == entry.transfers
        return held(lambda: DirectoryItem(entry.id).update([text], condition=unchanged))

    def noted(self, entry: str) -> Mapping[str, Any] | None:
        item = _item(entry)
        return None if item is None or item.last is None else dict(json.loads(item.last))


class CachedDirectory(DirectoryTable):
    """A request costs it no read where one came a minute ago at most; what was changed here is known here at once."""

    def __init__(self, connection: Connection, clock: Clock) -> None:
        super().__init__(connection)
        self._cache: Cache[Entry] = Cache(clock)

    def get(self, entry: str) -> Entry | None:
        # One that has just been made may not be found yet by a read that need not be consistent: whoever is told that
        # nobody knows it forgets who it is.
        return self._cache.get(entry, lambda: DirectoryTable.get(self, entry) or DirectoryTable.current(self, entry))

    def current(self, entry: str) -> Entry | None:
        self._cache.forget(entry)
        return self._cache.get(entry, lambda: DirectoryTable.current(self, entry))

    def replace(self, old: Entry, new: Entry) -> bool:
        self._cache.forget(old.id)
        written = super().replace(old, new)
        self._cache.forget(old.id)
        return written

    def delete(self, old: Entry) -> bool:
        self._cache.forget(old.id)
        deleted = super().delete(old)
        self._cache.forget(old.id)
        return deleted


def _name(name: str) -> str:
    return key("name", _digest(name))


def _proof(proof: str) -> str:
    return key("proof", _digest(proof))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def _item(pk: str, *, consistent: bool = True) -> DirectoryItem | None:
    try:
        return DirectoryItem.get(pk, consistent_read=consistent)
    except DirectoryItem.DoesNotExist:
        return None


def _load(item: DirectoryItem | None) -> Entry | None:
    if item is None or item.doc is None:
        return None
    revision, transfers = int(item.revision or 0), int(item.transfers or 0)
    return ENTRY.load(item.doc, id=item.pk, revision=revision, transfers=transfers)
