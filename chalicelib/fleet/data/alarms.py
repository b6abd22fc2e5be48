"""Raising, changing and clearing alarms.

Whatever comes at once, and in whatever order, one alarm of a source and type is open: who opens one takes the seat of
that source and type first, and then makes the alarm that the seat names. Whoever finds a seat whose alarm is not there,
because somebody is about to make it, has died before, or has deleted it, lets nobody make that any more (`void`) before
anything else is done with the seat. That is two writes, where a transaction counts as four. Each raise and clearing has
a stamp that sorts as they happened (`ids.ordered_id`), so that a raise that arrives after the clearing it came before
opens nothing, and a clearing clears no alarm that was raised after it. The same raise told again changes nothing.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field, replace
from typing import Any

from chalicelib.fleet import ids
from chalicelib.fleet.compare_and_set import tries
from chalicelib.fleet.data import alarm_counts, open_alarms
from chalicelib.fleet.data.alarm_records import Alarm, AlarmStatus, Seat, Severity, mark
from chalicelib.fleet.errors import AlarmNotFound, AlarmOpen, Contended, Invalid
from chalicelib.fleet.events import routing
from chalicelib.fleet.events.events import EventKind
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.ports import Page, Ports
from chalicelib.fleet.tenancy import retention
from chalicelib.fleet.tenancy.records import Kept

LONGEST_TYPE = 256
_PAGE = 100
_VOID = 3_600
"""Seconds for which an alarm cannot be made that somebody took a seat for: no function runs as long."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a source says is wrong, since `time` (ms). `by` is who says so in its place, empty for itself."""

    source: str
    type: str
    severity: Severity
    text: str
    time: int
    details: Mapping[str, Any] = field(default_factory=dict)
    status: AlarmStatus = AlarmStatus.ACTIVE
    by: str = ""


@dataclass(frozen=True, slots=True)
class Raised:
    """`created` where it is a new alarm; `again` where the same raise had been told before."""

    alarm: Alarm
    created: bool
    again: bool = False


def stamp(ports: Ports, event: str = "") -> str:
    """For what happens now, as far as nothing tells better."""
    now = ports.clock.now()
    return ids.ordered_id(now, now, event or ports.new_id(now))


def raise_(ports: Ports, tenant: str, report: Report, stamped: str) -> Raised:
    """The open alarm of that source and type, raised once more, or a new one.

    One that is reported as cleared, or was cleared since, is kept as a cleared one. Errors: Invalid, Contended.
    """
    _ensure_type(report)
    for attempt, _ in enumerate(tries(ports)):
        made = _made(ports, tenant, report, stamped, attempt)
        seat = ports.alarms.seat(tenant, report.source, report.type)
        done: Raised | None
        if report.status is AlarmStatus.CLEARED:
            done = _over(ports, made, stamped)
        elif stamped < seat.cleared:
            done = _counted_before(ports, seat, stamped) or _over(ports, made, stamped)
        elif seat.alarm is not None:
            done = _again(ports, seat, made, stamped)
        else:
            done = _opened(ports, made, seat)
        if done is not None:
            if done.alarm.open and (done.created or done.again):
                alarm_counts.count(ports, tenant, report.source)
            _tell_raised(ports, done)
            return done
    raise Contended(f"alarms {report.type[:64]} of {report.source} are raised by too many at once")


def tell(ports: Ports, tenant: str, report: Report, stamped: str) -> Raised:
    """What is reported, told to whoever listens; nothing of it is kept. Errors: Invalid."""
    _ensure_type(report)
    made = Raised(_made(ports, tenant, report, stamped, 0), created=True)
    _tell_raised(ports, made)
    return made


