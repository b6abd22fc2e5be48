"""Bringing a device's configuration to what was requested: on request, on connection and on report."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import reduce

from chalicelib.fleet import configuration as rules
from chalicelib.fleet import connecting, relaying, routing
from chalicelib.fleet.changes import change_mailbox
from chalicelib.fleet.commands import CONFIRMATION
from chalicelib.fleet.configuration import Configuration, SyncStatus, Update, Value
from chalicelib.fleet.errors import Contended, DeviceNotFound, TemporarilyUnavailable
from chalicelib.fleet.ids import correlation
from chalicelib.fleet.mailbox import Mailbox
from chalicelib.fleet.ports import Outcome, Ports
from chalicelib.fleet.presence import Capability, Route

_TRIES = 25
_AFTER = {
    Outcome.CONFIRMED: SyncStatus.SENT,
    Outcome.UNCONFIRMED: SyncStatus.SENT,
    Outcome.REFUSED: SyncStatus.FAILED,
    Outcome.ABSENT: SyncStatus.PENDING,
    Outcome.BUSY: SyncStatus.PENDING,
}
"""How a parameter stands that was sent, until the device answers."""


def request(ports: Ports, tenant: str, device: str, values: Mapping[str, Value], notify_to: str | None) -> None:
    """Set target values. Errors: DeviceNotFound, Invalid."""
    changed = change(ports, tenant, device, lambda c: rules.requested(c, values, notify_to))
    if not any(p.status is SyncStatus.PENDING for p in changed.parameters.values()):
        return
    # After the targets are written: a device that comes in between finds either the flag or its own wake-up.
    mailbox = _flagged(ports, tenant, device)
    if mailbox is None:
        raise DeviceNotFound(f"device {device} not found")
    if mailbox.route(Capability.CONFIGURATION) or mailbox.doubtful():
        ports.background.deliver(tenant, device)


def report(
    ports: Ports, tenant: str, device: str, values: Mapping[str, Value], cid: int | None, *, partial: bool = False
) -> Configuration:
    """What a device reports of its configuration; differences to the targets are sent to it.

    A `partial` answer says nothing of the parameters that it leaves out; any other answer is complete.
    Errors: DeviceNotFound.
    """
    changed = change(ports, tenant, device, lambda c: rules.reported(c, values, cid, partial=partial))
    if any(p.status is SyncStatus.PENDING for p in changed.parameters.values()):
        _flagged(ports, tenant, device)
        ports.background.deliver(tenant, device)
    return changed


def cancel(ports: Ports, tenant: str, device: str, *keys: str) -> None:
    """Withdraw the requests for these parameters, or for none of them. Errors: ParameterNotFound, IllegalTransition."""
    change(ports, tenant, device, lambda c: reduce(rules.canceled, keys, c))


def get(ports: Ports, tenant: str, device: str) -> Configuration:
    """A device's configuration, empty where it has none. Errors: DeviceNotFound."""
    found = ports.configurations.get(tenant, device)
    if found is None:
        if ports.mailboxes.get(tenant, device) is None:
            raise DeviceNotFound(f"device {device} not found")
        return Configuration(tenant, device)
    return found


def synchronize(ports: Ports, tenant: str, device: str) -> None:
    """Send the device what it has still to be told, if it is there and listens."""
    mailbox = ports.mailboxes.get(tenant, device)
    if mailbox is None or Capability.CONFIGURATION not in mailbox.todo:
        return
    route = relaying.route(ports, mailbox, Capability.CONFIGURATION)
    if route is None and connecting.ask(ports, mailbox):
        mailbox = ports.mailboxes.get(tenant, device)
        route = relaying.route(ports, mailbox, Capability.CONFIGURATION) if mailbox else None
    if route is None:
        return
    now = ports.clock.now()
    present = ports.configurations.get(tenant, device)
    due = present.due(route.session, now) if present else {}
    if present is not None and present.busy(route.session, now):
        # One update at a time, or they might overtake each other; who sends that one looks again afterwards.
        return
    if present is None or not due:
        _settled(ports, tenant, device)
        return
    update = Update(correlation(f"{device}{ports.new_id(now)}"), due)
    # Two deliveries at once would send the same update twice: the revision lets one of them mark it as sent.
    marked = replace(
        present.with_status(due, None, SyncStatus.SENT),
        correlation=update.correlation,
        sent_to=route.session,
        sending=now,
    )
    if not ports.configurations.replace(present, marked):
        ports.background.deliver(tenant, device)
        return
    routing.configuration(ports, present, marked)
    outcome = ports.delivery.configuration(route, update, CONFIRMATION)
    _conclude(ports, tenant, device, route, update, outcome)


def _conclude(ports: Ports, tenant: str, device: str, route: Route, update: Update, outcome: Outcome) -> None:
    after = _AFTER[outcome]

    def concluded(configuration: Configuration) -> Configuration:
        if configuration.correlation != update.correlation:
            return configuration
        return replace(configuration.with_status(update.parameters, SyncStatus.SENT, after), sending=None)

    present = change(ports, tenant, device, concluded)
    if after is not SyncStatus.PENDING:
        statuses = {p.status for p in present.parameters.values()}
        if SyncStatus.PENDING in statuses:
            ports.background.deliver(tenant, device)
        elif SyncStatus.SENT not in statuses:
            _settled(ports, tenant, device)
        return
    if outcome is Outcome.BUSY or connecting.consult(ports, tenant, device, route) is not None:
        raise TemporarilyUnavailable("the broker could not take a downlink; it will be tried again")


def _settled(ports: Ports, tenant: str, device: str) -> None:
    """Drop the flag where nothing waits; what was sent and stays unanswered is looked at on the next connection."""
    for _ in range(_TRIES):
        mailbox = ports.mailboxes.get(tenant, device)
        present = ports.configurations.get(tenant, device)
        statuses = {p.status for p in present.parameters.values()} if present else set()
        if mailbox is None or statuses & {SyncStatus.PENDING, SyncStatus.SENT}:
            return
        calm = mailbox.with_todo(done=Capability.CONFIGURATION)
        # A request written after our look writes the mailbox too: then this fails, and we look again.
        if calm is mailbox or ports.mailboxes.replace(mailbox, calm):
            return


def _flagged(ports: Ports, tenant: str, device: str) -> Mailbox | None:
    """The mailbox with the flag set, written even where it is set already, so that nobody drops it unawares."""
    return change_mailbox(ports, tenant, device, lambda m: replace(m, todo=m.todo | {Capability.CONFIGURATION}))


def change(ports: Ports, tenant: str, device: str, change_: Callable[[Configuration], Configuration]) -> Configuration:
    for _ in range(_TRIES):
        present = get(ports, tenant, device)
        changed = change_(present)
        if changed == present:
            return changed
        if ports.configurations.replace(present, changed):
            routing.configuration(ports, present, changed)
            return changed
    raise Contended(f"the configuration of {device} is written by too many at once")
