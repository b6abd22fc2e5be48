"""Identities of handshakes, and the secrets that go with them.

A handshake names no tenant, so an identity is unique in the whole stage. It is reserved before the interface that it is
for is written, and counts only while that interface names it: what a crash leaves between the two writes is taken over
by whoever wants it next, and opens nothing meanwhile.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from chalicelib.fleet.access import sealing
from chalicelib.fleet.access.sealing import Unsealable
from chalicelib.fleet.compare_and_set import tries
from chalicelib.fleet.errors import Contended, InterfaceDuplicate, Invalid
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.inventory.records import Device, Interface
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.shapes import Kind, in_place_of
from chalicelib.fleet.twin.library import EVERYBODY
from chalicelib.fleet.twin.records import CONNECTOR, DAY, Credential
from chalicelib.fleet.typed_records import TypedRecords

CREDENTIAL = Kind(Credential)
IDENTITIES = TypedRecords("twin/identity", CREDENTIAL)
_PURPOSE = "twin"
_SERIAL = 8
_LONGEST_IDENTITY, _LONGEST_SECRET = 128, 64
_SHORTEST_HEX = 16
_HEXADECIMAL = frozenset("0123456789abcdefABCDEF")

Secrets = Mapping[str, bytes]
"""Of interfaces, by node."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Whom an identity is for: the interface `node` of a device."""

    tenant: str
    device: str
    node: str


@dataclass(frozen=True, slots=True)
class Speaker:
    """Whom a handshake proved: a device by one of its interfaces."""

    device: Device
    interface: Interface
    credential: Credential

    @property
    def tenant(self) -> str:
        return self.device.tenant


def identity_of(interface: Interface) -> str | None:
    """The identity that an interface names now."""
    info = (interface.definition.get("security") or {}).get("pskInfo") or {}
    named = info.get("identity")
    return named if isinstance(named, str) else None


def checked_identity(text: str, field: str) -> str:
    """Errors: Invalid."""
    if not 1 <= len(text.encode()) <= _LONGEST_IDENTITY or not text.isprintable():
        raise Invalid(f"{field} has 1 to {_LONGEST_IDENTITY} bytes of UTF-8, without control characters", field)
    return text


def secret_bytes(text: str, field: str) -> bytes:
    """Hexadecimal digits, an even number of 16 or more, are those bytes; all else is its UTF-8. Errors: Invalid."""
    if len(text) >= _SHORTEST_HEX and not len(text) % 2 and set(text) <= _HEXADECIMAL:
        secret = bytes.fromhex(text)
    else:
        secret = text.encode()
    if not 1 <= len(secret) <= _LONGEST_SECRET:
        raise Invalid(f"{field} is a key of 1 to {_LONGEST_SECRET} bytes", field)
    return secret


def reserve(ports: Ports, identity: str, holder: Holder, secret: bytes) -> Credential:
    """The identity with that secret; whoever came in with an earlier one has to come in again.

    Errors: InterfaceDuplicate (it is somebody else's).
    """
    made = _made(ports, identity, holder, secret)
    if not reserved(ports, IDENTITIES, made, lambda known: _is_held(ports, known)):
        raise InterfaceDuplicate(f"the identity {identity} is in use already")
    return made


def reserved(
    ports: Ports, among: TypedRecords[Credential], made: Credential, is_held: Callable[[Credential], bool]
) -> bool:
    """Whether the credential counts from now on; not where its identity is another's, who `is_held` says has it."""
    identity = made.identity
    for _ in tries(ports):
        if among.create(ports, EVERYBODY, identity, made):
            return True
        known = among.get(ports, EVERYBODY, identity)
        if known is None:
            continue
        if _holder(known) != _holder(made) and is_held(known):
            return False
        # Whoever changed it since it was read has won.
        kept = partial(_in_place_of, known, made)
        if among.change(ports, EVERYBODY, identity, kept) == kept(known):
            ports.coaps.forget(known.principal)
            return True
    raise Contended(f"the identity {identity} is written by too many at once")


def release(ports: Ports, identity: str, holder: Holder, among: "TypedRecords[Credential] | None" = None) -> None:
    """The interface does not name it any more."""
    records = among or IDENTITIES
    known = records.get(ports, EVERYBODY, identity)
    if known is not None and _holder(known) == holder:
        records.delete(ports, EVERYBODY, identity)
        ports.coaps.forget(known.principal)


def released(ports: Ports, device: Device, interfaces: Sequence[Interface]) -> None:
    """Release what these interfaces of a device named."""
    for interface in interfaces:
        named = identity_of(interface) if interface.connector == CONNECTOR else None
        if named is not None:
            release(ports, named, Holder(device.tenant, device.id, interface.node))


def retire(ports: Ports, identity: str, holder: Holder) -> None:
    """Another takes its place: it goes on for a day, or until that one has been used."""
    until = ports.clock.now() + DAY

    def ending(credential: Credential) -> Credential:
        return replace(credential, until=until) if _holder(credential) == holder else credential

    IDENTITIES.change(ports, EVERYBODY, identity, ending)