def clear(ports: Ports, tenant: str, source: str, type_: str, stamped: str, by: str = "") -> Alarm | None:
    """The alarm that this cleared; None where none was open, or the open one was raised afterwards.

    What was raised before and arrives later is over all the same.
    """
    for attempt in tries(ports):
        seat = ports.alarms.seat(tenant, source, type_)
        found = _seated(ports, seat)
        if attempt and found is not None and not found.open and found.cleared == stamped:
            # A write whose answer was lost on the way is repeated, and then it fails: it was ours all the same.
            return _closed(ports, found, stamped)
        if found is not None and found.open and found.raised <= stamped:
            cleared = _cleared(ports, found, stamped, by)
            if not ports.alarms.replace(found, cleared, kept=_kept(ports, tenant), not_after=stamped):
                continue
            return _closed(ports, cleared, stamped)
        if found is None and not _emptied(ports, seat):
            continue
        over = found is None or not found.open
        marked = replace(seat.vacated if over else seat, cleared=max(seat.cleared, stamped))
        # One that is raised at the same time takes the seat, or finds it marked.
        if marked == seat or ports.alarms.replace_seat(seat, marked):
            return None
    raise Contended(f"alarms {type_[:64]} of {source} are written by too many at once")


def _closed(ports: Ports, found: Alarm, stamped: str) -> Alarm:
    _vacate(ports, found, stamped)
    alarm_counts.count(ports, found.tenant, found.source)
    routing.alarm(ports, EventKind.ALARM_CLEARED, found)
    return found


def get(ports: Ports, tenant: str, number: str) -> Alarm:
    """Errors: AlarmNotFound."""
    found = ports.alarms.get(tenant, number) if ids.is_number(number) else None
    if found is None:
        raise AlarmNotFound(f"alarm {number[:64]} not found")
    return found


def open_one(ports: Ports, tenant: str, source: str, type_: str) -> Alarm | None:
    """The open alarm of that source and type."""
    found = _seated(ports, ports.alarms.seat(tenant, source, type_))
    return found if found is not None and found.open else None


def _seated(ports: Ports, seat: Seat) -> Alarm | None:
    """The alarm that a seat names; another one may have its number, where the one that was to have it was not made."""
    found = ports.alarms.get(seat.tenant, seat.alarm) if seat.alarm is not None else None
    return found if found is not None and (found.source, found.type) == (seat.source, seat.type) else None


def update(
    ports: Ports, tenant: str, number: str, change: Callable[[Alarm], Alarm], by: str = ""
) -> tuple[Alarm, Alarm]:
    """The alarm before and after `change` of its status, severity, text or details.

    Errors: AlarmNotFound, AlarmOpen (it was cleared, and another one is open), Contended.
    """
    tried: tuple[Alarm, Alarm] | None = None
    for _ in tries(ports):
        found = get(ports, tenant, number)
        if tried is not None and _is(found, tried[1]):
            # A write whose answer was lost on the way is repeated, and then it fails: it was ours all the same.
            return _changed(ports, *tried)
        wanted = change(found)
        if wanted == found:
            return found, found
        now = ports.clock.now()
        if found.open and not wanted.open:
            # Whatever is raised from now on is a new alarm.
            after = _cleared(ports, wanted, max(stamp(ports), found.raised), by)
            written = ports.alarms.replace(found, after, kept=_kept(ports, tenant))
        elif not found.open and wanted.open:
            after = replace(wanted, cleared="").noted(now, by)
            written = _reopen(ports, found, after)
        else:
            after = wanted.noted(now, by)
            # A device that raises it at the same time counts on: what raises count is not written here.
            written = ports.alarms.replace(found, after, kept=None if found.open else _kept(ports, tenant))
        tried = found, after
        if written:
            return _changed(ports, *tried)
    raise Contended(f"alarm {number} is written by too many at once")


def _is(found: Alarm, wanted: Alarm) -> bool:
    """Whether that was written, whatever was counted since."""
    counted = replace(wanted, count=found.count, time=found.time, raised=found.raised, seen=found.seen)
    return found == replace(counted, revision=found.revision) and found.revision == wanted.revision + 1


