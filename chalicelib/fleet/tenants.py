"""Tenants: isolated spaces, each with a unique name, a six-character id and a master key."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.fleet import keys
from chalicelib.fleet.errors import Contended, Invalid
from chalicelib.fleet.roles import ALL_ROLES

if TYPE_CHECKING:
    from chalicelib.fleet.ports import Ports

_ID_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
_MAX_NAME = 128


@dataclass(frozen=True, slots=True)
class Tenant:
    id: str
    name: str
    created: int


def create(ports: "Ports", name: str) -> tuple[Tenant, keys.ApiKey, str]:
    """A new tenant with its master key; the key's secret is in the answer and nowhere else.

    Errors: Invalid (name), TenantDuplicate (name taken).
    """
    name = name.strip()
    if not name or len(name) > _MAX_NAME or not name.isprintable():
        raise Invalid(f"a tenant's name has 1 to {_MAX_NAME} printable characters", "name")
    now = ports.clock.now()
    for _ in range(8):
        tenant = Tenant("".join(_ID_ALPHABET[b % 36] for b in ports.chance(6)), name, now)
        if ports.tenants.create(tenant):
            break
    else:
        raise Contended("no free tenant id found")
    key, secret = keys.mint(ports, tenant.id, roles=ALL_ROLES, label="master", master=True)
    return tenant, key, secret
