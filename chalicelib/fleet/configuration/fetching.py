"""Configurations that are one object: what its owner and its device do with one.

The document is written first and the version in the device's mailbox after it, which is all that a device is told of
until it fetches. Whoever dies in between has acknowledged nothing, and the same step again makes up for it.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from chalicelib.fleet.commands.records import CONFIRMATION
from chalicelib.fleet.compare_and_set import change_record
from chalicelib.fleet.configuration import document as rules
from chalicelib.fleet.configuration import document_fields
from chalicelib.fleet.configuration.document import Document
from chalicelib.fleet.configuration.records import Configuration, Update
from chalicelib.fleet.errors import DeviceNotFound
from chalicelib.fleet.events import routing
from chalicelib.fleet.ports import Outcome, Ports
from chalicelib.fleet.presence import reminders
from chalicelib.fleet.presence.changing import change_mailbox
from chalicelib.fleet.presence.mailbox import Mailbox
from chalicelib.fleet.presence.records import Capability, Route

OF = Capability.CONFIGURATION
Change = Callable[[Document], Document]


def begin(ports: Ports, tenant: str, device: str, version: int = 0, form: str = "") -> None:
    """From now on the device has a configuration that is one object; versions go on from the one it may know.

    Errors: DeviceNotFound.
    """

    def begun(document: Document) -> Document:
        return replace(document, version=max(document.version, version), form=form)

    mailbox, after = _change(ports, tenant, device, begun, make=True)
    _mark(ports, mailbox, after)


def get(ports: Ports, tenant: str, device: str) -> Document:
    """Errors: DeviceNotFound."""
    found = _read(ports, tenant, device).document
    if found is None and ports.mailboxes.get(tenant, device) is None:
        raise DeviceNotFound(f"device {device} not found")
    return found or Document()


def want(ports: Ports, tenant: str, device: str, content: Mapping[str, Any], notify_to: str | None = None) -> Document:
    """Its owner sets it. Errors: DeviceNotFound, TooLarge."""
    return _want(ports, tenant, device, lambda _: content, notify_to)


def set_fields(ports: Ports, tenant: str, device: str, values: Mapping[str, Any], notify_to: str | None) -> Document:
    """Its owner sets some of its fields, as parameters. Errors: DeviceNotFound, TooLarge."""
    return _want(ports, tenant, device, lambda d: document_fields.with_values(d, values), notify_to)


def fetch(ports: Ports, tenant: str, device: str) -> Document:
    """The device asks for it. Errors: DeviceNotFound."""
    mailbox, after = _change(ports, tenant, device, rules.fetched)
    _mark(ports, mailbox, after)
    return after


def apply(ports: Ports, tenant: str, device: str, version: int) -> Document:
    """The device works by that version. Errors: DeviceNotFound, IllegalTransition."""
    now = ports.clock.now()
    return _settled(ports, *_change(ports, tenant, device, lambda d: rules.applied(d, version, now)))


def send_back(
    ports: Ports, tenant: str, device: str, content: Mapping[str, Any], version: int | None = None
) -> Document:
    """The device says what it works by. Errors: DeviceNotFound, IllegalTransition, TooLarge."""
    now = ports.clock.now()
    changed = _change(ports, tenant, device, lambda d: rules.sent_back(d, content, version, now))
    return _settled(ports, *changed)


def push(ports: Ports, mailbox: Mailbox, present: Configuration, document: Document, route: Route) -> Mailbox | None:
    """Send it to a device that listens, once a session and version; the mailbox as far as it is known.

    Errors: TemporarilyUnavailable, where it is to be tried again.
    """
    tenant, device = mailbox.tenant, mailbox.device
    if document.settled:
        return reminders.drop(ports, mailbox, OF)
    if (present.sent_to, present.correlation) == (route.session, document.version):
        return mailbox
    marked = replace(present, sent_to=route.session, correlation=document.version)
    # Two deliveries at once would send the same twice; and whoever has changed it meanwhile wants that to go.
    if not ports.configurations.replace(present, marked):
        ports.background.deliver(tenant, device)
        return mailbox
    outcome = ports.delivery.configuration(route, Update(document.version, {}, document), CONFIRMATION)
    if outcome in (Outcome.ABSENT, Outcome.BUSY):
        _unmark(ports, marked)
        return reminders.ensure_away(ports, mailbox, route, outcome)
    if outcome is Outcome.CONFIRMED:
        _change(ports, tenant, device, lambda d: rules.fetched(d) if d.version == document.version else d)
    return mailbox


def _unmark(ports: Ports, marked: Configuration) -> None:
    def unmarked(found: Configuration) -> Configuration | None:
        same = (found.sent_to, found.correlation) == (marked.sent_to, marked.correlation)
        return replace(found, sent_to=None) if same else None

    # A device that was away may be back in the same session.
    read = lambda: _read(ports, marked.tenant, marked.device)  # noqa: E731
    change_record(ports, f"the configuration of {marked.device}", read, ports.configurations.replace, unmarked)


def _want(
    ports: Ports, tenant: str, device: str, made: Callable[[Document], Mapping[str, Any]], notify_to: str | None
) -> Document:
    now = ports.clock.now()
    mailbox, after = _change(ports, tenant, device, lambda d: rules.wanted(d, made(d), now), notify_to)
    if after.version > mailbox.version(OF):
        mailbox = _mark(ports, mailbox, after, remind=True)
        reminders.wake(ports, mailbox, OF)
    return after


def _settled(ports: Ports, mailbox: Mailbox, after: Document) -> Document:
    present = _mark(ports, mailbox, after)
    if after.settled:
        reminders.drop(ports, present, OF)
    return after


def _mark(ports: Ports, mailbox: Mailbox, after: Document, *, remind: bool = False) -> Mailbox:
    """The mailbox once it tells of that version, or a later one. Errors: DeviceNotFound."""

    def marked(present: Mailbox) -> Mailbox:
        told = present.with_version(OF, after.version)
        return told.with_todo(add=OF) if remind else told

    # With a reminder it is written in any case: who is about to drop that has to look again.
    found = change_mailbox(ports, mailbox.tenant, mailbox.device, marked, seen=mailbox, touch=remind)
    if found is None:
        raise DeviceNotFound(f"device {mailbox.device} not found")
    return found


def _change(
    ports: Ports, tenant: str, device: str, change: Change, notify_to: str | None = None, *, make: bool = False
) -> tuple[Mailbox, Document]:
    """The mailbox as it was before, and the document as it is after."""
    mailbox = ports.mailboxes.get(tenant, device)
    if mailbox is None:
        raise DeviceNotFound(f"device {device} not found")

    def changed(present: Configuration) -> Configuration | None:
        before = present.document or Document()
        after = change(before)
        if after == before and (present.document is not None or not make):
            return None
        return replace(present, document=after, notify_to=notify_to or present.notify_to)

    def tell(before: Configuration, after: Configuration) -> None:
        routing.configuration(ports, document_fields.shown(before), document_fields.shown(after))

    # The owner and the device at once, or two requests of one device: each works on what the other has left.
    found, _ = change_record(
        ports,
        f"the configuration of {device}",
        lambda: _read(ports, tenant, device),
        ports.configurations.replace,
        changed,
        tell=tell,
    )
    return mailbox, found.document or Document()


def _read(ports: Ports, tenant: str, device: str) -> Configuration:
    return ports.configurations.get(tenant, device) or Configuration(tenant, device)
