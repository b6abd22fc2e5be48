"""Who may connect as whom: decided before a new connection can touch a live one."""

from dataclasses import replace
from functools import partial

from chalicelib.fleet.access.callers import Caller
from chalicelib.fleet.compare_and_set import AGAIN, Again, insist
from chalicelib.fleet.errors import Contended, DeviceDuplicate, Forbidden, InterfaceDuplicate
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.inventory.devices import register
from chalicelib.fleet.inventory.records import Device, Interface
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence import fencing, reserving
from chalicelib.fleet.presence.claims import FOR_DEVICES, Claim, succeeded
from chalicelib.fleet.presence.records import MQTT
from chalicelib.fleet.presence.reserving import displaceable
from chalicelib.fleet.tenancy import quotas
from chalicelib.fleet.tenancy.quotas import Asker
from chalicelib.fleet.tenancy.records import Share, Stored, Way


@dataclass(frozen=True, slots=True)
class Candidate:
    """A client at the door. `device` is the id that an unknown device would be registered under, None for others.

    `entitled` where the client id itself names its tenant; `principal` is that of the certificate that it showed,
    `note` what an unknown device is described by. `node`, `relays` and `passing` as in a claim. One that does not
    `registers` is known already: where its device is gone by now, it does not bring that back.
    """

    client: str
    dialect: str
    mode: str
    connector: str = ""
    device: str | None = None
    username: str = ""
    server_name: str | None = None
    certificate: bool = False
    secured: bool = True
    entitled: bool = False
    principal: str = ""
    note: str | None = None
    node: str = ""
    relays: bool = False
    passing: bool = False
    registers: bool = True

    @property
    def own_node(self) -> str:
        return self.node or self.client


def admit(ports: Ports, caller: Caller, candidate: Candidate) -> Claim:
    """The claim of the client id, made or renewed.

    Errors: Forbidden (the id is somebody else's, on its way, or disabled), QuotaReached (a new device or application
    beyond what the tenant may store).
    """
    if candidate.passing:
        now = ports.clock.now()
        return Claim(candidate.client, caller.tenant, candidate.dialect, candidate.mode, None, now, passing=True)
    new: Claim | None = None

    def admitted() -> Claim | Again:
        nonlocal new
        held = ports.claims.current(candidate.client)
        if held is not None and held == new:
            # A write whose answer was lost on the way is repeated, and then it fails: it was ours all the same.
            return _as_allowed(ports, held)
        claim = _step(ports, caller, candidate, held)
        known = held is not None and bool(held.mode)
        new = None if known else claim
        # An operator may disable, move or give away the interface at this moment: then look again.
        if claim is None or (claim != held and not _stored(ports, held, claim)):
            return AGAIN
        return claim if known else _as_allowed(ports, claim)

    try:
        return insist(ports, "this client id", admitted)
    except Contended:
        raise Forbidden("this client id is being changed; connect again") from None


def _step(ports: Ports, caller: Caller, candidate: Candidate, held: Claim | None) -> Claim | None:
    """The claim as it is to be stored; None where it has changed on the way. Errors: Forbidden, QuotaReached."""
    claim = (
        _free(ports, caller, candidate, held) if held is None or held.vacant else _own(ports, caller, candidate, held)
    )
    if claim is None:
        return None
    claim = _renewed(ports, caller, candidate, claim)
    # Who changes an interface finds the claim of its node, and not those of other spellings: they are looked at here.
    if candidate.device is not None and (claim.device is None or claim.node):
        device, interface = provision(ports, caller.tenant, candidate, claim)
        if ports.claims.current(candidate.client) != held:
            return None
        found = replace(claim, device=device, enabled=interface.enabled)
        moved = claim.device not in (None, device)
        claim = succeeded(held, found, ports.clock.now(), ports.fence_rest) if moved else found
    if not claim.enabled:
        raise Forbidden("this interface is disabled")
    return claim


def _free(ports: Ports, caller: Caller, candidate: Candidate, held: Claim | None) -> Claim:
    """For an id that is nobody's. Errors: Forbidden."""
    if held is not None and held.waits_for_another(caller.tenant):
        raise Forbidden("this client id names another tenant")
    new = Claim(
        candidate.client,
        caller.tenant,
        candidate.dialect,
        candidate.mode,
        _key(caller),
        ports.clock.now(),
        connector=candidate.connector,
    )
    claim = succeeded(held, new, ports.clock.now(), ports.fence_rest)
    if claim.fence is not None and held is not None:
        return fencing.ensure_open(ports, held)
    kept = held.fence.at + FOR_DEVICES if held and held.fence and held.fence.devices else 0
    if candidate.device is None and ports.clock.now() < kept:
        raise Forbidden("this client id is kept for a device")
    return claim


