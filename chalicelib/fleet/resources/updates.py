"""Resources of a device: which versions it has, which it is to have, and the updates from one to the other."""

from collections.abc import Mapping
from dataclasses import field, replace
from enum import StrEnum

from chalicelib.fleet.errors import Conflict, Invalid, ResourceNotFound
from chalicelib.fleet.fields import Field
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.ids import correlation
from chalicelib.fleet.presence.mailbox import LEASE
from chalicelib.fleet.shapes import Extensible

MOST = 50
"""Resources of one device."""
MAX_HISTORY = 20
"""Updates of one device that are remembered: those under way, and the newest of the others."""
MAX_METADATA = 4_000
"""Characters that the metadata of one update may have together."""
MAX_DETAIL = 256
MAX_TRIES = 3
"""How often a device may accept an update and then report another version."""
NOT_INSTALLED = "VERSION_NOT_INSTALLED"
"""The error code of an update that ended so."""
SECURED = "secured"
"""The metadata that says how the file is fetched, and is not the device's."""
RECENT = 300_000
"""How long (ms) after refusing an update a device may still say why."""


class UpdateStatus(StrEnum):
    """PENDING: to be sent. SENT: the device has it. ACCEPTED: it said that it will. DONE: it reported the version."""

    PENDING = "PENDING"
    SENT = "SENT"
    ACCEPTED = "ACCEPTED"
    DONE = "DONE"
    FAILED = "FAILED"
    CANCELED = "CANCELED"


TRANSITIONS: dict[UpdateStatus, frozenset[UpdateStatus]] = {
    UpdateStatus.PENDING: frozenset(
        {UpdateStatus.SENT, UpdateStatus.ACCEPTED, UpdateStatus.DONE, UpdateStatus.FAILED, UpdateStatus.CANCELED}
    ),
    UpdateStatus.SENT: frozenset(
        {
            UpdateStatus.PENDING,
            UpdateStatus.ACCEPTED,
            UpdateStatus.DONE,
            UpdateStatus.FAILED,
            UpdateStatus.CANCELED,
        }
    ),
    UpdateStatus.ACCEPTED: frozenset(
        {UpdateStatus.PENDING, UpdateStatus.DONE, UpdateStatus.FAILED, UpdateStatus.CANCELED}
    ),
    UpdateStatus.DONE: frozenset(),
    UpdateStatus.FAILED: frozenset(),
    UpdateStatus.CANCELED: frozenset(),
}
FINAL = frozenset(s for s, following in TRANSITIONS.items() if not following)


class Origin(StrEnum):
    """Who says that an update failed."""

    DEVICE = "DEVICE"
    INTERNAL = "INTERNAL"


@dataclass(frozen=True, slots=True)
class VersionAt(Extensible):
    """A version, and when (ms) it was reported or requested."""

    version: str
    at: int


@dataclass(frozen=True, slots=True)
class DeviceResource(Extensible):
    """`metadata` is what the device last said of the resource, or what was asked for with the target version."""

    reported: VersionAt | None = None
    requested: VersionAt | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failure(Extensible):
    origin: Origin
    code: str | None = None
    device_code: str | None = None
    details: str | None = None


@dataclass(frozen=True, slots=True)
class ResourceUpdate(Extensible):
    """One attempt to bring a device to a version.

    `sent_to` is the session it went to last; if it is PENDING all the same, the device has put it off there.
    `sending` is since when (ms) it is under way and `draw` of whoever sends it, until it is known what became of it.
    `accepted` is when (ms) the device last said that it will do it, `tries` how often it did. `notify_to` is told of
    every change of its status.
    """

    id: str
    resource: str
    requested: str
    created: int
    updated: int
    initial: str | None = None
    status: UpdateStatus = UpdateStatus.PENDING
    metadata: Mapping[str, str] = field(default_factory=dict)
    sent_to: str | None = None
    sending: int | None = None
    failure: Failure | None = None
    notify_to: str | None = None
    accepted: int | None = None
    tries: int = 0
    draw: str = ""

    @property
    def final(self) -> bool:
        return self.status in FINAL

    @property
    def correlation(self) -> int:
        return correlation(self.id)

    def due(self, session: str, now: int) -> bool:
        """Whether that session has still to be told.

        Not if it was told already, or put it off; again if whoever was to tell it crashed on the way.
        """
        crashed = self.sending is not None and now >= self.sending + LEASE
        waiting = self.status in (UpdateStatus.PENDING, UpdateStatus.SENT)
        return waiting and (crashed or self.sent_to != session)

    def given_up(self, at: int) -> bool:
        """Whether a device that reports another version at `at` (ms) no longer does what it had accepted.

        What it reported before it accepted may arrive afterwards, or twice, and says nothing.
        """
        said = self.updated if self.accepted is None else self.accepted
        return self.status is UpdateStatus.ACCEPTED and at > said

    def moved(self, status: UpdateStatus, now: int, failure: Failure | None = None) -> "ResourceUpdate":
        """The one place where a status changes. Conflict where the table has no such step."""
        if status not in TRANSITIONS.get(self.status, frozenset()):
            raise Conflict(f"a resource update that is {self.status} cannot become {status}")
        return replace(self, status=status, updated=now, failure=failure, sending=None)


