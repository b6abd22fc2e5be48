import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from heapq import merge
from itertools import islice

from pynamodb.attributes import MapAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path
from pynamodb.expressions.update import Action
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.transactions import TransactWrite

from chalicelib.fleet.data.alarm_records import REMEMBERED as MARKS
from chalicelib.fleet.data.alarm_records import Alarm, Seat, mark
from chalicelib.fleet.data.deletions import REMEMBERED
from chalicelib.fleet.ids import arrival, sortable
from chalicelib.fleet.ports import Page
from chalicelib.fleet.shapes import Kind
from chalicelib.store.conditions import held
from chalicelib.store.tables import (
    SEPARATOR,
    Defaults,
    Table,
    failed_conditions,
    key,
    shared_connection,
    table_name,
)

ALARM = Kind(Alarm, frozenset({"tenant", "id", "count", "time", "raised", "seen", "revision"}))
_SHARDS = 8
_OPEN, _DONE = "o", "d"


class SourceIndex(GlobalSecondaryIndex["AlarmItem"]):
    """A source's alarms in order of their numbers."""

    class Meta:
        index_name = "by_source"
        projection = KeysOnlyProjection()

    source = UnicodeAttribute(hash_key=True)
    number = UnicodeAttribute(range_key=True)


class PlaceIndex(GlobalSecondaryIndex["AlarmItem"]):
    """A tenant's open alarms, and those that are not, in shards."""

    class Meta:
        index_name = "by_place"
        projection = KeysOnlyProjection()

    place = UnicodeAttribute(hash_key=True)
    number = UnicodeAttribute(range_key=True)


class AlarmItem(Table):
    """What a raise counts are attributes: it is one write that adds, whoever raises or changes the alarm beside it.

    One that is voided has no document, and is in no index.
    """

    class Meta(Defaults):
        table_name = table_name("alarms")

    pk = UnicodeAttribute(hash_key=True)
    source = UnicodeAttribute(null=True)
    place = UnicodeAttribute(null=True)
    number = UnicodeAttribute(null=True)
    seat = UnicodeAttribute()
    raises = NumberAttribute()
    time = NumberAttribute()
    raised = UnicodeAttribute()
    seen: MapAttribute[str, str] = MapAttribute()
    revision = NumberAttribute()
    ttl = NumberAttribute(null=True)
    doc = UnicodeAttribute()
    by_source = SourceIndex()
    by_place = PlaceIndex()


class SeatItem(Table):
    """Which alarm of each source and type is open."""

    class Meta(Defaults):
        table_name = table_name("alarm-seats")

    source = UnicodeAttribute(hash_key=True)
    type = UnicodeAttribute(range_key=True)
    alarm = UnicodeAttribute(null=True)
    cleared = UnicodeAttribute(null=True)
    over = UnicodeAttribute(null=True)
    revision = NumberAttribute()
    ttl = NumberAttribute(null=True)