def forget(ports: Ports, device: Device, interface: Interface) -> None:
    """Close what the interface's identity has open: it is disabled, or belongs to another device by now."""
    named = identity_of(interface)
    known = IDENTITIES.get(ports, EVERYBODY, named) if named is not None else None
    if known is not None and known.tenant == device.tenant:
        ports.coaps.forget(known.principal)


def moved(ports: Ports, tenant: str, interface: Interface, source: str, target: str) -> None:
    """The interface belongs to another device of the tenant: its identity with it, which has to come in again."""
    named = identity_of(interface) if interface.connector == CONNECTOR else None
    if named is None:
        return
    before, serial = Holder(tenant, source, interface.node), _serial(ports)
    principals: list[str] = []

    def given(credential: Credential) -> Credential:
        if _holder(credential) != before:
            return credential
        principals[:] = [credential.principal]
        return replace(credential, device=target, serial=serial)

    IDENTITIES.change(ports, EVERYBODY, named, given)
    for principal in principals:
        ports.coaps.forget(principal)


def look_up(ports: Ports, identity: bytes) -> tuple[Speaker, bytes] | None:
    """Whose identity it is, with its secret; None for one that opens nothing."""
    try:
        named = identity.decode()
    except UnicodeDecodeError:
        return None
    known = IDENTITIES.get(ports, EVERYBODY, named)
    speaker = _speaker(ports, known) if known is not None else None
    if speaker is None or known is None:
        return None
    try:
        return speaker, unsealed(ports, known)
    except Unsealable:
        return None


def speaker(ports: Ports, principal: str) -> Speaker | None:
    """Whoever came in as that principal, as long as nothing was changed about it since."""
    serial, _, identity = principal.partition(":")
    known = IDENTITIES.get(ports, EVERYBODY, identity) if identity else None
    return _speaker(ports, known) if known is not None and known.serial == serial else None


def reporter(ports: Ports, principal: str) -> Speaker | None:
    """As `speaker`, of one that only tells: what was changed this moment may not be known of it yet."""
    serial, _, identity = principal.partition(":")
    known = IDENTITIES.glance(ports, EVERYBODY, identity) if identity else None
    found = _speaker(ports, known) if known is not None and known.serial == serial else None
    return found or speaker(ports, principal)


def unsealed(ports: Ports, credential: Credential) -> bytes:
    """The secret. Errors: Unsealable."""
    return sealing.unseal(ports, _PURPOSE, _context(credential), credential.sealed)


def resealed(ports: Ports, credential: Credential) -> Credential:
    """Under the generation of the stage key that is written with by now; as it is where its own is gone."""
    if sealing.is_fresh(ports, credential.sealed):
        return credential
    try:
        secret = unsealed(ports, credential)
    except Unsealable:
        return credential
    return replace(credential, sealed=sealing.seal(ports, _PURPOSE, _context(credential), secret))


def made(ports: Ports, identity: str, holder: Holder, secret: bytes) -> Credential:
    """A credential that is not kept yet."""
    return _made(ports, identity, holder, secret)


def _made(ports: Ports, identity: str, holder: Holder, secret: bytes) -> Credential:
    made = Credential(identity, holder.tenant, holder.device, holder.node, _serial(ports), "")
    return replace(made, sealed=sealing.seal(ports, _PURPOSE, _context(made), secret))


def _serial(ports: Ports) -> str:
    return ports.chance(_SERIAL).hex()


def _context(credential: Credential) -> str:
    """A sealed secret that is moved to another tenant's record, or to another identity, opens nothing."""
    return f"{credential.tenant}/{credential.identity}"


def _holder(credential: Credential) -> Holder:
    return Holder(credential.tenant, credential.device, credential.node)


def _speaker(ports: Ports, known: Credential) -> Speaker | None:
    if known.until is not None and ports.clock.now() >= known.until:
        return None
    device = ports.devices.get(known.tenant, known.device)
    interface = device.interface(CONNECTOR, known.node) if device is not None else None
    if device is None or interface is None or not interface.enabled:
        return None
    if identity_of(interface) != known.identity and known.until is None:
        return None
    return Speaker(device, interface, known)


def _is_held(ports: Ports, known: Credential) -> bool:
    device = ports.devices.get(known.tenant, known.device)
    return device is not None and (_is_named(known, device) or _is_retiring(ports, known, device))


def _is_named(known: Credential, device: Device) -> bool:
    interface = device.interface(CONNECTOR, known.node) if known.device == device.id else None
    return interface is not None and identity_of(interface) == known.identity


def _is_retiring(ports: Ports, known: Credential, device: Device) -> bool:
    there = device.interface(CONNECTOR, known.node) is not None
    return there and known.until is not None and ports.clock.now() < known.until


def _in_place_of(known: Credential, made: Credential, present: Credential) -> Credential:
    return in_place_of(known, made) if present == known else present
