"""Who asks: what opened the door, and what it may do there.

Every way in ends here, HTTP and MQTT, and so does what the platform asks of itself: an API key, a person with a session
or a password, a device or a gateway with a secret of its own, the operator at the command line. What a kind does not
have it is not given: only a key has queues, an end and client certificates to show.
"""

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum

from chalicelib.fleet.access.passwords import Password
from chalicelib.fleet.access.records import ApiKey
from chalicelib.fleet.access.roles import ALL_ROLES, Role
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.tenancy.records import Limit


class Kind(StrEnum):
    KEY = "key"
    USER = "user"
    DEVICE = "device"
    GATEWAY = "gateway"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Caller:
    """Made by the functions below, which give each kind what it has.

    `key` is there for a KEY, and for a USER that came with a session; `user` is the id of a USER. Of a DEVICE or a
    GATEWAY `device` is its id in the fleet, None for a device that has not registered, and `name` what it calls itself
    at the door: a user name or a client id. `proven` is the kept password that a USER without a session came with.
    """

    tenant: str
    roles: frozenset[Role]
    kind: Kind
    key: ApiKey | None = None
    user: str | None = None
    device: str | None = None
    name: str | None = None
    proven: Password | None = field(default=None, repr=False, compare=False)

    @property
    def queues(self) -> frozenset[str]:
        """The only queues that it may use; empty where nothing says so."""
        return self.key.queues if self.key is not None else frozenset()

    @property
    def limits(self) -> tuple[Limit, ...]:
        return self.key.limits if self.key is not None else ()

    @property
    def ends(self) -> int | None:
        """When (ms) it is over with what it came with; None for what has no end of its own."""
        return self.key.valid_to if self.key is not None else None

    @property
    def master(self) -> bool:
        return self.key is not None and self.key.master

    def holds(self, key: ApiKey) -> bool:
        """Whether that is the key that it came with."""
        return self.key is not None and (self.key.tenant, self.key.id) == (key.tenant, key.id)


def of_key(key: ApiKey) -> Caller:
    """Who came with that key: its user, where it is a session."""
    kind = Kind.KEY if key.user is None else Kind.USER
    return Caller(key.tenant, key.roles, kind, key=key, user=key.user)


def of_user(tenant: str, user: str, roles: frozenset[Role], proven: Password | None = None) -> Caller:
    """A person who proves each request by a password."""
    return Caller(tenant, roles, Kind.USER, user=user, proven=proven)


def of_device(tenant: str, device: str | None, roles: frozenset[Role], name: str) -> Caller:
    """A device with a secret of its own. One that has not registered yet is known by its name alone."""
    return Caller(tenant, roles, Kind.DEVICE, device=device, name=name)


def of_gateway(tenant: str, device: str, roles: frozenset[Role], name: str) -> Caller:
    return Caller(tenant, roles, Kind.GATEWAY, device=device, name=name)


def of_operator(tenant: str) -> Caller:
    """Whoever runs the platform, at the command line: may do all that the tenant may."""
    return Caller(tenant, ALL_ROLES, Kind.OPERATOR)


def about(caller: Caller) -> Mapping[str, str]:
    """Whom an entry of the audit log is about, of what a caller did."""
    return {"device": caller.device} if caller.device is not None else {}


def told(caller: Caller) -> Mapping[str, str]:
    """Who it was, as an entry of the audit log tells beside that."""
    told = {"user": caller.user} if caller.user is not None else {}
    return {**told, "key": caller.key.id} if caller.key is not None else told
