from collections.abc import Iterator

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import PutError

from chalicelib.fleet.ids import first_id
from chalicelib.fleet.shapes import Kind
from chalicelib.fleet.tenancy.records import AuditEntry
from chalicelib.store.tables import Defaults, Table, condition_failed, key, table_name

_DAY = 86_400_000
ENTRY = Kind(AuditEntry, frozenset({"tenant", "id"}))


class AuditItem(Table):
    """A tenant's entries of one day in order of time."""

    class Meta(Defaults):
        table_name = table_name("audit")

    pk = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)
    ttl = NumberAttribute()
    doc = UnicodeAttribute()


class AuditTable:
    def put(self, entry: AuditEntry, kept: int) -> bool:
        text = ENTRY.dump(entry)
        item = AuditItem(key(entry.tenant, str(entry.at // _DAY)), entry.id, ttl=entry.at // 1000 + kept, doc=text)
        try:
            # Taken: by the same event arriving again, or by another one of the same source and minute.
            item.save(condition=AuditItem.id.does_not_exist())
        except PutError as error:
            if not condition_failed(error):
                raise
            return False
        return True

    def within(self, tenant: str, at: int, first: str, last: str) -> list[AuditEntry]:
        day = key(tenant, str(at // _DAY))
        # Consistent: what took the place a moment ago may be the same event, come twice at once.
        found = AuditItem.query(day, AuditItem.id.between(first, last), consistent_read=True)
        return [ENTRY.load(item.doc, tenant=tenant, id=item.id) for item in found]

    def page(self, tenant: str, *, start: int, end: int, descending: bool) -> Iterator[AuditEntry]:
        days = range(start // _DAY, end // _DAY + 1)
        for day in reversed(days) if descending else days:
            found = AuditItem.query(
                key(tenant, str(day)),
                AuditItem.id.between(first_id(start - start % 60_000), first_id(end)),
                scan_index_forward=not descending,
            )
            for item in found:
                entry = ENTRY.load(item.doc, tenant=tenant, id=item.id)
                if start <= entry.at < end:
                    yield entry
