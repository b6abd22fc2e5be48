"""Devices that are to be heard again and again: one that is silent for too long has an alarm, until it is heard.

What falls due is looked at once in the time that a device may be silent, however much it says meanwhile. Whoever hears
a device again that was found silent clears its alarm; that it was found so stands in its mailbox, which is read anyway.
"""

from dataclasses import replace

from chalicelib.fleet import ids
from chalicelib.fleet.data import alarms
from chalicelib.fleet.data.alarm_records import Severity
from chalicelib.fleet.due import Matter
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence import hearing
from chalicelib.fleet.presence.changing import change_mailbox
from chalicelib.fleet.presence.mailbox import Mailbox
from chalicelib.fleet.presence.records import Presence, interface_key
from chalicelib.fleet.shapes import Extensible, Kind
from chalicelib.fleet.typed_records import TypedRecords

WATCH = "silence"


@dataclass(frozen=True, slots=True)
class Silence(Extensible):
    """`span` is in seconds, `since` (ms) when it was asked for, `due` (ms) when somebody has to look.

    `type` and `text` are those of the alarm.
    """

    device: str
    span: int
    since: int
    type: str
    text: str
    due: int | None


SILENCE = Kind(Silence)
SILENCES = TypedRecords("presence/silence", SILENCE, lambda silence: silence.due)


def demand(ports: Ports, tenant: str, device: str, span: int, type_: str, text: str) -> None:
    """The device is to be heard once in `span` seconds from now on. The same again changes nothing."""
    now, known = ports.clock.now(), SILENCES.get(ports, tenant, device)
    mailbox = hearing.watch(ports, tenant, device, WATCH, span)
    if mailbox is None:
        return
    if known is not None and known.due is None and not is_silent(mailbox):
        # It has another time from now on.
        alarms.clear(ports, tenant, device, known.type, alarms.stamp(ports))

    def demanded(present: Silence) -> Silence:
        due = None if is_silent(mailbox) else until(ports, mailbox)
        # One that was silent when it was deleted, and is registered again by now, is looked at by nobody.
        looked_at = present.due is not None or due is None
        if looked_at and (present.span, present.type, present.text) == (span, type_, text):
            return present
        return replace(present, span=span, since=now, type=type_, text=text, due=due)

    new = Silence(device, 0, now, "", "", None)
    SILENCES.change(ports, tenant, device, demanded, lambda: new)


def spare(ports: Ports, tenant: str, device: str) -> None:
    """It may be silent for as long as it likes; an alarm about that is over."""
    found = SILENCES.get(ports, tenant, device)
    if found is None:
        return
    hearing.watch(ports, tenant, device, WATCH, None)
    SILENCES.delete(ports, tenant, device)
    alarms.clear(ports, tenant, device, found.type, alarms.stamp(ports))


def until(ports: Ports, mailbox: Mailbox) -> int:
    """The moment (ms) at which the device will have been silent for too long, unless it is heard before.

    1 << 62 where nobody demands to hear it.
    """
    watch = mailbox.watches.get(WATCH)
    if watch is None:
        return 1 << 62
    return hearing.silent_from(ports, mailbox, heard_last(mailbox) or watch.since, watch.span, watch.since)


def heard_last(mailbox: Mailbox) -> int:
    """When (ms) the device was heard last, whichever way; 0 where it never was."""
    return max((presence.last_contact or 0 for presence in mailbox.presence.values()), default=0)


def heard(ports: Ports, tenant: str, device: str, dialect: str, connector: str, node: str) -> Mailbox | None:
    """The device was heard just now by a way that has no sessions: written as seldom as `hearing` says."""
    now, key = ports.clock.now(), interface_key(connector, node)

    def hear(mailbox: Mailbox) -> Mailbox:
        presence = mailbox.presence.get(key) or Presence(dialect, node)
        return mailbox.with_presence(key, presence.heard(now, hearing.interval(ports, mailbox)))

    return returned(ports, change_mailbox(ports, tenant, device, hear))


def returned(ports: Ports, mailbox: Mailbox | None) -> Mailbox | None:
    """The mailbox of a device that was heard just now; one that had been silent for too long is so no more."""
    if mailbox is None or not is_silent(mailbox):
        return mailbox
    # The alarm first: whoever dies in between leaves it to the next time that the device is heard.
    found = SILENCES.get(ports, mailbox.tenant, mailbox.device)
    if found is not None:
        alarms.clear(ports, mailbox.tenant, mailbox.device, found.type, alarms.stamp(ports))
    after = _marked(ports, mailbox, silent=False)
    if after is not None:
        moment = until(ports, after)
        SILENCES.change(ports, mailbox.tenant, mailbox.device, lambda one: replace(one, due=moment))
    return after


def on_due(ports: Ports, matter: Matter) -> None:
    """Raise the alarm of a device that was silent for too long; of any other one look again when it may be."""
    tenant, device = matter.tenant, matter.id
    found, mailbox = SILENCES.get(ports, tenant, device), ports.mailboxes.get(tenant, device)
    if found is None or mailbox is None or WATCH not in mailbox.watches:
        SILENCES.delete(ports, tenant, device)
        return
    moment, now = until(ports, mailbox), ports.clock.now()
    # The mark first, unless it is heard meanwhile: who dies in between is followed by the next sweep.
    marked = _marked(ports, mailbox, silent=True) if now >= moment else mailbox
    if marked is None or not is_silent(marked):
        later = until(ports, marked) if marked is not None else moment
        SILENCES.change(ports, tenant, device, lambda present: replace(present, due=max(later, now + 1)))
        return
    # Of the moment since which it is silent: a clearing that overtakes it is later, and ends it.
    stamp = ids.ordered_id(moment, moment, f"{device}{moment}")
    alarms.raise_(ports, tenant, alarms.Report(device, found.type, Severity.MAJOR, found.text, moment), stamp)
    SILENCES.change(ports, tenant, device, lambda present: replace(present, due=None))


def is_silent(mailbox: Mailbox) -> bool:
    """Whether it was found to have been silent for too long, and was not heard since."""
    watch = mailbox.watches.get(WATCH)
    return watch is not None and watch.silent


def _marked(ports: Ports, seen: Mailbox, *, silent: bool) -> Mailbox | None:
    def marked(present: Mailbox) -> Mailbox:
        watch = present.watches.get(WATCH)
        # A message that comes at the same time: the device was heard, and is not silent.
        if watch is None or (silent and heard_last(present) != heard_last(seen)):
            return present
        return present.watched({**present.watches, WATCH: replace(watch, silent=silent)})

    return change_mailbox(ports, seen.tenant, seen.device, marked, seen=seen)