def _changed(ports: Ports, before: Alarm, after: Alarm) -> tuple[Alarm, Alarm]:
    if before.open and not after.open:
        _vacate(ports, after, after.cleared)
    if before.open is not after.open or (after.open and before.severity is not after.severity):
        alarm_counts.count(ports, after.tenant, after.source)
    routing.alarm(ports, EventKind.ALARM_CHANGED if after.open else EventKind.ALARM_CLEARED, after)
    return before, after


def delete(ports: Ports, tenant: str, number: str) -> Alarm:
    """Errors: AlarmNotFound."""
    found = get(ports, tenant, number)
    ports.alarms.delete(tenant, number)
    _vacate(ports, found, "")
    if found.open:
        alarm_counts.count(ports, tenant, found.source)
    return found


def delete_of(ports: Ports, tenant: str, source: str, until: int, wanted: Callable[[Alarm], bool]) -> bool:
    """Delete the alarms of a source that are wanted; False where the clock (ms) stopped it. Again goes on."""
    every = (*open_alarms.of_source(ports, tenant, source), *of_source(ports, tenant, source))
    for found in every:
        if wanted(found):
            ports.alarms.delete(tenant, found.id)
            _vacate(ports, found, "")
        if ports.clock.now() >= until:
            return False
    return True


def of_source(ports: Ports, tenant: str, source: str, before: str | None = None) -> Iterator[Alarm]:
    """Newest first, read as they are asked for."""
    return _all(lambda cursor: ports.alarms.of_source(tenant, source, before=cursor, limit=_PAGE), before)


def of_tenant(ports: Ports, tenant: str, *, is_open: bool, before: str | None = None) -> Iterator[Alarm]:
    """Newest first, read as they are asked for."""
    return _all(lambda cursor: ports.alarms.of_tenant(tenant, is_open=is_open, before=cursor, limit=_PAGE), before)


def _all(read: Callable[[str | None], Page[Alarm]], before: str | None) -> Iterator[Alarm]:
    while True:
        page = read(before)
        yield from page.items
        if page.cursor is None:
            return
        before = page.cursor


def _ensure_type(report: Report) -> None:
    if not report.type or len(report.type) > LONGEST_TYPE:
        raise Invalid(f"the type of an alarm has 1 to {LONGEST_TYPE} characters")


def _made(ports: Ports, tenant: str, report: Report, stamped: str, attempt: int) -> Alarm:
    """The same raise has the same number, however often it is told; another one is tried where that is taken."""
    now = ports.clock.now()
    seed = f"{report.source}\n{report.type}\n{stamped}\n{attempt or ''}"
    number = ids.number(ids.arrival(stamped), hashlib.sha256(seed.encode()).digest())
    made = Alarm(
        tenant,
        number,
        report.source,
        report.type,
        report.severity,
        report.status,
        report.text,
        report.time,
        now,
        now,
        report.time,
        stamped,
        details=dict(report.details),
        seen=(mark(stamped),),
    )
    return made.noted(now, report.by)


def _again(ports: Ports, seat: Seat, made: Alarm, stamped: str) -> Raised | None:
    repeated = ports.alarms.repeat(seat, made.time, stamped)
    if repeated is not None:
        return Raised(repeated, created=False)
    found = _seated(ports, seat)
    if found is None or not found.open:
        if found is not None and found.knows(stamped):
            return Raised(found, created=False, again=True)
        if found is not None and stamped < found.cleared:
            return _over(ports, made, stamped)
        if found is None and seat.alarm == made.id:
            # The same raise, told twice at once, or again after who was told first has died.
            return _make(ports, made)
        # It was cleared, or deleted, and whoever did that has not given back the seat yet; or it is not made yet.
        return _opened(ports, made, seat) if found is not None or _emptied(ports, seat) else None
    if found.knows(stamped):
        return Raised(found, created=False, again=True)
    # It happened before what was told already, or its time did.
    counted = ports.alarms.recount(found, max(found.time, made.time), max(found.raised, stamped), stamped)
    return Raised(counted, created=False) if counted is not None else None


