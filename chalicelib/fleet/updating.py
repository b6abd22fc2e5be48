"""Bringing a device's resources to the versions that were requested: on request, on connection and on report."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from chalicelib.fleet import catalog, connecting, relaying, routing
from chalicelib.fleet import resources as rules
from chalicelib.fleet.changes import change_mailbox
from chalicelib.fleet.commands import CONFIRMATION
from chalicelib.fleet.errors import (
    Conflict,
    Contended,
    DeviceNotFound,
    ResourceNotFound,
    TemporarilyUnavailable,
    VersionNotFound,
)
from chalicelib.fleet.mailbox import Mailbox
from chalicelib.fleet.ports import Outcome, Ports
from chalicelib.fleet.presence import Capability, Route
from chalicelib.fleet.resources import (
    DeviceResources,
    Failure,
    Offer,
    Origin,
    Report,
    ResourceUpdate,
    Target,
    UpdateStatus,
)

LINK_VALID = 3_600
"""How long (s) a device can begin its download. A link is never valid longer than the credentials that signed it."""
_TRIES = 25
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
    # The flag first: if we die after the target is written, the next connection finds it.
    if _flagged(ports, tenant, device) is None:
        raise DeviceNotFound(f"device {device} not found")
    now = ports.clock.now()
    target = Target(resource, version.id, metadata, ports.new_id(now), notify_to)

    def requested(present: DeviceResources) -> DeviceResources:
        known = present.resources.get(resource)
        current = known.reported.version if known and known.reported else None
        if current != version.id and not version.follows(current):
            raise Conflict(f"version {version.id} of {resource} is not compatible with version {current} of the device")
        return rules.requested(present, target, now)

    changed = change(ports, tenant, device, requested)
    _wake(ports, changed)
    return changed


def report(ports: Ports, tenant: str, device: str, reports: Mapping[str, Report]) -> DeviceResources:
    """What a device says that it has."""
    now = ports.clock.now()
    changed = change(ports, tenant, device, lambda r: rules.reported(r, reports, now))
    _wake(ports, changed)
    return changed


def accept(ports: Ports, tenant: str, device: str, cid: int) -> bool:
    """The device will do what the update with this correlation id says; False if there is none."""
    now = ports.clock.now()
    return change(ports, tenant, device, lambda r: rules.accepted(r, cid, now)).correlated(cid) is not None


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
    """An update went wrong on the device: the one named, or the newest under way. False if there is no such update."""
    now = ports.clock.now()
    found: list[ResourceUpdate | None] = []

    def failed(present: DeviceResources) -> DeviceResources:
        found[:] = [present.active() if update is None else present.update(update)]
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


def offer(ports: Ports, tenant: str, device: str) -> None:
    """Tell the device of the updates that wait for it, if it is there and listens."""
    mailbox = ports.mailboxes.get(tenant, device)
    if mailbox is None or Capability.RESOURCE not in mailbox.todo:
        return
    route = relaying.route(ports, mailbox, Capability.RESOURCE)
    if route is None and connecting.ask(ports, mailbox):
        mailbox = ports.mailboxes.get(tenant, device)
        route = relaying.route(ports, mailbox, Capability.RESOURCE) if mailbox else None
    if route is None:
        return
    for _ in range(rules.MAX_HISTORY):
        now = ports.clock.now()
        present = ports.resources.get(tenant, device)
        due = next((u for u in present.updates if u.due(route.session, now)), None) if present else None
        if present is None or due is None:
            _settled(ports, tenant, device)
            return
        if not _tell(ports, present, due, route):
            return


def _tell(ports: Ports, present: DeviceResources, due: ResourceUpdate, route: Route) -> bool:
    """True if the next one may follow."""
    now = ports.clock.now()
    made = _made(ports, present.tenant, due)
    if isinstance(made, Failure):
        change(ports, present.tenant, present.device, lambda r: rules.failed(r, r.update(due.id), made, now))
        return True
    marked = replace(due, status=UpdateStatus.SENT, updated=now, sent_to=route.session, sending=now)
    # Two deliveries at once would send the same update twice: the revision lets one of them mark it as sent.
    if not _written(ports, present, present.with_update(marked)):
        ports.background.deliver(present.tenant, present.device)
        return False
    outcome = ports.delivery.resource(route, made, CONFIRMATION)
    return _conclude(ports, present, marked, route, outcome)


def _made(ports: Ports, tenant: str, update: ResourceUpdate) -> Offer | Failure:
    try:
        resource = catalog.get(ports, tenant, update.resource)
        version = catalog.target(ports, tenant, resource, update.requested)
    except (ResourceNotFound, VersionNotFound, Conflict) as error:
        return Failure(Origin.INTERNAL, "RESOURCE_VERSION_UNAVAILABLE", details=str(error))
    return Offer(
        update=update.id,
        correlation=update.correlation,
        resource=update.resource,
        initial=update.initial,
        version=version.id,
        uri=ports.files.download_url(version.file, LINK_VALID),
        md5=version.md5,
        size=version.size,
        metadata={**resource.metadata, **update.metadata},
    )


def _conclude(ports: Ports, present: DeviceResources, sent: ResourceUpdate, route: Route, outcome: Outcome) -> bool:
    now = ports.clock.now()
    after = _AFTER[outcome]

    def concluded(resources: DeviceResources) -> DeviceResources:
        update = resources.update(sent.id)
        # The device's answer, or a canceling client, may have overtaken us: then there is nothing left to say.
        if update is None or update.status is not UpdateStatus.SENT or update.sending != sent.sending:
            return resources
        if after is UpdateStatus.SENT:
            return resources.with_update(replace(update, sending=None))
        if after is UpdateStatus.FAILED:
            return rules.failed(resources, update, Failure(Origin.INTERNAL, "DELIVERY_REFUSED"), now)
        return resources.with_update(replace(update.moved(after, now), sent_to=None))

    change(ports, present.tenant, present.device, concluded)
    if after is not UpdateStatus.PENDING:
        return True
    if outcome is Outcome.BUSY or connecting.consult(ports, present.tenant, present.device, route) is not None:
        raise TemporarilyUnavailable("the broker could not take a downlink; it will be tried again")
    return False


def _wake(ports: Ports, changed: DeviceResources) -> None:
    if not changed.unsent():
        return
    # Set again: a device that came in between found nothing to be told and dropped it.
    mailbox = _flagged(ports, changed.tenant, changed.device)
    if mailbox is not None and (mailbox.route(Capability.RESOURCE) or mailbox.doubtful()):
        ports.background.deliver(changed.tenant, changed.device)


def _settled(ports: Ports, tenant: str, device: str) -> None:
    """Drop the flag where nothing waits; what was sent and stays unanswered is looked at on the next connection."""
    if _unsettled(ports, tenant, device):
        return
    change_mailbox(ports, tenant, device, lambda m: m.with_todo(done=Capability.RESOURCE))
    # A request written between our look and our write has set the flag that we just dropped: look again.
    if _unsettled(ports, tenant, device):
        _flagged(ports, tenant, device)
        ports.background.deliver(tenant, device)


def _unsettled(ports: Ports, tenant: str, device: str) -> bool:
    present = ports.resources.get(tenant, device)
    return present is not None and present.unsent()


def _flagged(ports: Ports, tenant: str, device: str) -> Mailbox | None:
    return change_mailbox(ports, tenant, device, lambda m: m.with_todo(add=Capability.RESOURCE))


def change(
    ports: Ports, tenant: str, device: str, change_: Callable[[DeviceResources], DeviceResources]
) -> DeviceResources:
    for _ in range(_TRIES):
        present = get(ports, tenant, device)
        changed = change_(present)
        if changed == present or _written(ports, present, changed):
            return changed
    raise Contended(f"the resources of {device} are written by too many at once")


def _written(ports: Ports, present: DeviceResources, changed: DeviceResources) -> bool:
    """Whether the revision let us; who asked for an update is told of its new status."""
    if not ports.resources.replace(present, changed):
        return False
    for update in changed.updates:
        before = present.update(update.id)
        if update.notify_to and (before is None or before.status is not update.status):
            routing.resource(ports, changed, update)
    return True
