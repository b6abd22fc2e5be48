"""What a key opens: a role means the same through whatever door, and a key of some queues opens nothing else."""

from chalicelib.fleet.access.callers import Caller, Kind
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.errors import Forbidden
from chalicelib.fleet.frozen import dataclass

_BARE = frozenset({Role.DEVICE_ACCESS})
"""The roles of a key that may be sent where everybody can read it."""


@dataclass(frozen=True, slots=True)
class Door:
    """A way in that needs one of `roles`; `queues` says that queues are what is behind it."""

    roles: frozenset[Role]
    queues: bool = False


def ensure_open(door: Door, caller: Caller, *, secured: bool = True) -> None:
    """Errors: Forbidden (the key's roles or its queues, or a key that says too much for a connection without TLS)."""
    if not door.roles & caller.roles:
        raise Forbidden(f"the API key lacks the role {' or '.join(sorted(door.roles))}")
    ensure_unscoped(caller, queues=door.queues)
    if not secured and not caller.roles <= _BARE:
        raise Forbidden(f"without TLS an API key may have the role {Role.DEVICE_ACCESS} alone")


def ensure_unscoped(caller: Caller, *, queues: bool) -> None:
    """Errors: Forbidden (the key is for some queues only, and this is none)."""
    if caller.queues and not queues:
        raise Forbidden("this API key is for some queues only")


def ensure_no_device(caller: Caller, *, devices: bool) -> None:
    """Errors: Forbidden (a device, where nobody looks what it may reach)."""
    if caller.kind is Kind.DEVICE and not devices:
        raise Forbidden("this is not for devices")
