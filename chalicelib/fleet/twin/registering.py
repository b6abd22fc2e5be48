"""Devices with a model that come, renew their registration, go, or do not come back in time.

A registration lives in the device's mailbox, beside what is known of its other interfaces; readers see by themselves
when one is over or asleep, so that nothing has to be written then. What is told to others is told by whoever notices
first: the device's next registration, the deadline, the sweep.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from chalicelib.fleet.due import Matter
from chalicelib.fleet.events import routing
from chalicelib.fleet.events.events import DeviceStatus
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence import hearing
from chalicelib.fleet.presence.changing import change_heard, change_mailbox
from chalicelib.fleet.presence.mailbox import Mailbox
from chalicelib.fleet.presence.records import MINUTE, Capability, Presence, Registration, interface_key
from chalicelib.fleet.shapes import Kind, in_place_of
from chalicelib.fleet.twin import identities, observing, values_of
from chalicelib.fleet.twin.identities import Holder, Speaker
from chalicelib.fleet.twin.library import EVERYBODY
from chalicelib.fleet.twin.records import CONNECTOR, Lifetime, Twin
from chalicelib.fleet.typed_records import TypedRecords

TWIN = Kind(Twin)
TWINS = TypedRecords("twin/device", TWIN)
LIFETIME = Kind(Lifetime)
LIFETIMES = TypedRecords("twin/lifetime", LIFETIME, lambda lifetime: lifetime.until)
"""By device. An update does not write it: whoever finds it due looks whether there was one."""
DIALECT = "lwm2m"
AWAKE = 93_000
"""MAX_TRANSMIT_WAIT (ms): how long a device in queue mode listens after it has spoken (RFC 7252, 4.8.2)."""
_WORTH = 30_000
"""By so much a wake window has to grow to be worth a write."""
_ID = 8


@dataclass(frozen=True, slots=True)
class Announced:
    """What a device says of itself as it registers: its `version` of LwM2M; `lifetime` in seconds."""

    twin: Twin
    version: str
    lifetime: int
    bindings: tuple[str, ...] = ("U",)
    queue_mode: bool = False
    address: str | None = None
    port: int | None = None


@dataclass(frozen=True, slots=True)
class Renewed:
    """What an update changes; None stays as it is."""

    lifetime: int | None = None
    bindings: tuple[str, ...] | None = None
    queue_mode: bool | None = None
    twin: Callable[[Twin], Twin] | None = None
    address: str | None = None
    port: int | None = None


def register(ports: Ports, speaker: Speaker, said: Announced) -> Registration:
    """A new registration, in place of the one that the device may have."""
    now = ports.clock.now()
    registration = Registration(
        ports.chance(_ID).hex(),
        said.version,
        said.lifetime,
        now,
        now,
        said.bindings,
        said.queue_mode,
        now + AWAKE,
        said.address,
        said.port,
    )
    # What it has comes first: an operation that finds it registered finds what it can do.
    _announce(ports, speaker, lambda _: said.twin)
    before: list[Presence] = []

    def joined(presence: Presence) -> Presence:
        before[:] = [presence]
        return replace(
            presence,
            dialect=DIALECT,
            client=speaker.credential.principal,
            session=registration.id,
            since=now,
            last_contact=now,
            capabilities=frozenset({Capability.TWIN}),
            registration=registration,
        )

    _change(ports, speaker, joined)
    observing.registered(ports, speaker.tenant, speaker.device.id)
    lifetime = Lifetime(speaker.interface.node, registration.id, registration.until)
    LIFETIMES.change(ports, speaker.tenant, speaker.device.id, partial(in_place_of, new=lifetime), lambda: lifetime)
    if before and not before[0].seen(now).online:
        _tell(ports, speaker.tenant, speaker.device.id, speaker.interface.node, registration.id, online=True)
    _retired(ports, speaker)
    return registration


def update(ports: Ports, speaker: Speaker, registration_id: str, said: Renewed) -> Registration | None:
    """The registration as it stands now; None where the device has no such one, or has it no more."""
    now = ports.clock.now()
    found: list[Registration] = []

    def renewed(presence: Presence) -> Presence:
        found.clear()
        known = _current(presence, registration_id, now)
        if known is None:
            return presence
        changed = replace(
            known,
            updated=now,
            lifetime=known.lifetime if said.lifetime is None else said.lifetime,
            bindings=known.bindings if said.bindings is None else said.bindings,
            queue_mode=known.queue_mode if said.queue_mode is None else said.queue_mode,
            awake_until=now + AWAKE,
            address=said.address or known.address,
            port=said.port or known.port,
        )
        found[:] = [changed]
        return replace(presence, client=speaker.credential.principal, last_contact=now, registration=changed)

    _change(ports, speaker, renewed)
    if not found:
        return None
    if said.twin is not None:
        _announce(ports, speaker, said.twin)
    observing.updated(ports, speaker.tenant, speaker.device.id)
    return found[0]


def deregister(ports: Ports, speaker: Speaker, registration_id: str) -> bool:
    """False where the device has no such registration."""
    now = ports.clock.now()
    return _end(
        ports,
        (speaker.tenant, speaker.device.id, speaker.interface.node),
        registration_id,
        lambda presence: presence.registration is not None and presence.seen(now).online,
        now,
    )


def on_due(ports: Ports, matter: Matter) -> None:
    """A registration may be over. Where it was renewed since, look again when it is over then."""
    tenant, device, now = matter.tenant, matter.id, ports.clock.now()
    known = LIFETIMES.get(ports, tenant, device)
    if known is None:
        return
    _end(ports, (tenant, device, known.node), known.registration, lambda presence: not presence.seen(now).online, None)
    mailbox = ports.mailboxes.get(tenant, device)
    presence = mailbox.presence.get(interface_key(CONNECTOR, known.node)) if mailbox else None
    registration = presence.registration if presence is not None and presence.online else None
    if registration is None:
        LIFETIMES.delete(ports, tenant, device)
        return

    def later(lifetime: Lifetime) -> Lifetime:
        return replace(lifetime, registration=registration.id, until=registration.until)

    LIFETIMES.change(ports, tenant, device, later)


def contact(ports: Ports, speaker: Speaker) -> Registration | None:
    """The device was heard. Its registration, if it has one; what is known already costs no write.

    Of one that stays awake it is written down as often as of others that are connected (`presence/hearing.py`).
    """
    now, key = ports.clock.now(), speaker.interface.key
    tenant, device = speaker.tenant, speaker.device.id
    found: list[Registration] = []

    def heard(mailbox: Mailbox) -> Mailbox:
        found.clear()
        presence = mailbox.presence.get(key) or Presence(DIALECT, speaker.credential.principal)
        known = presence.registration if presence.seen(now).online else None
        if known is None:
            return mailbox.with_presence(key, presence.heard(now))
        rest = hearing.interval(ports, mailbox)
        if known.queue_mode and now + AWAKE >= known.awake_until + _WORTH:
            known, rest = replace(known, awake_until=now + AWAKE), MINUTE
            presence = replace(presence, registration=known)
        found[:] = [known]
        return mailbox.with_presence(key, presence.heard(now, rest))

    glanced = ports.mailboxes.glance(tenant, device)
    if change_heard(ports, tenant, device, heard, seen=glanced) is None:
        return None
    if not found and glanced is not None:
        # It may have registered this moment.
        change_heard(ports, tenant, device, heard)
    return found[0] if found else None


def present(ports: Ports, tenant: str, device: str, node: str) -> Presence | None:
    """As a reader is told of it."""
    mailbox = ports.mailboxes.get(tenant, device)
    presence = mailbox.presence.get(interface_key(CONNECTOR, node)) if mailbox else None
    return None if presence is None else presence.seen(ports.clock.now())


def _current(presence: Presence, registration_id: str, now: int) -> Registration | None:
    seen = presence.seen(now)
    return presence.registration if seen.online and seen.session == registration_id else None


def _end(
    ports: Ports,
    subject: tuple[str, str, str],
    registration_id: str,
    over: Callable[[Presence], bool],
    at: int | None,
) -> bool:
    """`at` is when it ended; None for when its lifetime did."""
    tenant, device, node = subject
    key = interface_key(CONNECTOR, node)
    ended: list[int] = []

    def left(mailbox: Mailbox) -> Mailbox:
        ended.clear()
        presence = mailbox.presence.get(key)
        if presence is None or presence.session != registration_id or not over(presence):
            return mailbox
        gone = presence.lapsed_registration()
        gone = gone if at is None else replace(gone, ended=at, last_contact=at)
        ended[:] = [gone.ended or 0]
        return mailbox.with_presence(key, gone)

    if change_mailbox(ports, tenant, device, left) is None or not ended:
        return False
    observing.ended(ports, tenant, device)
    _tell(ports, tenant, device, node, registration_id, online=False, at=ended[0])
    return True


def _tell(
    ports: Ports, tenant: str, device: str, node: str, registration_id: str, *, online: bool, at: int | None = None
) -> None:
    status = DeviceStatus(device, CONNECTOR, node, online)
    routing.status(ports, tenant, status, registration_id, ports.clock.now() if at is None else at)


def _announce(ports: Ports, speaker: Speaker, change: Callable[[Twin], Twin]) -> None:
    tenant, device = speaker.tenant, speaker.device.id
    before: list[Twin] = []

    def announced(twin: Twin) -> Twin:
        before[:] = [twin]
        return in_place_of(twin, change(twin))

    after = TWINS.change(ports, tenant, device, announced, Twin)
    if before and after is not None and before[0].instances != after.instances:
        values_of.keep_only(ports, tenant, device, before[0], after)


def _retired(ports: Ports, speaker: Speaker) -> None:
    """It came in with what its interface names now: what that took the place of has done its service."""
    replaced = speaker.interface.definition.get("replaced")
    if not isinstance(replaced, list) or identities.identity_of(speaker.interface) != speaker.credential.identity:
        return
    for identity in replaced:
        known = identities.IDENTITIES.get(ports, EVERYBODY, identity)
        if known is not None and known.until is not None:
            holder = Holder(speaker.tenant, speaker.device.id, speaker.interface.node)
            identities.release(ports, identity, holder)


def _change(ports: Ports, speaker: Speaker, change: Callable[[Presence], Presence]) -> Mailbox | None:
    key = speaker.interface.key

    def apply(mailbox: Mailbox) -> Mailbox:
        presence = mailbox.presence.get(key) or Presence(DIALECT, speaker.credential.principal)
        return mailbox.with_presence(key, change(presence))

    return change_mailbox(ports, speaker.tenant, speaker.device.id, apply)
