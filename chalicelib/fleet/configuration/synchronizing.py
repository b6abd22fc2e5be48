"""Bringing a device's configuration to what was requested: on request, on connection and on report."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import reduce

from chalicelib.fleet.commands.records import CONFIRMATION
from chalicelib.fleet.compare_and_set import change_record
from chalicelib.fleet.configuration import document_fields, fetching
from chalicelib.fleet.configuration import records as rules
from chalicelib.fleet.configuration.records import Configuration, SyncStatus, Update, Value
from chalicelib.fleet.errors import DeviceNotFound, TemporarilyUnavailable
from chalicelib.fleet.events import routing
from chalicelib.fleet.ids import correlation
from chalicelib.fleet.ports import Outcome, Ports
from chalicelib.fleet.presence import reminders
from chalicelib.fleet.presence.mailbox import Mailbox
from chalicelib.fleet.presence.records import Capability

_AFTER = {
    Outcome.CONFIRMED: SyncStatus.SENT,
    Outcome.UNCONFIRMED: SyncStatus.SENT,
    Outcome.REFUSED: SyncStatus.FAILED,
    Outcome.ABSENT: SyncStatus.PENDING,
    Outcome.BUSY: SyncStatus.PENDING,
}
"""How a parameter stands that was sent, until the device answers."""


def request(ports: Ports, tenant: str, device: str, values: Mapping[str, Value], notify_to: str | None) -> None:
    """Set target values, or fields of a configuration that is one object. Errors: DeviceNotFound, Invalid."""
    mailbox = ports.mailboxes.get(tenant, device)
    if mailbox is None:
        raise DeviceNotFound(f"device {device} not found")
    present = ports.configurations.get(tenant, device) or Configuration(tenant, device)
    if present.document is not None:
        fetching.set_fields(ports, tenant, device, values, notify_to)
        return
    changed = change(ports, tenant, device, lambda c: rules.requested(c, values, notify_to), seen=present)
    if changed.pending():
        # If nobody can be woken now the reminder stands, and the next wake-up finds it.
        _wake(ports, changed, mailbox)


def report(
    ports: Ports, tenant: str, device: str, values: Mapping[str, Value], cid: int | None, *, partial: bool = False
) -> Configuration:
    """What a device reports of its configuration; differences to the targets are sent to it.

    A `partial` answer says nothing of the parameters that it leaves out; any other answer is complete.
    Errors: DeviceNotFound, TemporarilyUnavailable.
    """
    at = max((value.at for value in values.values()), default=ports.clock.now())
    changed, ours = _change(ports, tenant, device, lambda c: rules.reported(c, values, cid, partial=partial), at=at)
    if not ours and cid is not None and changed.asked(cid):
        # The same answer again: who handled it first may have died before it could tell.
        routing.configured(ports, changed, at)
    if changed.pending() and not _wake(ports, changed):
        raise TemporarilyUnavailable("a delivery could not be started; the report is to come again")
    return changed


def cancel(ports: Ports, tenant: str, device: str, *keys: str) -> None:
    """Withdraw the requests for these parameters, or for none of them. Errors: ParameterNotFound, IllegalTransition."""
    change(ports, tenant, device, lambda c: reduce(rules.canceled, keys, c))


def get(ports: Ports, tenant: str, device: str) -> Configuration:
    """A device's configuration, empty where it has none, with the fields of one object. Errors: DeviceNotFound."""
    return document_fields.shown(_get(ports, tenant, device))


def _get(ports: Ports, tenant: str, device: str) -> Configuration:
    found = ports.configurations.get(tenant, device)
    if found is None:
        if ports.mailboxes.get(tenant, device) is None:
            raise DeviceNotFound(f"device {device} not found")
        return Configuration(tenant, device)
    return found


