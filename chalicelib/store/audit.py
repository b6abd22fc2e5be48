from collections.abc import Iterator

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.fleet.ids import first_id
from chalicelib.fleet.shapes import Body, Kind
from chalicelib.fleet.tenancy.records import AuditEntry, Cause
from chalicelib.store import names
from chalicelib.store.conditions import held
from chalicelib.store.tables import Defaults, Table, key, table_name

_DAY = 86_400_000
_CAUSES = {
    "insufficient_quota": Cause.QUOTA,
    "rate_limit_reached": Cause.RATE,
    "logs_info": Cause.LOCKED,
    "http_push_result": Cause.WEBHOOK,
    "data_decoding_status": Cause.DECODING,
}
_WAYS = ("mqtt", "http")
_NAMES = {
    "actionId": "action",
    "actionPolicyId": "policy",
    "apiKeyId": "key",
    "deviceId": "device",
    "messageId": "message",
    "nodeId": "client",
    "notifyTo": "destination",
    "streamId": "stream",
    "userId": "user",
    "webhookUrl": "url",
}


def _second(body: Body) -> Body:
    """Shape 1 had a cause and a way as category, subcategory and kind, and the names of one vendor's API."""
    category, way, kind = body["category"], body["subcategory"], body["kind"]
    notified = category == "notification"
    cause = _CAUSES.get(kind, Cause.QUEUE if notified else Cause.REFUSED)
    rest = {name: value for name, value in body.items() if name not in ("category", "subcategory", "kind")}
    told: Body = {name: _renamed(rest[name]) for name in ("source", "content") if name in rest}
    return {**rest, **told, "cause": cause.value, "way": way if way in _WAYS and not notified else None}


def _renamed(told: Body) -> Body:
    named = {_NAMES.get(name, name): value for name, value in told.items()}
    return {**named, "stored": names.called(named["stored"])} if "stored" in named else named


ENTRY = Kind(AuditEntry, frozenset({"tenant", "id"}), (_second,))


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
        # Taken: by the same event arriving again, or by another one of the same source and minute.
        return held(lambda: item.save(condition=AuditItem.id.does_not_exist()))

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