@dataclass(frozen=True, slots=True)
class DeviceResources(Extensible):
    """All resources of one device, and its updates in order of creation."""

    tenant: str
    device: str
    revision: int = 0
    resources: Mapping[str, DeviceResource] = field(default_factory=dict)
    updates: tuple[ResourceUpdate, ...] = ()

    def left_out(self, reports: "Mapping[str, Report]") -> list[str]:
        """Of what was reported just now, that for which there was no room."""
        return [name for name in reports if name not in self.resources]

    def active(self, resource: str | None = None) -> ResourceUpdate | None:
        """The newest update that is not final, of that resource or of any."""
        open_ = (u for u in reversed(self.updates) if not u.final and resource in (None, u.resource))
        return next(open_, None)

    def update(self, update_id: str) -> ResourceUpdate | None:
        return next((u for u in self.updates if u.id == update_id), None)

    def correlated(self, cid: int) -> ResourceUpdate | None:
        return next((u for u in reversed(self.updates) if u.correlation == cid), None)

    def unsettled(self) -> bool:
        """Whether there is an update that the device may still have to be told of."""
        return any(u.status in (UpdateStatus.PENDING, UpdateStatus.SENT) for u in self.updates)

    def with_update(self, update: ResourceUpdate) -> "DeviceResources":
        return replace(self, updates=tuple(update if u.id == update.id else u for u in self.updates))

    def with_resource(self, name: str, resource: DeviceResource) -> "DeviceResources":
        return replace(self, resources={**self.resources, name: resource})


@dataclass(frozen=True, slots=True)
class Offer:
    """What a device is told: the version, and where its file is. `size` in bytes, `md5` in hexadecimal digits."""

    update: str
    correlation: int
    resource: str
    initial: str | None
    version: str
    uri: str
    md5: str
    size: int
    metadata: Mapping[str, str]

    @property
    def secured(self) -> bool:
        """Whether the download has to be over HTTPS."""
        return self.metadata.get(SECURED, "").lower() == "true"


@dataclass(frozen=True, slots=True)
class Target:
    """A version that a device is to have; `update` is the id of the update that this may become."""

    resource: str
    version: str
    metadata: Mapping[str, str]
    update: str
    notify_to: str | None = None


def requested(present: DeviceResources, target: Target, now: int) -> DeviceResources:
    """A new target. An update under way to another version is canceled; to the same one it goes on.

    Asking again for what the device has put off, or has accepted and not reported, tries again. A version that the
    device has already needs no update. Errors: Invalid.
    """
    known = present.resources.get(target.resource)
    if known is None and len(present.resources) >= MOST:
        raise Invalid(f"a device has at most {MOST} resources", Field.RESOURCE)
    known = known or DeviceResource()
    wanted = replace(known, requested=VersionAt(target.version, now), metadata={**known.metadata, **target.metadata})
    after = present.with_resource(target.resource, wanted)
    active = present.active(target.resource)
    has_it = known.reported is not None and known.reported.version == target.version
    if active is not None:
        same = active.requested == target.version and active.metadata == target.metadata and not has_it
        if same and active.status is UpdateStatus.PENDING:
            return after.with_update(replace(active, sent_to=None))
        if same and active.status is UpdateStatus.SENT:
            return after
        after = after.with_update(active.moved(UpdateStatus.CANCELED, now))
    if has_it:
        return after
    update = ResourceUpdate(
        target.update,
        target.resource,
        target.version,
        now,
        now,
        initial=known.reported.version if known.reported else None,
        metadata=target.metadata,
        notify_to=target.notify_to,
    )
    return replace(after, updates=_remembered((*after.updates, update)))


def withdrawn(present: DeviceResources, resource: str, now: int) -> DeviceResources:
    """No version is asked for any more. ResourceNotFound."""
    known = present.resources.get(resource)
    if known is None or known.requested is None:
        raise ResourceNotFound(f"no version of resource {resource} is requested")
    after = present.with_resource(resource, replace(known, requested=None))
    active = present.active(resource)
    return after.with_update(active.moved(UpdateStatus.CANCELED, now)) if active else after


