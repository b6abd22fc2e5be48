"""A bootstrap under way: what the device is told, one request after the other, and how that ends.

A sequence stands in the device's entry, so that whichever run comes next goes on where it is. Credentials are settled
before anything is deleted on the device.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chalicelib.fleet.access.sealing import Unsealable
from chalicelib.fleet.compare_and_set import new_draw
from chalicelib.fleet.errors import FleetError, InterfaceDuplicate
from chalicelib.fleet.inventory import devices
from chalicelib.fleet.inventory.records import Device, Interface
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.twin import bootstrap, identities
from chalicelib.fleet.twin.bootstrap import BootstrapSpeaker
from chalicelib.fleet.twin.identities import Holder, identity_of
from chalicelib.fleet.twin.library import EVERYBODY
from chalicelib.fleet.twin.records import (
    CONNECTOR,
    BootstrapConfig,
    BootstrapEntry,
    BootstrapStatus,
    RunSecurity,
    Sequence,
    ServerSent,
)

PSK = 0
OURS = "ours"
"""In a server of a configuration: it is this platform itself."""
_ID, _IDENTITY = 8, 12
_SECRET = 16  # bytes: what tinydtls, and with it many a small device, takes no more of
_MOST_REPLACED = 3


class BootstrapRefused(FleetError):
    """The device cannot be told anything: its entry, its interface and the configuration do not fit together."""


def begin(ports: Ports, speaker: BootstrapSpeaker, format_: int | None) -> Sequence:
    """A new sequence, in place of one that may be under way. Errors: BootstrapRefused, which the entry shows."""
    now, tenant, endpoint = ports.clock.now(), speaker.tenant, speaker.entry.endpoint

    def requested(entry: BootstrapEntry) -> BootstrapEntry:
        return replace(
            entry,
            requests=entry.requests + 1,
            requested=now,
            status=BootstrapStatus.IN_PROGRESS,
            sequence=None,
            updated=now,
        )

    entry = bootstrap.change(ports, tenant, endpoint, requested)
    if entry is None:
        raise BootstrapRefused("the entry was deleted just now")
    try:
        config = _config(ports, tenant, entry)
        servers = tuple(_server(ports, speaker, entry, each) for each in config.servers)
    except BootstrapRefused:
        fail(ports, speaker, None)
        raise
    discovers = any(_instance(each.security) is None for each in servers)
    sequence = Sequence(ports.chance(_ID).hex(), servers, format_, discovers)
    bootstrap.change(ports, tenant, endpoint, lambda known: replace(known, sequence=sequence, sent=servers))
    return sequence


def take(ports: Ports, speaker: BootstrapSpeaker, holder: str) -> Sequence | None:
    """The sequence with the step that is to be sent now; None where this run has sent it already."""
    taken: list[Sequence] = []
    # The device may be heard twice at once, by the same run: a step that was sent twice could undo a later one.
    draw = new_draw(ports)

    def claimed(entry: BootstrapEntry) -> BootstrapEntry:
        taken.clear()
        sequence = entry.sequence
        if sequence is None or sequence.holder == holder:
            return entry
        taken[:] = [replace(sequence, holder=holder, draw=draw)]
        return replace(entry, sequence=taken[0])

    bootstrap.change(ports, speaker.tenant, speaker.entry.endpoint, claimed)
    return taken[0] if taken else None


def advance(
    ports: Ports, speaker: BootstrapSpeaker, sequence: str, position: int, own: int | None, *, last: bool
) -> None:
    """A step has succeeded; `own` is what a discovery found. A late word of an earlier sequence changes nothing."""
    now = ports.clock.now()

    def advanced(entry: BootstrapEntry) -> BootstrapEntry:
        known = entry.sequence
        if known is None or (known.id, known.position) != (sequence, position):
            return entry
        if last:
            return replace(
                entry,
                sequence=None,
                status=BootstrapStatus.FINISHED,
                finishes=entry.finishes + 1,
                finished=now,
                updated=now,
            )
        found = known.own if own is None else own
        return replace(entry, sequence=replace(known, position=position + 1, own=found, holder="", draw=""))

    bootstrap.change(ports, speaker.tenant, speaker.entry.endpoint, advanced)


def fail(ports: Ports, speaker: BootstrapSpeaker, sequence: str | None) -> None:
    """The sequence, or where it is None the request for one, came to nothing."""
    now = ports.clock.now()

    def failed(entry: BootstrapEntry) -> BootstrapEntry:
        known = entry.sequence.id if entry.sequence else None
        if known != sequence:
            return entry
        return replace(entry, sequence=None, status=BootstrapStatus.FAILED, updated=now)

    bootstrap.change(ports, speaker.tenant, speaker.entry.endpoint, failed)


def instances(sequence: Sequence) -> list[tuple[int, int]]:
    """Of the security and the server object of each server: those that the configuration gives, else the lowest free.

    The instance that the bootstrap server has itself is nobody's.
    """
    taken = {number for each in sequence.servers if (number := _instance(each.security)) is not None}
    own = {0 if sequence.own is None else sequence.own} if sequence.discovers else set()
    security = _numbered([_instance(each.security) for each in sequence.servers], taken | own)
    given = [_instance(each.server) for each in sequence.servers]
    server = _numbered(given, {number for number in given if number is not None})
    return list(zip(security, server, strict=True))


def secret_of(ports: Ports, speaker: BootstrapSpeaker, server: ServerSent) -> bytes | None:
    """What is written to the device. Errors: BootstrapRefused."""
    if server.sealed is None:
        return None
    try:
        text = bootstrap.shown(ports, speaker.tenant, speaker.entry.endpoint, server.sealed)
    except Unsealable as error:
        raise BootstrapRefused("the secret cannot be read any more") from error
    return identities.secret_bytes(text, "secret")


def _numbered(given: list[int | None], taken: set[int]) -> list[int]:
    free = (number for number in range(1 << 16) if number not in taken)
    return [next(free) if number is None else number for number in given]


def _instance(part: Mapping[str, Any]) -> int | None:
    number = (part.get("settings") or {}).get("objectInstanceId")
    return None if number is None else int(number)


def _config(ports: Ports, tenant: str, entry: BootstrapEntry) -> BootstrapConfig:
    if entry.config is None:
        raise BootstrapRefused("the entry has no bootstrap configuration")
    found = bootstrap.CONFIGS.get(ports, tenant, entry.config)
    if found is None:
        raise BootstrapRefused("the entry's bootstrap configuration is gone")
    return found


def _server(ports: Ports, speaker: BootstrapSpeaker, entry: BootstrapEntry, asked: Mapping[str, Any]) -> ServerSent:
    """What the device is told of one server, with the credentials that count from now on."""
    definition = asked["lwm2mDefinition"]
    security, server = dict(definition["security"]), dict(definition["server"])
    own = next((each for each in entry.run if each.id == asked["id"]), RunSecurity(asked["id"]))
    if asked.get(OURS):
        return _ours(ports, speaker, own, security, server, renew=bool(asked.get("renewSecurityOnBootstrap")))
    if security.get("securityMode") != PSK:
        return ServerSent(security, server)
    if own.sealed is None:
        raise BootstrapRefused(f"the entry has no secret for the server {own.id}")
    return ServerSent({**security, "publicKeyOrIdentity": own.identity or entry.identity}, server, own.sealed)


def _ours(
    ports: Ports,
    speaker: BootstrapSpeaker,
    own: RunSecurity,
    security: Mapping[str, Any],
    server: Mapping[str, Any],
    *,
    renew: bool,
) -> ServerSent:
    """The platform itself: what the device will prove is what its interface says from now on."""
    entry = speaker.entry
    identity, secret = own.identity or entry.identity, ""
    if renew:
        identity, secret = f"b-{ports.chance(_IDENTITY).hex()}", ports.chance(_SECRET).hex().upper()
    elif own.sealed is not None:
        try:
            secret = bootstrap.shown(ports, speaker.tenant, entry.endpoint, own.sealed)
        except Unsealable as error:
            raise BootstrapRefused("the secret cannot be read any more") from error
    else:
        raise BootstrapRefused(f"the entry has no secret for the server {own.id}")
    device, interface = _interface(ports, speaker)
    if (interface.definition.get("bootstrap") or {}).get("managed"):
        _provide(ports, device, interface, identity, secret)
    elif renew or not _agrees(ports, device, interface, identity, secret):
        raise BootstrapRefused("the device's interface has another identity or secret, and is not managed")
    told = {**security, "lwm2mServerUri": ports.coaps.uri, "securityMode": PSK, "publicKeyOrIdentity": identity}
    return ServerSent(told, server, bootstrap.sealed(ports, speaker.tenant, entry.endpoint, secret))


def _interface(ports: Ports, speaker: BootstrapSpeaker) -> tuple[Device, Interface]:
    owner = ports.devices.owner(speaker.tenant, CONNECTOR, speaker.entry.endpoint)
    device = ports.devices.get(speaker.tenant, owner) if owner is not None else None
    interface = device.interface(CONNECTOR, speaker.entry.endpoint) if device is not None else None
    if device is None or interface is None:
        raise BootstrapRefused("no device of the tenant has this endpoint name")
    return device, interface


def _agrees(ports: Ports, device: Device, interface: Interface, identity: str, secret: str) -> bool:
    known = identities.IDENTITIES.get(ports, EVERYBODY, identity)
    if known is None or identity_of(interface) != identity or known.device != device.id:
        return False
    try:
        return identities.unsealed(ports, known) == identities.secret_bytes(secret, "secret")
    except Unsealable:
        return False


def _provide(ports: Ports, device: Device, interface: Interface, identity: str, secret: str) -> None:
    """Write what the device will prove into its interface; what it proved so far goes on for a day at most.

    A bootstrap that breaks midway must not lock a device out.
    """
    now, holder = ports.clock.now(), Holder(device.tenant, device.id, interface.node)
    if not _agrees(ports, device, interface, identity, secret):
        try:
            identities.reserve(ports, identity, holder, identities.secret_bytes(secret, "secret"))
        except InterfaceDuplicate as error:
            raise BootstrapRefused(str(error)) from error
    before = identity_of(interface)
    replaced = [each for each in interface.definition.get("replaced") or [] if each != identity]
    if before is not None and before != identity:
        identities.retire(ports, before, holder)
        replaced.append(before)
    for each in replaced[:-_MOST_REPLACED]:
        identities.release(ports, each, holder)
    fields = {
        "security": {"mode": "PSK", "pskInfo": {"identity": identity}},
        "provisioned": now,
        "replaced": replaced[-_MOST_REPLACED:],
    }
    try:
        devices.update_interface(ports, device.tenant, device.id, (CONNECTOR, interface.node), definition=fields)
    except FleetError as error:
        raise BootstrapRefused(f"the device's interface cannot be written: {error}") from error
