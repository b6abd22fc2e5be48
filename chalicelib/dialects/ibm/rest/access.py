"""Who a request comes from: HTTP Basic with an API key and its token (manual 3.1.1), or a device with its own.

The organization is that of the key. Where the host name or the path names one too, it has to be the same.
"""

import base64
import binascii
import re

from chalicelib.dialects.ibm import inventory, tokens
from chalicelib.dialects.ibm.identity import Name, api_key_name
from chalicelib.dialects.ibm.login import TOKEN
from chalicelib.fleet import keys, limiting
from chalicelib.fleet.errors import Forbidden, Unauthenticated, UnknownCredential
from chalicelib.fleet.keys import ApiKey
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.roles import Role
from chalicelib.web.request import Request

_ORGANIZATION = re.compile(r"([a-z0-9]{6})\.")
_VENDOR = re.compile(r"(?:[^.]+\.)?(?:messaging\.)?internetofthings\.ibmcloud\.com")


def authenticate(ports: Ports, request: Request) -> ApiKey:
    """The key, or a device's own that stands for none.

    Errors: Unauthenticated (none, or not usable), UnknownCredential, Forbidden (not this organization's),
    RateLimitReached.
    """
    username, password = _credentials(request)
    key = _device(ports, request, password) if username == TOKEN else _key(ports, username, password)
    host = hostname(request)
    if _VENDOR.fullmatch(host) and organization(host) not in (None, key.tenant):
        raise Forbidden("this API key belongs to another organization")
    if request.path.get("organization", key.tenant) != key.tenant:
        raise Forbidden("this API key belongs to another organization")
    return key


def hostname(request: Request) -> str:
    """The host that the client asked for, without a port."""
    return request.headers.get("host", "").rpartition("@")[2].partition(":")[0].lower()


def organization(host: str) -> str | None:
    """The organization that a host name begins with."""
    found = _ORGANIZATION.match(host)
    return found[1] if found else None


def _credentials(request: Request) -> tuple[str, str]:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        raise Unauthenticated("an API key and its token are required")
    try:
        username, colon, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        raise Unauthenticated("the Authorization header cannot be read") from None
    if not colon or not password:
        raise Unauthenticated("an API key and its token are required")
    return username, password


def _key(ports: Ports, username: str, password: str) -> ApiKey:
    key = keys.authenticate(ports, password)
    if username != api_key_name(key.tenant, key.id):
        raise UnknownCredential("the token does not go with the API key")
    limiting.request(ports, key)
    return key


def _device(ports: Ports, request: Request, password: str) -> ApiKey:
    """A device's own token opens what concerns this device alone; only its host name says whose it is."""
    tenant = organization(hostname(request))
    type_, id_ = request.path.get("type_id", ""), request.path.get("device_id", "")
    device = ports.devices.get(tenant, Name(type_, id_).fleet_id) if tenant else None
    if device is None or not tokens.fits(inventory.own(device).get("token"), password):
        raise UnknownCredential("the token is not that of the device")
    own = ApiKey(device.tenant, "", frozenset({Role.DEVICE_ACCESS}), device.created)
    limiting.request(ports, own, device.id)
    return own
