"""Devices that nobody holds a connection of: they are there while they ask, and away after a span of absence.

To write down each time that one was heard would double the price of what it says. What it says is kept anyway, so that
whoever finds an absence due looks at its last message, once a span, and nothing is written in between. Whatever else it
asks is written where the last time is longer ago than half the span, or a minute.
"""

from dataclasses import replace
from functools import partial

from chalicelib.fleet.data import alarms
from chalicelib.fleet.data.alarm_records import Severity
from chalicelib.fleet.data.alarms import Report
from chalicelib.fleet.due import Matter
from chalicelib.fleet.events import routing
from chalicelib.fleet.events.events import DeviceStatus
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence import hearing, silences
from chalicelib.fleet.presence.changing import change_mailbox
from chalicelib.fleet.presence.mailbox import Mailbox, Watch
from chalicelib.fleet.presence.records import MINUTE, Presence, interface_key
from chalicelib.fleet.shapes import Extensible, Kind
from chalicelib.fleet.typed_records import TypedRecords

ALARM = "offline"
"""The type of the alarm that is raised when a span is over, and cleared when the device is heard again."""
_SECOND = 1_000
_LOOKED_AT = 5
_WATCH = "asking"


@dataclass(frozen=True, slots=True)
class Line(Extensible):
    """The interface by which a device asks."""

    tenant: str
    device: str
    connector: str
    node: str
    dialect: str

    @property
    def key(self) -> str:
        return interface_key(self.connector, self.node)


@dataclass(frozen=True, slots=True)
class Absence(Extensible):
    """The device is away when it is not heard for `span` (s). `until` (ms) is when to look, None while it is away."""

    line: Line
    span: int
    until: int | None


ABSENCE = Kind(Absence)
ABSENCES = TypedRecords("presence/absence", ABSENCE, lambda absence: absence.until)
"""By device."""


def heard(
    ports: Ports, mailbox: Mailbox, line: Line, span: int, *, kept: bool = False, faulty: bool | None = None
) -> Mailbox | None:
    """The device asks, and so it is there; its mailbox as it is then, None where it is gone.

    `span` is how long (s) it may be silent, 0 for ever; `kept` says that what it sent is a message of its own stream;
    `faulty` what it says of itself.
    """
    now = ports.clock.now()
    if silences.is_silent(mailbox):
        returned = silences.returned(ports, mailbox)
        if returned is None:
            return None
        mailbox = returned
    known = mailbox.presence.get(line.key)
    if known is not None and _is_known(ports, mailbox, known, span, now, kept=kept, faulty=faulty):
        return mailbox
    session = ports.new_id(now)
    comes = known is None or not known.online or _span(mailbox) != span
    if comes:
        # Before it is there for anybody: whoever dies here leaves what is looked at for nothing.
        _await(ports, line, span, now + span * _SECOND if span else None)

    def there(found: Mailbox) -> Mailbox:
        presence = found.presence.get(line.key) or Presence(line.dialect, line.node)
        if not presence.online:
            presence = replace(presence, client=line.node, session=session, since=now, ended=None)
        told = presence.faulty if faulty is None else faulty
        presence = replace(presence, last_contact=max(now, presence.last_contact or 0), faulty=told)
        return _watched(found, span, now).with_presence(line.key, presence)

    after = change_mailbox(ports, line.tenant, line.device, there, seen=mailbox)
    if after is not None and after.presence[line.key].session == session:
        alarms.clear(ports, line.tenant, line.device, ALARM, alarms.stamp(ports))
        _tell(ports, line, session, now, online=True)
    return after


def left(ports: Ports, mailbox: Mailbox, line: Line) -> Mailbox | None:
    """The device says that it goes. None where it is gone for good."""
    now = ports.clock.now()
    known = mailbox.presence.get(line.key)
    if known is not None and not known.online and now < (known.last_contact or 0) + MINUTE:
        return mailbox
    over: list[str | None] = []

    def away(found: Mailbox) -> Mailbox:
        presence = found.presence.get(line.key) or Presence(line.dialect, line.node)
        over[:] = [presence.session]
        ended = now if presence.online else presence.ended
        gone = replace(presence, session=None, ended=ended, last_contact=now, faulty=False)
        return found.with_presence(line.key, gone)

    after = change_mailbox(ports, line.tenant, line.device, away, seen=mailbox)
    if after is not None and over and over[0] is not None:
        _tell(ports, line, over[0], now, online=False)
    return after