class AlarmTable:
    def get(self, tenant: str, alarm: str) -> Alarm | None:
        try:
            item = AlarmItem.get(key(tenant, alarm), consistent_read=True)
        except AlarmItem.DoesNotExist:
            return None
        return _load(item) if item.doc else None

    def some(self, tenant: str, alarms: Sequence[str]) -> list[Alarm]:
        keys = [key(tenant, alarm) for alarm in dict.fromkeys(alarms)]
        items = AlarmItem.batch_get(keys, consistent_read=True) if keys else ()
        found = {item.pk: _load(item) for item in items if item.doc}
        return [found[pk] for pk in keys if pk in found]

    def create(self, alarm: Alarm, kept: int | None = None) -> bool:
        # The same raise, told twice at once, is one alarm.
        return held(lambda: _item(alarm, kept).save(condition=AlarmItem.pk.does_not_exist()))

    def void(self, tenant: str, alarm: str, until: int) -> bool:
        nothing = AlarmItem(
            key(tenant, alarm), seat="", raises=0, time=0, raised="", seen={}, revision=0, ttl=until, doc=""
        )
        # Whoever took the seat for it may make it at the same time: one of the two is first.
        return held(lambda: nothing.save(condition=AlarmItem.pk.does_not_exist() | (AlarmItem.doc == "")))

    def reopen(self, old: Alarm, new: Alarm, seat: Seat) -> bool:
        taken = replace(seat, alarm=new.id)
        actions = [*_written(old, new), AlarmItem.ttl.remove()]
        try:
            # Another alarm of this kind may be raised at the same time.
            with TransactWrite(connection=shared_connection()) as transaction:
                transaction.save(_seat(taken), condition=_seat_as(seat))
                transaction.update(AlarmItem(_pk(old)), actions=actions, condition=AlarmItem.revision == old.revision)
        except TransactWriteError as error:
            return _failed(error)
        return True

    def repeat(self, seat: Seat, time: int, stamp: str) -> Alarm | None:
        number = seat.alarm or ""
        latest = (AlarmItem.time <= time) & (AlarmItem.raised < stamp)
        same: Condition = (AlarmItem.seat == _place_of_seat(seat.source, seat.type)) & latest
        return _counted(key(seat.tenant, number), _place(seat.tenant, number, _OPEN), (time, stamp, stamp), same)

    def recount(self, old: Alarm, time: int, raised: str, stamp: str) -> Alarm | None:
        # Another raise counts at the same time: then it has counted other things.
        same: Condition = (AlarmItem.raises == old.count) & (AlarmItem.raised == old.raised)
        return _counted(_pk(old), _place(old.tenant, old.id, _OPEN), (time, raised, stamp), same)

    def replace(self, old: Alarm, new: Alarm, *, kept: int | None = None, not_after: str | None = None) -> bool:
        until = AlarmItem.ttl.remove() if kept is None else AlarmItem.ttl.set(new.updated // 1000 + kept)
        same: Condition = AlarmItem.revision == old.revision
        if not_after is not None:
            # Raised once more since it was read, and after what is to clear it: it stays open.
            same &= AlarmItem.raised <= not_after
        return held(lambda: AlarmItem(_pk(old)).update(actions=[*_written(old, new), until], condition=same))

    def delete(self, tenant: str, alarm: str) -> None:
        AlarmItem(key(tenant, alarm)).delete()

    def seat(self, tenant: str, source: str, type_: str) -> Seat:
        try:
            item = SeatItem.get(key(tenant, source), _place_of_type(type_), consistent_read=True)
        except SeatItem.DoesNotExist:
            return Seat(tenant, source, type_)
        over = tuple((item.over or "").split())
        return Seat(tenant, source, type_, item.alarm, item.cleared or "", over, int(item.revision))

    def replace_seat(self, old: Seat, new: Seat) -> bool:
        # Whoever raises or clears the same meanwhile has the seat.
        return held(lambda: _seat(replace(new, revision=old.revision)).save(condition=_seat_as(old)))

    def seated(self, tenant: str, source: str) -> list[str]:
        return [item.alarm for item in SeatItem.query(key(tenant, source), consistent_read=True) if item.alarm]

    def of_source(self, tenant: str, source: str, *, before: str | None, limit: int) -> Page[Alarm]:
        bound = AlarmItem.number < sortable(before) if before is not None else None
        found = AlarmItem.by_source.query(key(tenant, source), bound, limit=limit + 1, scan_index_forward=False)
        return self._page(tenant, [_number(item) for item in found], limit)

    def of_tenant(self, tenant: str, *, is_open: bool, before: str | None, limit: int) -> Page[Alarm]:
        bound = AlarmItem.number < sortable(before) if before is not None else None
        shards = (key(tenant, f"{_OPEN if is_open else _DONE}{shard}") for shard in range(_SHARDS))
        found = [AlarmItem.by_place.query(shard, bound, limit=limit + 1, scan_index_forward=False) for shard in shards]
        newest = merge(*found, key=lambda item: str(item.number), reverse=True)
        page = self._page(tenant, [_number(item) for item in islice(newest, limit + 1)], limit)
        # The index may be a moment older than the alarms.
        return Page([alarm for alarm in page.items if alarm.open is is_open], page.cursor)

    def _page(self, tenant: str, numbers: list[str], limit: int) -> Page[Alarm]:
        return Page(self.some(tenant, numbers[:limit]), numbers[limit - 1] if len(numbers) > limit else None)


def _mark(place: int) -> Path:
    return Path([AlarmItem.seen.attr_name, str(place)])


def _counted(pk: str, place: str, latest: tuple[int, str, str], same: Condition) -> Alarm | None:
    time, raised, stamp = latest
    item = AlarmItem(pk)
    actions: list[Action] = [
        AlarmItem.raises.add(1),
        AlarmItem.time.set(time),
        AlarmItem.raised.set(raised),
        # Each mark moves on by one: the values on the right are those from before the write.
        *(_mark(place).set(_mark(place - 1) | "") for place in range(MARKS - 1, 0, -1)),
        _mark(0).set(mark(stamp)),
    ]
    # Whoever clears it at the same time moves it to another place.
    open_ = (AlarmItem.place == place) & same
    return _load(item) if held(lambda: item.update(actions=actions, condition=open_)) else None


def _written(old: Alarm, new: Alarm) -> list[Action]:
    return [
        AlarmItem.doc.set(ALARM.dump(new)),
        AlarmItem.revision.set(old.revision + 1),
        AlarmItem.place.set(_place(new.tenant, new.id, _OPEN if new.open else _DONE)),
    ]


def _item(alarm: Alarm, kept: int | None = None) -> AlarmItem:
    return AlarmItem(
        _pk(alarm),
        source=key(alarm.tenant, alarm.source),
        place=_place(alarm.tenant, alarm.id, _OPEN if alarm.open else _DONE),
        number=sortable(alarm.id),
        seat=_place_of_seat(alarm.source, alarm.type),
        raises=alarm.count,
        time=alarm.time,
        raised=alarm.raised,
        seen={str(place): one for place, one in enumerate(alarm.seen)},
        revision=alarm.revision,
        ttl=None if kept is None else alarm.updated // 1000 + kept,
        doc=ALARM.dump(alarm),
    )


def _load(item: AlarmItem) -> Alarm:
    tenant, _, number = item.pk.partition(SEPARATOR)
    return ALARM.load(
        item.doc,
        tenant=tenant,
        id=number,
        count=int(item.raises),
        time=int(item.time),
        raised=item.raised,
        seen=_marks(item.seen.as_dict()),
        revision=int(item.revision),
    )


def _marks(kept: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(mark(kept[place]) for place in sorted(kept, key=int) if kept[place])


def _seat(seat: Seat) -> SeatItem:
    """With the next revision. One that is free is remembered for as long as what was raised before may still come."""
    over = arrival(seat.cleared) + REMEMBERED if seat.cleared and seat.alarm is None else None
    return SeatItem(
        key(seat.tenant, seat.source),
        _place_of_type(seat.type),
        alarm=seat.alarm,
        cleared=seat.cleared or None,
        over=" ".join(seat.over) or None,
        revision=seat.revision + 1,
        ttl=None if over is None else over // 1000,
    )


def _seat_as(seat: Seat) -> Condition:
    return SeatItem.revision == seat.revision if seat.revision else SeatItem.source.does_not_exist()


def _pk(alarm: Alarm) -> str:
    return key(alarm.tenant, alarm.id)


def _number(item: AlarmItem) -> str:
    return str(item.number).lstrip("0")


def _place(tenant: str, number: str, state: str) -> str:
    return key(tenant, f"{state}{int(number) % _SHARDS}")


def _place_of_type(type_: str) -> str:
    """Any text, and so perhaps longer than a key may be."""
    return hashlib.sha256(type_.encode()).hexdigest()[:32]


def _place_of_seat(source: str, type_: str) -> str:
    return _place_of_type(f"{source}\n{type_}")


def _failed(error: TransactWriteError) -> bool:
    """False where a condition was against it."""
    if any(failed_conditions(error)):
        return False
    raise error
