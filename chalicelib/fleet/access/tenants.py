"""Tenants: isolated spaces, each with a unique name, a six-character id and a master key."""

from chalicelib.fleet.access import keys
from chalicelib.fleet.access.records import ApiKey, Tenant
from chalicelib.fleet.access.roles import ALL_ROLES
from chalicelib.fleet.errors import Contended, Invalid, TenantDuplicate
from chalicelib.fleet.fields import Field
from chalicelib.fleet.ports import Ports

_ID_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
_ID_LENGTH = 6
_MAX_NAME = 128


def create(ports: Ports, name: str, wanted: str | None = None) -> tuple[Tenant, ApiKey, str]:
    """A new tenant with its master key; the key's secret is in the answer and nowhere else.

    `wanted` is the id that clients carry already, as the organization in a client id. Errors: Invalid (name, id),
    TenantDuplicate (name or wanted id taken).
    """
    name = name.strip()
    if not name or len(name) > _MAX_NAME or not name.isprintable():
        raise Invalid(f"a tenant's name has 1 to {_MAX_NAME} printable characters", Field.NAME)
    now = ports.clock.now()
    tenant = _wanted(ports, name, wanted, now) if wanted is not None else _any(ports, name, now)
    key, secret = keys.mint(ports, tenant.id, roles=ALL_ROLES, label="master", master=True)
    return tenant, key, secret


def _wanted(ports: Ports, name: str, wanted: str, now: int) -> Tenant:
    if len(wanted) != _ID_LENGTH or not set(wanted) <= set(_ID_ALPHABET):
        raise Invalid(f"a tenant's id has {_ID_LENGTH} digits and small letters", Field.ID)
    tenant = Tenant(wanted, name, now)
    if not ports.tenants.create(tenant):
        raise TenantDuplicate(f"a tenant with the id {wanted} exists already")
    return tenant


def _any(ports: Ports, name: str, now: int) -> Tenant:
    for _ in range(8):
        tenant = Tenant("".join(_ID_ALPHABET[b % 36] for b in ports.chance(_ID_LENGTH)), name, now)
        if ports.tenants.create(tenant):
            return tenant
    raise Contended("no free tenant id found")
