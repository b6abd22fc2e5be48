"""Who a request comes from: HTTP Basic with an API key and its token (manual 3.1.1), or a device with its own.

The organization is that of the key. Where the host name or the path names one too, it has to be the same.
"""

import re

from chalicelib.dialects.ibm import behind, inventory, tokens
from chalicelib.dialects.ibm.identity import Name, parse_client
from chalicelib.dialects.ibm.login import TOKEN, key_of
from chalicelib.fleet.access import callers, limiting
from chalicelib.fleet.access.callers import Caller
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.errors import FleetError, Forbidden, RateLimitReached, UnknownCredential
from chalicelib.fleet.inventory.records import Device
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.tenancy import audit
from chalicelib.fleet.tenancy.records import Way
from chalicelib.web import basic
from chalicelib.web.request import Request

_ORGANIZATION = re.compile(r"([a-z0-9]{6})\.")
_VENDOR = re.compile(r"(?:[^.]+\.)?(?:messaging\.)?internetofthings\.ibmcloud\.com")

_OF_DEVICES = frozenset({Role.DEVICE_ACCESS})
_OF_GATEWAYS = frozenset({Role.DEVICE_ACCESS, Role.DEVICE_R, Role.DEVICE_W, Role.DATA_W})


def authenticate(ports: Ports, request: Request) -> Caller:
    """A key with its token, a device or a gateway with its own.

    Errors: Unauthenticated (none, or not usable), UnknownCredential, Forbidden (not this organization's),
    RateLimitReached.
    """
    username, password = basic.credentials(request, "an API key and its token are required")
    if username == TOKEN:
        caller = _device(ports, request, password)
    elif username.startswith("g/"):
        caller = _gateway(ports, request, username, password)
    else:
        caller = _key(ports, request, username, password)
    host = hostname(request)
    if _VENDOR.fullmatch(host) and organization(host) not in (None, caller.tenant):
        raise Forbidden("this API key belongs to another organization")
    if request.path.get("organization", caller.tenant) != caller.tenant:
        raise Forbidden("this API key belongs to another organization")
    return caller


def hostname(request: Request) -> str:
    """The host that the client asked for, without a port."""
    return request.headers.get("host", "").rpartition("@")[2].partition(":")[0].lower()


def organization(host: str) -> str | None:
    """The organization that a host name begins with."""
    found = _ORGANIZATION.match(host)
    return found[1] if found else None


def _key(ports: Ports, request: Request, username: str, password: str) -> Caller:
    caller = callers.of_key(key_of(ports, username, password, address=request.address))
    limiting.request(ports, caller)
    return caller


def _device(ports: Ports, request: Request, password: str) -> Caller:
    """A device's own token opens what concerns this device alone; only its host name says whose it is."""
    tenant = organization(hostname(request))
    type_, id_ = request.path.get("type_id", ""), request.path.get("device_id", "")
    device = ports.devices.get(tenant, Name(type_, id_).fleet_id) if tenant else None
    if device is None:
        raise UnknownCredential("the token is not that of the device")
    _prove(ports, request, device, password, "the token is not that of the device")
    own = callers.of_device(device.tenant, device.id, _OF_DEVICES, inventory.client_of(device))
    limiting.request(ports, own)
    return own


def _gateway(ports: Ports, request: Request, username: str, password: str) -> Caller:
    """A gateway comes as `g/org/type/id`. It may read devices, register some, and write what concerns it."""
    _, *parts = username.split("/")
    client = ":".join(("g", *parts))
    found = parse_client(client)
    device = ports.devices.get(found.organization, found.name.fleet_id) if found and found.name else None
    itself = device is not None and inventory.client_of(device) == client
    if device is None or not itself:
        raise UnknownCredential("the token is not that of the gateway")
    _prove(ports, request, device, password, "the token is not that of the gateway")
    own = callers.of_gateway(device.tenant, device.id, _OF_GATEWAYS, client)
    limiting.request(ports, own)
    if "type_id" not in request.path or not (request.method == "GET" or _concerns(ports, request, device, client)):
        raise Forbidden("a gateway may do this for itself and the devices behind it only")
    return own


def _prove(ports: Ports, request: Request, device: Device, token: str, otherwise: str) -> None:
    """Who guesses is told to the audit log. Errors: UnknownCredential, RateLimitReached."""
    try:
        if tokens.fits(ports, device, inventory.own(device).get("token"), token, address=request.address):
            return
        error: FleetError = UnknownCredential(otherwise)
    except RateLimitReached as reached:
        error = reached
    now = ports.clock.now()
    audit.refuse(
        ports,
        device.tenant,
        at=now,
        event=ports.new_id(now),
        reason=str(error),
        source={"connector": "http", "device": device.id},
        content={"address": request.address} if request.address else {},
        way=Way.HTTP,
    )
    raise error


def _concerns(ports: Ports, request: Request, gateway: Device, client: str) -> bool:
    if "device_id" not in request.path:
        return request.method == "POST"
    name = Name(request.path["type_id"], request.path["device_id"])
    device = ports.devices.get(gateway.tenant, name.fleet_id) if inventory.is_addressable(name) else None
    if device is None or "command_id" in request.path:
        return False
    registered = (inventory.own(device).get("registration") or {}).get("auth") or {}
    return device.id == gateway.id or behind.speaker_of(device) == client or registered.get("id") == client