def synchronize(ports: Ports, mailbox: Mailbox) -> Mailbox | None:
    """Send the device what it has still to be told, if it is there and listens; the mailbox as far as it is known."""
    if Capability.CONFIGURATION not in mailbox.todo:
        return mailbox
    mailbox, route = reminders.way(ports, mailbox, Capability.CONFIGURATION)
    if route is None:
        return mailbox
    tenant, device, now = mailbox.tenant, mailbox.device, ports.clock.now()
    present = ports.configurations.get(tenant, device) or Configuration(tenant, device)
    if present.document is not None:
        return fetching.push(ports, mailbox, present, present.document, route)
    if present.busy(route.session, now):
        # One update at a time, or they might overtake each other; who sends that one looks again afterwards.
        return mailbox
    due = present.due(route.session, now)
    if not due:
        return _settled(ports, mailbox, present)
    update = Update(correlation(f"{device}{ports.new_id(now)}"), due)
    marked = _mark(ports, present, update, route.session, now)
    if marked is None:
        ports.background.deliver(tenant, device)
        return mailbox
    outcome = ports.delivery.configuration(route, update, CONFIRMATION)
    concluded = _conclude(ports, marked, update, _AFTER[outcome])
    if _AFTER[outcome] is SyncStatus.PENDING:
        return reminders.ensure_away(ports, mailbox, route, outcome)
    if concluded.pending():
        ports.background.deliver(tenant, device)
    return _settled(ports, mailbox, concluded)


def _wake(ports: Ports, changed: Configuration, seen: Mailbox | None = None) -> bool:
    mailbox = reminders.remind(ports, changed.tenant, changed.device, Capability.CONFIGURATION, seen)
    if mailbox is None:
        raise DeviceNotFound(f"device {changed.device} not found")
    return reminders.wake(ports, mailbox, Capability.CONFIGURATION)


def _mark(ports: Ports, present: Configuration, update: Update, session: str, now: int) -> Configuration | None:
    """The configuration with the update marked as sent; None if somebody else has changed it meanwhile."""
    marked = present.sent(update, session, now)
    # Two deliveries at once would send the same update twice: the revision lets one of them mark it.
    written = replace(marked, revision=present.revision + 1)
    if ports.configurations.replace(present, marked):
        routing.configuration(ports, present, written)
        return written
    # A write whose answer was lost on the way is repeated, and then it fails: it may be our own mark that is there.
    found = ports.configurations.get(present.tenant, present.device)
    if found is None or found.correlation != update.correlation:
        return None
    routing.configuration(ports, present, written)
    return found


def _conclude(ports: Ports, marked: Configuration, update: Update, after: SyncStatus) -> Configuration:
    def concluded(configuration: Configuration) -> Configuration:
        if configuration.correlation != update.correlation:
            return configuration
        return replace(configuration.with_status(update.parameters, SyncStatus.SENT, after), sending=None)

    return change(ports, marked.tenant, marked.device, concluded, seen=marked)


def _settled(ports: Ports, mailbox: Mailbox, present: Configuration) -> Mailbox | None:
    """Forget the reminder where nothing waits; what was sent and stays unanswered is told to the next session."""
    return mailbox if present.unsettled() else reminders.drop(ports, mailbox, Capability.CONFIGURATION)


def change(
    ports: Ports,
    tenant: str,
    device: str,
    change_: Callable[[Configuration], Configuration],
    seen: Configuration | None = None,
) -> Configuration:
    """The configuration after `change_`; `seen` saves the first read. Errors: DeviceNotFound."""
    return _change(ports, tenant, device, change_, seen)[0]


def _change(
    ports: Ports,
    tenant: str,
    device: str,
    change_: Callable[[Configuration], Configuration],
    seen: Configuration | None = None,
    at: int | None = None,
) -> tuple[Configuration, bool]:
    def changed(present: Configuration) -> Configuration | None:
        after = change_(present)
        return None if after == present else after

    def tell(before: Configuration, after: Configuration) -> None:
        routing.configuration(ports, before, after, at)

    def read() -> Configuration:
        return _get(ports, tenant, device)

    name, write = f"the configuration of {device}", ports.configurations.replace
    found, ours = change_record(ports, name, read, write, changed, seen, tell)
    return found or Configuration(tenant, device), ours