def on_due(ports: Ports, matter: Matter) -> None:
    """A span may be over: look when the device was heard last, and again when it is over from then on."""
    tenant, device = matter.tenant, matter.subject
    absence = ABSENCES.get(ports, tenant, device)
    if absence is None or absence.until is None:
        return
    mailbox = ports.mailboxes.get(tenant, device)
    if mailbox is None:
        ABSENCES.delete(ports, tenant, device)
        return
    known, now = mailbox.presence.get(absence.line.key), ports.clock.now()
    if known is None or not known.online:
        _look(ports, absence, None)
        return
    last = max(known.last_contact or 0, _said(ports, tenant, device))
    until = last + absence.span * _SECOND
    if now < until:
        if _watched_by_others(ports, mailbox) or last >= (known.last_contact or 0) + hearing.LONGEST:
            # When it was heard last is shown as exactly as of any device: that a look costs one write is worth more.
            change_mailbox(
                ports, tenant, device, partial(_since, key=absence.line.key, before=known, last=last), seen=mailbox
            )
        _look(ports, absence, until)
        return
    _over(ports, absence, known, last)


def _over(ports: Ports, absence: Absence, known: Presence, last: int) -> None:
    """Nobody has heard it: the alarm first, as nobody would look again once it is away."""
    line, now = absence.line, ports.clock.now()
    text = f"The device has not been heard for {absence.span} seconds"
    report = Report(line.device, ALARM, Severity.CRITICAL, text, now)
    alarms.raise_(ports, line.tenant, report, alarms.stamp(ports))
    away: list[bool] = []

    def ended(found: Mailbox) -> Mailbox:
        presence = found.presence.get(line.key)
        away[:] = [presence is not None and (presence.session, presence.last_contact) == _state(known)]
        if presence is None or not away[0]:
            return found
        gone = replace(presence, session=None, ended=now, last_contact=last, faulty=False)
        return found.with_presence(line.key, gone)

    change_mailbox(ports, line.tenant, line.device, ended)
    if not away or not away[0]:
        # It was heard meanwhile: it stays due, and is looked at again.
        alarms.clear(ports, line.tenant, line.device, ALARM, alarms.stamp(ports))
        return
    _look(ports, absence, None)
    _tell(ports, line, known.session or "", now, online=False)


def _is_known(
    ports: Ports, mailbox: Mailbox, known: Presence, span: int, now: int, *, kept: bool, faulty: bool | None
) -> bool:
    """Whether nothing need be written."""
    if not known.online or _span(mailbox) != span or faulty not in (None, known.faulty):
        return False
    if _watched_by_others(ports, mailbox):
        # Somebody else goes by what is written.
        return now < hearing.again_at(ports, mailbox, known)
    rest = min(span * _SECOND // 2, MINUTE) if span else hearing.LONGEST
    return (kept and span > 0) or now < (known.last_contact or 0) + rest


def _watched_by_others(ports: Ports, mailbox: Mailbox) -> bool:
    return bool(mailbox.watches.keys() - {_WATCH} or ports.tenants.settings(mailbox.tenant).watched)


def _said(ports: Ports, tenant: str, device: str) -> int:
    """When (ms) its last message came, as far as its stream shows; 0 where that shows none."""
    found = ports.devices.get(tenant, device)
    if found is None:
        return 0
    last = ports.messages.page(tenant, found.data_stream, start=None, end=None, before=None, limit=_LOOKED_AT)
    return max((each.created for each in last if each.metadata.get("source") == device), default=0)


def _span(mailbox: Mailbox) -> int:
    watch = mailbox.watches.get(_WATCH)
    return watch.span if watch is not None else 0


def _watched(mailbox: Mailbox, span: int, now: int) -> Mailbox:
    if _span(mailbox) == span:
        return mailbox
    others = {name: watch for name, watch in mailbox.watches.items() if name != _WATCH}
    return mailbox.watched({**others, _WATCH: Watch(span, now)} if span else others)


def _since(mailbox: Mailbox, *, key: str, before: Presence, last: int) -> Mailbox:
    presence = mailbox.presence.get(key)
    if presence is None or presence.session != before.session or (presence.last_contact or 0) >= last:
        return mailbox
    return mailbox.with_presence(key, replace(presence, last_contact=last))


def _state(presence: Presence) -> tuple[str | None, int | None]:
    return presence.session, presence.last_contact


def _await(ports: Ports, line: Line, span: int, until: int | None) -> None:
    def awaited(absence: Absence) -> Absence:
        return replace(absence, line=replace(absence.line, node=line.node), span=span, until=until)

    if until is not None or ABSENCES.get(ports, line.tenant, line.device) is not None:
        ABSENCES.change(ports, line.tenant, line.device, awaited, lambda: Absence(line, span, None))


def _look(ports: Ports, absence: Absence, until: int | None) -> None:
    """Look again then, unless the device has come back since."""
    line = absence.line

    def later(present: Absence) -> Absence:
        return present if present.until != absence.until else replace(present, until=until)

    ABSENCES.change(ports, line.tenant, line.device, later)


def _tell(ports: Ports, line: Line, session: str, at: int, *, online: bool) -> None:
    status = DeviceStatus(line.device, line.connector, line.node, online)
    routing.status(ports, line.tenant, status, session, at)
