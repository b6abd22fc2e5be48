"""Alarms in memory."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from chalicelib.fleet.data.alarm_records import Alarm, Seat, remembering
from chalicelib.fleet.ports import Page

Id = tuple[str, str]


@dataclass
class MemoryAlarms:
    rows: dict[Id, Alarm] = field(default_factory=dict)
    seats: dict[tuple[str, str, str], Seat] = field(default_factory=dict)
    kept: dict[str, int | None] = field(default_factory=dict)
    voids: set[Id] = field(default_factory=set)

    def get(self, tenant: str, alarm: str) -> Alarm | None:
        return self.rows.get((tenant, alarm))

    def some(self, tenant: str, alarms: Sequence[str]) -> list[Alarm]:
        return [self.rows[tenant, alarm] for alarm in dict.fromkeys(alarms) if (tenant, alarm) in self.rows]

    def create(self, alarm: Alarm, kept: int | None = None) -> bool:
        if (alarm.tenant, alarm.id) in self.rows or (alarm.tenant, alarm.id) in self.voids:
            return False
        self.rows[alarm.tenant, alarm.id] = alarm
        self.kept[alarm.id] = kept
        return True

    def void(self, tenant: str, alarm: str, until: int) -> bool:  # noqa: ARG002 - no test lasts as long
        if (tenant, alarm) in self.rows:
            return False
        self.voids.add((tenant, alarm))
        return True

    def reopen(self, old: Alarm, new: Alarm, seat: Seat) -> bool:
        if not self._unchanged(old) or not self.replace_seat(seat, replace(seat, alarm=new.id)):
            return False
        return self.replace(old, new)

    def repeat(self, seat: Seat, time: int, stamp: str) -> Alarm | None:
        found = self.get(seat.tenant, seat.alarm or "")
        same = found is not None and (found.source, found.type) == (seat.source, seat.type)
        if found is None or not same or found.time > time or found.raised >= stamp:
            return None
        return self._counted(found, time, stamp, stamp)

    def recount(self, old: Alarm, time: int, raised: str, stamp: str) -> Alarm | None:
        found = self.get(old.tenant, old.id)
        if found is None or (found.count, found.raised) != (old.count, old.raised):
            return None
        return self._counted(found, time, raised, stamp)

    def replace(self, old: Alarm, new: Alarm, *, kept: int | None = None, not_after: str | None = None) -> bool:
        if not self._unchanged(old):
            return False
        found = self.rows[old.tenant, old.id]
        if not_after is not None and found.raised > not_after:
            return False
        counted = {"count": found.count, "time": found.time, "raised": found.raised, "seen": found.seen}
        self.rows[old.tenant, old.id] = replace(new, revision=old.revision + 1, **counted)  # type: ignore[arg-type]
        self.kept[old.id] = kept
        return True

    def delete(self, tenant: str, alarm: str) -> None:
        self.rows.pop((tenant, alarm), None)

    def seat(self, tenant: str, source: str, type_: str) -> Seat:
        return self.seats.get((tenant, source, type_), Seat(tenant, source, type_))

    def replace_seat(self, old: Seat, new: Seat) -> bool:
        if self.seat(old.tenant, old.source, old.type).revision != old.revision:
            return False
        self.seats[old.tenant, old.source, old.type] = replace(new, revision=old.revision + 1)
        return True

    def seated(self, tenant: str, source: str) -> list[str]:
        return [s.alarm for s in self.seats.values() if (s.tenant, s.source) == (tenant, source) and s.alarm]

    def of_source(self, tenant: str, source: str, *, before: str | None, limit: int) -> Page[Alarm]:
        return self._page(tenant, lambda alarm: alarm.source == source, before, limit)

    def of_tenant(self, tenant: str, *, is_open: bool, before: str | None, limit: int) -> Page[Alarm]:
        return self._page(tenant, lambda alarm: alarm.open is is_open, before, limit)

    def _page(self, tenant: str, wanted: Callable[[Alarm], bool], before: str | None, limit: int) -> Page[Alarm]:
        every = [a for (t, _), a in self.rows.items() if t == tenant and wanted(a)]
        every.sort(key=lambda alarm: -int(alarm.id))
        rest = [alarm for alarm in every if before is None or int(alarm.id) < int(before)]
        return Page(rest[:limit], rest[limit - 1].id if len(rest) > limit else None)

    def _counted(self, found: Alarm, time: int, raised: str, stamp: str) -> Alarm | None:
        if not found.open:
            return None
        seen = remembering(found.seen, stamp)
        counted = replace(found, count=found.count + 1, time=time, raised=raised, seen=seen)
        self.rows[found.tenant, found.id] = counted
        return counted

    def _unchanged(self, old: Alarm) -> bool:
        found = self.get(old.tenant, old.id)
        return found is not None and found.revision == old.revision
