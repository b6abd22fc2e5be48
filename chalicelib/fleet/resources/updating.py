"""Bringing a device's resources to the versions that were requested: on request, on connection and on report."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from chalicelib.fleet.commands.records import CONFIRMATION
from chalicelib.fleet.compare_and_set import change_record, new_draw
from chalicelib.fleet.errors import Conflict, DeviceNotFound, ResourceNotFound, VersionNotFound
from chalicelib.fleet.events import routing
from chalicelib.fleet.ports import Outcome, Ports
from chalicelib.fleet.presence import reminders
from chalicelib.fleet.presence.mailbox import Mailbox
from chalicelib.fleet.presence.records import Capability, Route
from chalicelib.fleet.resources import catalog, links
from chalicelib.fleet.resources import updates as rules
from chalicelib.fleet.resources.records import Resource, ResourceVersion
from chalicelib.fleet.resources.updates import (
    DeviceResources,
    Failure,
    Offer,
    Origin,
    Report,
    ResourceUpdate,
    Target,
    UpdateStatus,
)

_Found = tuple[Resource, ResourceVersion]
_AFTER = {
    Outcome.CONFIRMED: UpdateStatus.SENT,
    Outcome.CONCLUDED: UpdateStatus.SENT,
    Outcome.UNCONFIRMED: UpdateStatus.SENT,
    Outcome.REFUSED: UpdateStatus.FAILED,
    Outcome.ABSENT: UpdateStatus.PENDING,
    Outcome.BUSY: UpdateStatus.PENDING,
}


def request(
    ports: Ports,
    tenant: str,
    device: str,
    resource: str,
    named: str,
    metadata: Mapping[str, str],
    notify_to: str | None = None,
) -> DeviceResources:
    """Set the version that a device is to have, by its id or alias.

    Errors: DeviceNotFound, ResourceNotFound, VersionNotFound, Conflict (no file yet, or the device's present version
    cannot be brought to this one), Invalid.
    """
    version = catalog.target(ports, tenant, catalog.get(ports, tenant, resource), named)
    now = ports.clock.now()
    target = Target(resource, version.id, metadata, ports.new_id(now), notify_to)

    def requested(present: DeviceResources) -> DeviceResources:
        known = present.resources.get(resource)
        current = known.reported.version if known and known.reported else None
        if current != version.id and not version.follows(current):
            raise Conflict(f"version {version.id} of {resource} is not compatible with version {current} of the device")
        return rules.requested(present, target, now)

    return _wake(ports, change(ports, tenant, device, requested))


def report(ports: Ports, tenant: str, device: str, reports: Mapping[str, Report], at: int) -> DeviceResources:
    """What a device said at `at` (ms) that it has."""
    now = ports.clock.now()
    return _wake(ports, change(ports, tenant, device, lambda r: rules.reported(r, reports, now, at)))


def accept(ports: Ports, tenant: str, device: str, cid: int, at: int) -> bool:
    """The device said at `at` (ms) that it will do what the update with this id says; False if there is none."""
    now = ports.clock.now()
    return change(ports, tenant, device, lambda r: rules.accepted(r, cid, now, at)).correlated(cid) is not None


def put_off(ports: Ports, tenant: str, device: str, cid: int) -> bool:
    """The device is busy; False if there is no such update."""
    now = ports.clock.now()
    return change(ports, tenant, device, lambda r: rules.put_off(r, cid, now)).correlated(cid) is not None


def refuse(ports: Ports, tenant: str, device: str, cid: int, code: str) -> bool:
    """The device will not do it, for the reason `code`; False if there is no such update."""
    now = ports.clock.now()
    failure = Failure(Origin.DEVICE, code)
    changed = change(ports, tenant, device, lambda r: rules.failed(r, r.correlated(cid), failure, now))
    return changed.correlated(cid) is not None


def fail(ports: Ports, tenant: str, device: str, update: str | None, failure: Failure) -> bool:
    """An update went wrong on the device: the one named, the newest under way, or the one that it has just refused.

    False if there is no such update.
    """
    now = ports.clock.now()
    found: list[ResourceUpdate | None] = []

    def failed(present: DeviceResources) -> DeviceResources:
        found[:] = [present.active() if update is None else present.update(update)]
        if update is None and found[0] is None:
            refused = rules.refused_last(present, failure, now)
            found[:] = [refused]
            return rules.explained(present, refused, failure) if refused else present
        return rules.failed(present, found[0], failure, now)

    change(ports, tenant, device, failed)
    return found[0] is not None


def cancel(ports: Ports, tenant: str, device: str, resource: str | None) -> DeviceResources:
    """End the update under way. Errors: DeviceNotFound, ResourceNotFound, Conflict (there is none)."""
    get(ports, tenant, device)
    now = ports.clock.now()
    return change(ports, tenant, device, lambda r: rules.canceled(r, resource, now))


def withdraw(ports: Ports, tenant: str, device: str, resource: str) -> None:
    """Request no version of a resource any more. Errors: DeviceNotFound, ResourceNotFound."""
    get(ports, tenant, device)
    now = ports.clock.now()
    change(ports, tenant, device, lambda r: rules.withdrawn(r, resource, now))


def get(ports: Ports, tenant: str, device: str) -> DeviceResources:
    """A device's resources, empty where it has none. Errors: DeviceNotFound."""
    found = ports.resources.get(tenant, device)
    if found is None:
        if ports.mailboxes.get(tenant, device) is None:
            raise DeviceNotFound(f"device {device} not found")
        return DeviceResources(tenant, device)
    return found


