from collections.abc import Sequence
from dataclasses import replace

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.connection import Connection
from pynamodb.exceptions import TransactWriteError
from pynamodb.transactions import TransactWrite

from chalicelib.fleet.data.records import DecoderRecord, Directory, Listed
from chalicelib.fleet.shapes import Kind
from chalicelib.store.tables import SEPARATOR, Defaults, Table, failed_conditions, table_name

_DIRECTORY = SEPARATOR
"""In the place of a decoder's id, which is hexadecimal."""
DECODER = Kind(DecoderRecord, frozenset({"tenant", "id"}))
DIRECTORY = Kind(Directory, frozenset({"tenant", "revision"}))


class DecoderItem(Table):
    """A tenant's decoders, and first among them the directory that lists them."""

    class Meta(Defaults):
        table_name = table_name("decoders")

    tenant = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)
    revision = NumberAttribute(null=True)
    doc = UnicodeAttribute()


class DecoderTable:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def directory(self, tenant: str) -> Directory:
        try:
            item = DecoderItem.get(tenant, _DIRECTORY, consistent_read=True)
        except DecoderItem.DoesNotExist:
            return Directory(tenant)
        return DIRECTORY.load(item.doc, tenant=tenant, revision=int(item.revision or 0))

    def named(self, tenant: str, encoding: str) -> Listed | None:
        return self.directory(tenant).named(encoding)

    def records(self, tenant: str, entries: Sequence[Listed]) -> list[DecoderRecord]:
        if not entries:
            return []
        found = DecoderItem.batch_get([(tenant, entry.id) for entry in entries], consistent_read=True)
        return [DECODER.load(item.doc, tenant=item.tenant, id=item.id) for item in found]

    def put(self, old: Directory, new: Directory, record: DecoderRecord) -> bool:
        text = DECODER.dump(record)
        return self._write(old, new, DecoderItem(record.tenant, record.id, doc=text), kept=True)

    def remove(self, old: Directory, new: Directory, decoder: str) -> bool:
        return self._write(old, new, DecoderItem(old.tenant, decoder), kept=False)

    def _write(self, old: Directory, new: Directory, item: DecoderItem, *, kept: bool) -> bool:
        stored = replace(new, revision=old.revision + 1)
        directory = DecoderItem(old.tenant, _DIRECTORY, revision=stored.revision, doc=DIRECTORY.dump(stored))
        # Two writers would each find the name free, or room for one more: the directory lets one of them through.
        unchanged = DecoderItem.revision == old.revision if old.revision else DecoderItem.tenant.does_not_exist()
        try:
            with TransactWrite(connection=self.connection) as transaction:
                transaction.save(directory, condition=unchanged)
                if kept:
                    transaction.save(item)
                else:
                    transaction.delete(item)
        except TransactWriteError as error:
            if any(failed_conditions(error)):
                return False
            raise
        return True
