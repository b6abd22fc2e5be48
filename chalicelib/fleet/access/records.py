"""Who asks and what they hold: tenants, API keys, their certificates, users."""

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import Any

from chalicelib.fleet.access.passwords import Password
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.shapes import Extensible
from chalicelib.fleet.tenancy.records import Limit

NOTED = 60_000
"""How often (ms) it is written down that a key is used, if it ends by not being used."""
SLACK = 2 * NOTED
"""How much longer (ms) such a key lasts: use is written down late, and read from caches."""


@dataclass(frozen=True, slots=True)
class Tenant(Extensible):
    id: str
    name: str
    created: int


@dataclass(frozen=True, slots=True)
class ApiKey(Extensible):
    """One key. `valid_from` and `valid_to` are ms or None for ever; `queues` empty means every queue.

    `suspended` while a key above it is disabled. One with `idle` ends when it was not used for that long (ms), and only
    then `used` tells when it was last. Until `debugged` (ms) all its messages are told to the audit log. `signpost` is
    what leads from the secret to the key, where the secret does not name it; a secret that goes with a name is a
    `password`.
    """

    tenant: str
    id: str
    roles: frozenset[Role]
    created: int
    salt: bytes = b""
    digest: bytes = b""
    parent: str | None = None
    user: str | None = None
    label: str = ""
    description: str = ""
    active: bool = True
    master: bool = False
    session: bool = False
    valid_from: int | None = None
    valid_to: int | None = None
    queues: frozenset[str] = frozenset()
    ca_certificates: tuple[str, ...] = ()
    client_certificate_required: bool = False
    limits: tuple[Limit, ...] = ()
    signpost: str | None = None
    password: Password | None = None
    suspended: bool = False
    idle: int | None = None
    used: int | None = None
    debugged: int | None = None
    revision: int = 0

    def debugging(self, now: int) -> bool:
        return self.debugged is not None and now < self.debugged

    def usable(self, now: int) -> bool:
        return self.active and not self.suspended and not self.forgotten(now) and self._valid(now)

    def _valid(self, now: int) -> bool:
        return (self.valid_from or 0) <= now and (self.valid_to is None or now < self.valid_to)

    def expired(self, now: int) -> bool:
        return self.valid_to is not None and now >= self.valid_to

    def forgotten(self, now: int) -> bool:
        return self.idle is not None and now >= (self.used or self.created) + self.idle + SLACK


@dataclass(frozen=True, slots=True)
class KeyRequest:
    """What a new child key, or a new state of one, is to be; None leaves a field as it is or at its default."""

    roles: frozenset[Role] | None = None
    label: str | None = None
    description: str | None = None
    active: bool | None = None
    valid_from: int | None = None
    valid_to: int | None = None
    queues: frozenset[str] | None = None
    ca_certificates: tuple[str, ...] | None = None
    client_certificate_required: bool | None = None
    idle: int | None = None

    @property
    def limiting(self) -> bool:
        return any(v is not None for v in (self.roles, self.valid_from, self.valid_to, self.queues, self.idle))

    @property
    def about_certificates(self) -> bool:
        return self.ca_certificates is not None or self.client_certificate_required is not None


@dataclass(frozen=True, slots=True)
class CaCertificate(Extensible):
    """`pem` is the certificate alone, `registration` the broker's id of it; times in ms."""

    id: str
    pem: str
    comment: str
    expires: int
    created: int
    registration: str = ""


@dataclass(frozen=True, slots=True)
class CaCertificates(Extensible):
    tenant: str
    revision: int = 0
    entries: tuple[CaCertificate, ...] = ()

    @property
    def registrations(self) -> frozenset[str]:
        return frozenset(e.registration for e in self.entries if e.registration)

    def get(self, certificate: str) -> CaCertificate | None:
        return next((e for e in self.entries if e.id == certificate), None)


class UserState(StrEnum):
    ENABLED = "enabled"
    DISABLED = "disabled"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True)
class User(Extensible):
    """`login` and `email` are unique in the whole installation: nobody says their tenant when they log in.

    `portal` is what a portal keeps of its user.
    """

    tenant: str
    id: str
    login: str
    email: str
    roles: frozenset[Role]
    created: int
    state: UserState = UserState.ENABLED
    language: str | None = None
    password: Password | None = None
    authenticated: int | None = None
    portal: Mapping[str, Any] = field(default_factory=dict)
    revision: int = 0

    @property
    def names(self) -> frozenset[str]:
        """What the user may be called at the door."""
        return frozenset({self.login.casefold(), self.email.casefold()})


@dataclass(frozen=True, slots=True)
class UserRequest:
    """What a user is to be; None leaves a field as it is."""

    login: str | None = None
    email: str | None = None
    roles: frozenset[Role] | None = None
    state: UserState | None = None
    language: str | None = None
