"""Who may connect as whom: decided before a new connection can touch a live one."""

from dataclasses import dataclass, replace

from chalicelib.fleet.claims import Claim
from chalicelib.fleet.contention import tries
from chalicelib.fleet.devices import Device, Interface, register
from chalicelib.fleet.errors import DeviceDuplicate, Forbidden, InterfaceDuplicate
from chalicelib.fleet.keys import ApiKey
from chalicelib.fleet.ports import Ports

_DAY = 86_400_000


@dataclass(frozen=True, slots=True)
class Candidate:
    """A client at the door. `device` is the id that an unknown device would be registered under, None for others."""

    client: str
    dialect: str
    mode: str
    connector: str = ""
    device: str | None = None
    username: str = ""
    server_name: str | None = None
    certificate: bool = False
    secured: bool = True


def admit(ports: Ports, key: ApiKey, candidate: Candidate) -> Claim:
    """The claim of the client id, made or renewed.

    Errors: Forbidden (the id is somebody else's, or disabled), QuotaReached (a new device beyond what the tenant may
    store).
    """
    for _ in tries(ports):
        claim = ports.claims.get(candidate.client) or _first(ports, key, candidate)
        _ensure_same(claim, key, candidate)
        if not claim.enabled:
            raise Forbidden("this interface is disabled")
        renewed = replace(
            claim,
            key=key.id,
            username=candidate.username,
            server_name=candidate.server_name,
            certificate=candidate.certificate,
            secured=candidate.secured,
            seen=_day(ports, candidate),
        )
        # An operator may disable or move the interface at this moment: then look again.
        if renewed == claim or ports.claims.replace(claim, renewed):
            return renewed
    raise Forbidden("this client id is being changed; connect again")


def _as_allowed(ports: Ports, claim: Claim) -> Claim:
    """Who disabled the interface just before found no claim to disable: look once more, now that there is one."""
    device = ports.devices.get(claim.tenant, claim.device) if claim.device else None
    found = device.interface(claim.connector, claim.client) if device else None
    if found is None or found.enabled == claim.enabled:
        return claim
    allowed = replace(claim, enabled=found.enabled)
    return allowed if ports.claims.replace(claim, allowed) else ports.claims.get(claim.client) or allowed


def _ensure_same(claim: Claim, key: ApiKey, candidate: Candidate) -> None:
    if claim.tenant != key.tenant:
        raise Forbidden("this client id is in use by somebody else")
    if (claim.dialect, claim.mode) != (candidate.dialect, candidate.mode):
        raise Forbidden(f"this client id is in use in mode {claim.mode}")


def _first(ports: Ports, key: ApiKey, candidate: Candidate) -> Claim:
    now = ports.clock.now()
    interface = provision(ports, key.tenant, candidate) if candidate.device else None
    claim = Claim(
        client=candidate.client,
        tenant=key.tenant,
        dialect=candidate.dialect,
        mode=candidate.mode,
        key=key.id,
        created=now,
        device=interface[0] if interface else None,
        connector=candidate.connector,
        username=candidate.username,
        enabled=interface[1].enabled if interface else True,
        server_name=candidate.server_name,
        certificate=candidate.certificate,
        secured=candidate.secured,
        seen=_day(ports, candidate),
    )
    if ports.claims.put_new(claim):
        return _as_allowed(ports, claim)
    # Another connection with the same id came first.
    held = ports.claims.get(candidate.client)
    if held is None:
        raise Forbidden("this client id is being released; connect again")
    return held


def _day(ports: Ports, candidate: Candidate) -> int | None:
    now = ports.clock.now()
    return None if candidate.device else now - now % _DAY


def provision(ports: Ports, tenant: str, candidate: Candidate) -> tuple[str, Interface]:
    """The device behind the interface, registered now if it is unknown: its id and the interface.

    Errors: Forbidden, QuotaReached.
    """
    owner = ports.devices.owner(tenant, candidate.connector, candidate.client)
    if owner is None:
        _register(ports, tenant, candidate)
        owner = ports.devices.owner(tenant, candidate.connector, candidate.client)
    device = ports.devices.get(tenant, owner) if owner else None
    found = device.interface(candidate.connector, candidate.client) if device else None
    if device is None or found is None:
        raise Forbidden("this device is being changed; connect again")
    return device.id, found


def _register(ports: Ports, tenant: str, candidate: Candidate) -> None:
    now = ports.clock.now()
    device_id = candidate.device or candidate.client
    interface = Interface(candidate.connector, candidate.client, candidate.dialect, now, now)
    note = (
        f"This device was auto registered by the connector [{candidate.connector}] with the nodeId [{candidate.client}]"
    )
    fresh = Device(tenant, device_id, now, now, name=device_id, description=note, interfaces=(interface,))
    try:
        register(ports, fresh, "mqtt")
    except InterfaceDuplicate:
        return
    except DeviceDuplicate:
        known = ports.devices.get(tenant, device_id)
        # Two first connections at once: whoever loses finds the interface already there.
        if known is not None and known.interface(interface.connector, interface.node) is None:
            if known.full:
                raise Forbidden(f"device {device_id} has as many interfaces as it may have") from None
            ports.devices.replace(known, replace(known.with_interface(interface), updated=now))