def canceled(present: DeviceResources, resource: str | None, now: int) -> DeviceResources:
    """Ends the update under way, of that resource or the newest one. ResourceNotFound, Conflict."""
    if resource is not None and not any(u.resource == resource for u in present.updates):
        raise ResourceNotFound(f"there is no update of resource {resource}")
    active = present.active(resource)
    if active is None:
        raise Conflict("there is no update under way that could be canceled")
    return present.with_update(active.moved(UpdateStatus.CANCELED, now))


@dataclass(frozen=True, slots=True)
class Report:
    version: str
    metadata: Mapping[str, str] | None = None


def reported(present: DeviceResources, reports: Mapping[str, Report], now: int, at: int) -> DeviceResources:
    """What a device said at `at` (ms) that it has. An update to that version is DONE; what it had put off may go again.

    An update that it had accepted before, and whose version it has not, went wrong: it may go again as well, unless the
    device has tried it often enough.
    """
    after = present
    for name, report in reports.items():
        if name not in after.resources and len(after.resources) >= MOST:
            continue
        known = after.resources.get(name, DeviceResource())
        metadata = known.metadata if report.metadata is None else report.metadata
        same = known.reported is not None and known.reported.version == report.version
        stamp = known.reported if same else VersionAt(report.version, now)
        after = after.with_resource(name, replace(known, reported=stamp, metadata=metadata))
        active = after.active(name)
        if active is not None and active.requested.strip() == report.version:
            after = after.with_update(active.moved(UpdateStatus.DONE, now))
        elif active is not None and active.given_up(at):
            after = after.with_update(_once_more(active, now))
    for update in after.updates:
        if update.status is UpdateStatus.PENDING and update.sent_to is not None:
            after = after.with_update(replace(update, sent_to=None))
    return after


def _once_more(update: ResourceUpdate, now: int) -> ResourceUpdate:
    if update.tries >= MAX_TRIES:
        details = f"accepted {update.tries} times, and another version reported after that"
        return update.moved(UpdateStatus.FAILED, now, Failure(Origin.INTERNAL, NOT_INSTALLED, details=details))
    return replace(update.moved(UpdateStatus.PENDING, now), sent_to=None)


def accepted(present: DeviceResources, cid: int, now: int, at: int) -> DeviceResources:
    """The device said at `at` (ms) that it will do it; it may say so before we know that it was told."""
    update = present.correlated(cid)
    if update is None or UpdateStatus.ACCEPTED not in TRANSITIONS.get(update.status, frozenset()):
        return present
    return present.with_update(replace(update.moved(UpdateStatus.ACCEPTED, now), accepted=at, tries=update.tries + 1))


def put_off(present: DeviceResources, cid: int, now: int) -> DeviceResources:
    """The device cannot do it now: it is asked again in its next session, or when it next reports its versions."""
    update = present.correlated(cid)
    if update is None or update.status is not UpdateStatus.SENT:
        return present
    return present.with_update(update.moved(UpdateStatus.PENDING, now))


def failed(present: DeviceResources, update: ResourceUpdate | None, failure: Failure, now: int) -> DeviceResources:
    """An update has failed; nothing changes where it is final already."""
    if update is None or update.final:
        return present
    return present.with_update(update.moved(UpdateStatus.FAILED, now, failure))


def refused_last(present: DeviceResources, failure: Failure, now: int) -> ResourceUpdate | None:
    """The update that the device has just refused, of which it now says why; also where it has said so already."""
    failed_ = [u for u in present.updates if u.status is UpdateStatus.FAILED]
    last = max(failed_, key=lambda u: u.updated, default=None)
    if last is None or last.failure is None or last.failure.origin is not Origin.DEVICE or last.updated < now - RECENT:
        return None
    told = (last.failure.device_code, last.failure.details)
    return last if told in ((None, None), (failure.device_code, failure.details)) else None


def explained(present: DeviceResources, update: ResourceUpdate, failure: Failure) -> DeviceResources:
    """The update keeps the code that it was refused with, and has the details beside it."""
    if update.failure is None:
        return present
    whole = replace(update.failure, device_code=failure.device_code, details=failure.details)
    return present.with_update(replace(update, failure=whole))


def _remembered(updates: tuple[ResourceUpdate, ...]) -> tuple[ResourceUpdate, ...]:
    surplus = max(0, len(updates) - MAX_HISTORY)
    old = {u.id for u in [u for u in updates if u.final][:surplus]}
    return tuple(u for u in updates if u.id not in old)