def offer(ports: Ports, mailbox: Mailbox) -> Mailbox | None:
    """Tell the device of its updates that wait, if it is there and listens; the mailbox as far as it is known."""
    if Capability.RESOURCE not in mailbox.todo:
        return mailbox
    mailbox, route = reminders.way(ports, mailbox, Capability.RESOURCE)
    if route is None:
        return mailbox
    for _ in range(rules.MAX_HISTORY):
        now = ports.clock.now()
        present = ports.resources.get(mailbox.tenant, mailbox.device) or DeviceResources(mailbox.tenant, mailbox.device)
        due = next((u for u in present.updates if u.due(route.session, now)), None)
        if due is None:
            # What was sent and stays unanswered is told to the next session.
            return mailbox if present.unsettled() else reminders.drop(ports, mailbox, Capability.RESOURCE)
        found = _found(ports, mailbox.tenant, due)
        if isinstance(found, Failure):
            _failed(ports, present, due, found)
            continue
        outcome = _tell(ports, present, due, found, route)
        if outcome is None:
            ports.background.deliver(mailbox.tenant, mailbox.device)
            return mailbox
        if _AFTER[outcome] is UpdateStatus.PENDING:
            return reminders.ensure_away(ports, mailbox, route, outcome)
    return mailbox


def _tell(ports: Ports, present: DeviceResources, due: ResourceUpdate, found: _Found, route: Route) -> Outcome | None:
    """What became of it, None if somebody else has changed the device's resources meanwhile."""
    now = ports.clock.now()
    marked = replace(
        due,
        status=UpdateStatus.SENT,
        updated=now,
        sent_to=route.session,
        sending=now,
        draw=new_draw(ports),
    )

    def drawn(resources: DeviceResources) -> DeviceResources | None:
        # Two deliveries at once would send the same update twice: the revision lets one of them mark it as sent.
        return resources.with_update(marked) if resources.update(due.id) == due else None

    seen = change(ports, present.tenant, present.device, drawn, seen=present)
    if seen.update(due.id) != marked:
        return None
    made = _offer(ports, due, found, route)
    outcome = ports.delivery.resource(route, made, CONFIRMATION)
    _conclude(ports, seen, marked, _AFTER[outcome])
    return outcome


def _found(ports: Ports, tenant: str, update: ResourceUpdate) -> _Found | Failure:
    try:
        resource = catalog.get(ports, tenant, update.resource)
        version = catalog.target(ports, tenant, resource, update.requested)
    except (ResourceNotFound, VersionNotFound, Conflict) as error:
        return Failure(Origin.INTERNAL, "RESOURCE_VERSION_UNAVAILABLE", details=str(error))
    return resource, version


def _offer(ports: Ports, update: ResourceUpdate, found: _Found, route: Route) -> Offer:
    resource, version = found
    made = Offer(
        update=update.id,
        correlation=update.correlation,
        resource=update.resource,
        initial=update.initial,
        version=version.id,
        uri="",
        md5=version.md5,
        size=version.size,
        metadata={**resource.metadata, **update.metadata},
    )
    return replace(made, uri=links.url(ports, made, version.file, relayed=route.relayed))


def _conclude(ports: Ports, present: DeviceResources, sent: ResourceUpdate, after: UpdateStatus) -> None:
    now = ports.clock.now()

    def concluded(resources: DeviceResources) -> DeviceResources:
        update = resources.update(sent.id)
        # The device's answer, or a canceling client, may have overtaken us: then there is nothing left to say.
        if update is None or update.status is not UpdateStatus.SENT or update.sending != sent.sending:
            return resources
        if after is UpdateStatus.SENT:
            return resources.with_update(replace(update, sending=None, draw=""))
        if after is UpdateStatus.FAILED:
            return rules.failed(resources, update, Failure(Origin.INTERNAL, "DELIVERY_REFUSED"), now)
        return resources.with_update(replace(update.moved(after, now), sent_to=None))

    change(ports, present.tenant, present.device, concluded, seen=present)


def _failed(ports: Ports, present: DeviceResources, update: ResourceUpdate, failure: Failure) -> None:
    now = ports.clock.now()
    change(
        ports,
        present.tenant,
        present.device,
        lambda r: rules.failed(r, r.update(update.id), failure, now),
        seen=present,
    )


def _wake(ports: Ports, changed: DeviceResources) -> DeviceResources:
    if changed.unsettled():
        mailbox = reminders.remind(ports, changed.tenant, changed.device, Capability.RESOURCE)
        if mailbox is None:
            raise DeviceNotFound(f"device {changed.device} not found")
        reminders.wake(ports, mailbox, Capability.RESOURCE)
    return changed


def change(
    ports: Ports,
    tenant: str,
    device: str,
    change_: Callable[[DeviceResources], DeviceResources | None],
    seen: DeviceResources | None = None,
) -> DeviceResources:
    """The resources after `change_`; `seen` saves the first read. Errors: DeviceNotFound."""
    name, write, tell = f"the resources of {device}", ports.resources.replace, partial(_tell_status, ports)
    found, _ = change_record(ports, name, lambda: get(ports, tenant, device), write, change_, seen, tell)
    return found or DeviceResources(tenant, device)


def _tell_status(ports: Ports, before: DeviceResources, after: DeviceResources) -> None:
    """Whoever asked for an update is told of its new status."""
    for update in after.updates:
        known = before.update(update.id)
        if update.notify_to and (known is None or known.status is not update.status):
            routing.resource(ports, after, update)
