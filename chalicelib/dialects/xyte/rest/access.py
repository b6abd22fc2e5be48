"""Who asks: a device by its own key, an organization by an API key of its tenant; both bare, or after `Bearer`.

The device stands in the path. Its entry is remembered for a minute, with whose it was: what happens to an owner's
things goes by what stands there, so that a device which has another owner by now, or is gone, is looked up again.
"""

import re

from chalicelib.dialects.xyte import identities
from chalicelib.dialects.xyte.identities import DeviceCaller, Identity
from chalicelib.fleet.access import callers, keys, limiting
from chalicelib.fleet.access.callers import Caller, Kind
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.errors import RateLimitReached, Unauthenticated
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.tenancy.records import Limit, Use
from chalicelib.web.request import Request

DIALECT = "xyte"
MOST, WITHIN_S = 60, 30
"""Requests of a device in so many seconds."""
DEVICE = "device_id"
"""The parameter of the path that names who asks."""
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
ROLES = frozenset({Role.DEVICE_R, Role.DEVICE_W, Role.DATA_R, Role.DATA_W})
"""What a device may do with what is its own, and with nothing else."""
_NOBODYS = ""


def device(ports: Ports, request: Request) -> DeviceCaller:
    """The device of the path, if the key is its own. Errors: Unauthenticated, RateLimitReached."""
    uuid, secret = request.path.get(DEVICE, ""), presented(request)
    found = proven(ports, uuid, secret)
    if found is None:
        raise Unauthenticated("the key is not that device's")
    limit = Limit(Use.REQUESTS, MOST, WITHIN_S, f"device {uuid}")
    wait = ports.windows.spend(_NOBODYS, [limit], ports.clock.now())
    if wait is not None:
        raise RateLimitReached(f"a device may send {MOST} requests in {WITHIN_S} seconds", wait)
    caller = caller_of(found)
    if caller.tenant:
        limiting.request(ports, caller)
    return caller


def proven(ports: Ports, uuid: str, secret: str) -> Identity | None:
    """The device of that id, if the secret is its own."""
    if not secret or not is_uuid(uuid):
        return None
    found = identities.find(ports, uuid)
    return found if found is not None and found.entry.fits(secret) else None


def is_uuid(text: str) -> bool:
    return _UUID.fullmatch(text) is not None


def caller_of(found: Identity) -> DeviceCaller:
    owner = found.owner
    named = callers.of_device(owner or _NOBODYS, found.device if owner else None, ROLES, found.id)
    return DeviceCaller(named.tenant, named.roles, Kind.DEVICE, device=named.device, name=named.name, identity=found)


def organization(ports: Ports, request: Request) -> Caller:
    """Whose API key it is, of a tenant that was let in here.

    Errors: Unauthenticated, UnknownCredential, RateLimitReached.
    """
    caller = callers.of_key(keys.authenticate(ports, presented(request)))
    if DIALECT not in ports.tenants.settings(caller.tenant).dialects:
        raise Unauthenticated("this tenant has no such API")
    limiting.request(ports, caller)
    return caller


def presented(request: Request) -> str:
    sent = request.headers.get("authorization", "").strip()
    scheme, _, token = sent.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else sent


def asking(request: Request) -> Identity:
    """The device that asks. Of routes that devices alone may ask."""
    if not isinstance(request.caller, DeviceCaller):
        raise TypeError("this route is for devices")
    return request.caller.identity