def _opened(ports: Ports, made: Alarm, seat: Seat) -> Raised | None:
    """None where somebody else has taken the seat, or voided what it was taken for."""
    taken = ports.alarms.replace_seat(seat, replace(seat.vacated, alarm=made.id))
    return _make(ports, made) if taken else _known(ports, made)


def _make(ports: Ports, made: Alarm) -> Raised | None:
    return Raised(made, created=True) if ports.alarms.create(made) else _known(ports, made)


def _emptied(ports: Ports, seat: Seat) -> bool:
    """Whether nobody makes the alarm any more that the seat names and that was not there; False where somebody has."""
    if seat.alarm is None or ports.alarms.void(seat.tenant, seat.alarm, ports.clock.now() // 1000 + _VOID):
        return True
    # Where another source's alarm has the number, nobody can.
    return _seated(ports, seat) is None


def _counted_before(ports: Ports, seat: Seat, stamped: str) -> Raised | None:
    """An alarm that is over and has counted this raise: it is told again."""
    found = ports.alarms.some(seat.tenant, [one for one in (seat.alarm, *seat.over) if one is not None])
    known = (one for one in found if (one.source, one.type) == (seat.source, seat.type) and one.knows(stamped))
    return next((Raised(one, created=False, again=True) for one in known), None)


def _over(ports: Ports, made: Alarm, stamped: str) -> Raised | None:
    """One that is cleared by the time it arrives."""
    over = replace(made, status=AlarmStatus.CLEARED, cleared=stamped)
    closed = replace(over, history=()).noted(over.updated, over.history[-1].by)
    if ports.alarms.create(closed, _kept(ports, made.tenant)):
        return Raised(closed, created=True)
    return _known(ports, closed)


def _known(ports: Ports, made: Alarm) -> Raised | None:
    """The alarm that this very raise made before; None where somebody else has its number, or was faster."""
    found = ports.alarms.get(made.tenant, made.id)
    same = found is not None and (found.source, found.type) == (made.source, made.type) and found.knows(made.raised)
    return Raised(found, created=False, again=True) if found is not None and same else None


def _cleared(ports: Ports, found: Alarm, stamped: str, by: str) -> Alarm:
    now = ports.clock.now()
    return replace(found, status=AlarmStatus.CLEARED, cleared=stamped).noted(now, by)


def _reopen(ports: Ports, found: Alarm, after: Alarm) -> bool:
    """Errors: AlarmOpen."""
    seat = ports.alarms.seat(found.tenant, found.source, found.type)
    holder = _seated(ports, seat) if seat.alarm != found.id else None
    if holder is not None and holder.open:
        raise AlarmOpen(f"alarm {holder.id} of the same source and type is open")
    if holder is None and seat.alarm != found.id and not _emptied(ports, seat):
        return False
    return ports.alarms.reopen(found, after, seat)


def _vacate(ports: Ports, found: Alarm, stamped: str) -> None:
    """Give back the seat of an alarm that is not open any more, if it has it."""
    for _ in tries(ports):
        seat = ports.alarms.seat(found.tenant, found.source, found.type)
        left = seat.vacated if seat.alarm == found.id else seat
        vacant = replace(left, cleared=max(seat.cleared, stamped))
        if vacant == seat or ports.alarms.replace_seat(seat, vacant):
            return
    raise Contended(f"alarms {found.type[:64]} of {found.source} are written by too many at once")


def _tell_raised(ports: Ports, done: Raised) -> None:
    """Also what was told before: whoever did may have died before anybody heard. It is the same event."""
    kind = EventKind.ALARM_RAISED if done.alarm.count == 1 else EventKind.ALARM_REPEATED
    routing.alarm(ports, kind if done.alarm.open else EventKind.ALARM_CLEARED, done.alarm)


def _kept(ports: Ports, tenant: str) -> int:
    return retention.seconds(ports, tenant, Kept.MESSAGES)