def _own(ports: Ports, caller: Caller, candidate: Candidate, held: Claim) -> Claim | None:
    """For an id that somebody has: the claim, if it is this client's; None where it was taken. Errors: Forbidden."""
    if candidate.entitled and not held.entitled and (held.tenant, held.dialect) != (caller.tenant, candidate.dialect):
        named = Claim(candidate.client, caller.tenant, candidate.dialect, "", None, ports.clock.now(), entitled=True)
        fencing.displace(ports, held, named)
        return None
    if held.tenant != caller.tenant:
        if candidate.device is not None and displaceable(held):
            fencing.displace(ports, held, None)
            return None
        # A client that has gone without a word holds nothing.
        fencing.left(ports, held)
        raise Forbidden("this client id is in use by somebody else")
    claim = fencing.ensure_open(ports, held)
    if not claim.mode:
        if claim.device is not None and (candidate.device is None or claim.dialect != candidate.dialect):
            raise Forbidden("this client id is kept for a device")
        return replace(claim, dialect=candidate.dialect, mode=candidate.mode, connector=candidate.connector)
    if (claim.dialect, claim.mode) == (candidate.dialect, candidate.mode):
        return claim
    if candidate.device is not None and displaceable(claim):
        fencing.displace(ports, claim, None)
        return None
    raise Forbidden(f"this client id is in use in mode {claim.mode}")


def _renewed(ports: Ports, caller: Caller, candidate: Candidate, claim: Claim) -> Claim:
    return replace(
        claim,
        key=_key(caller),
        username=candidate.username,
        server_name=candidate.server_name,
        certificate=candidate.certificate,
        secured=candidate.secured,
        # Each admission of an application is written, so that an end that is told late does not end the next one.
        seen=None if candidate.device else ports.clock.now(),
        principal=candidate.principal,
        entitled=candidate.entitled,
        node=candidate.node,
        relays=candidate.relays,
    )


def _key(caller: Caller) -> str | None:
    return caller.key.id if caller.key is not None else None


def _stored(ports: Ports, held: Claim | None, claim: Claim) -> bool:
    """Errors: QuotaReached."""

    def store(share: Share | None) -> bool:
        return ports.claims.put_new(claim, share) if held is None else ports.claims.replace(held, claim, share)

    if not claim.guest or (held is not None and held.guest):
        return store(None)
    asker = Asker(Way.MQTT, {"connector": claim.connector or MQTT, "client": claim.client})
    return quotas.within(ports, claim.tenant, Stored.DEVICES, store, asker=asker)


def _as_allowed(ports: Ports, claim: Claim) -> Claim:
    """Who disabled the interface just before found no claim to disable: look once more, now that there is one.

    Errors: Forbidden.
    """
    device = ports.devices.get(claim.tenant, claim.device) if claim.device else None
    found = device.interface(claim.connector, claim.own_node) if device else None
    if found is None or found.enabled == claim.enabled:
        return claim
    ports.claims.replace(claim, replace(claim, enabled=found.enabled))
    raise Forbidden("this interface is being changed; connect again")


def provision(ports: Ports, tenant: str, candidate: Candidate, entering: Claim | None = None) -> tuple[str, Interface]:
    """The device behind the interface, registered now if it is unknown: its id and the interface.

    `entering` is the claim of one that connects: it is stored with a new device.

    Errors: Forbidden, QuotaReached.
    """
    owner = ports.devices.owner(tenant, candidate.connector, candidate.own_node)
    if owner is None:
        _register(ports, tenant, candidate, entering)
        owner = ports.devices.owner(tenant, candidate.connector, candidate.own_node)
    device = ports.devices.get(tenant, owner) if owner else None
    found = device.interface(candidate.connector, candidate.own_node) if device else None
    if device is None or found is None:
        raise Forbidden("this device is being changed; connect again")
    return device.id, found


def _register(ports: Ports, tenant: str, candidate: Candidate, entering: Claim | None) -> None:
    now = ports.clock.now()
    device_id = candidate.device or candidate.own_node
    interface = Interface(candidate.connector, candidate.own_node, candidate.dialect, now, now)
    if candidate.registers:
        fresh = Device(tenant, device_id, now, now, name=device_id, description=candidate.note, interfaces=(interface,))
        try:
            register(ports, fresh, Way.MQTT, entering)
        except InterfaceDuplicate:
            return
        except DeviceDuplicate:
            pass
        else:
            return
    _join(ports, tenant, device_id, interface, entering)


def _join(ports: Ports, tenant: str, device_id: str, interface: Interface, entering: Claim | None) -> None:
    known = ports.devices.get(tenant, device_id)
    # Two first connections at once: whoever loses finds the interface already there.
    if known is None or known.interface(interface.connector, interface.node) is not None:
        return
    if known.full:
        raise Forbidden(f"device {device_id} has as many interfaces as it may have")
    joined = replace(known.with_interface(interface), updated=interface.created)
    try:
        reserving.written(ports, known, joined, partial(ports.devices.replace, known, joined), entering)
    except InterfaceDuplicate:
        raise Forbidden("this client id is in use by somebody else") from None
