"""Who may come in: tenants, keys, users, certificates, client ids."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from chalicelib.fleet.access.records import ApiKey, CaCertificates, Tenant, User
from chalicelib.fleet.access.stage_key import StageKey
from chalicelib.fleet.ports.answers import Page
from chalicelib.fleet.presence.claims import Claim
from chalicelib.fleet.tenancy.records import Settings, Share, Stored, Usage


class Tenants(Protocol):
    def create(self, tenant: Tenant) -> bool:
        """False if the id is taken; TenantDuplicate if the name is."""

    def get(self, tenant: str) -> Tenant | None: ...
    def settings(self, tenant: str) -> Settings:
        """As they were a minute ago at most; of a tenant that nothing was set for, nothing."""

    def current_settings(self, tenant: str) -> Settings: ...
    def replace_settings(self, old: Settings, new: Settings) -> bool: ...


class Usages(Protocol):
    """How much is stored under a quota. Who stores or removes something with a `share` changes it in the same write."""

    def get(self, tenant: str, stored: Stored) -> Usage | None: ...
    def replace(self, old: Usage | None, new: Usage) -> bool:
        """A compare-and-set on the revision; None where there is none yet."""


class Keys(Protocol):
    def get(self, tenant: str, key: str) -> ApiKey | None:
        """As it was a minute ago at most."""

    def current(self, tenant: str, key: str) -> ApiKey | None: ...
    def put(self, key: ApiKey, share: Share | None = None) -> None:
        """Errors: QuotaReached."""

    def replace(self, old: ApiKey, new: ApiKey) -> bool: ...
    def delete(self, tenant: str, key: str, share: Share | None = None) -> None: ...
    def all(self, tenant: str) -> list[ApiKey]: ...
    def signpost(self, name: str) -> tuple[str, str] | None:
        """The tenant and the id of the key that it leads to, which never change."""

    def put_signpost(self, name: str, key: ApiKey) -> None:
        """It lasts as long as a session that it leads to."""

    def remove_signpost(self, name: str) -> None: ...
    def signposts(self, generation: int) -> Iterator[tuple[str, tuple[str, str]]]:
        """All of one generation of the stage key, each with what it leads to."""

    def imports(self) -> bool:
        """Whether any key has a secret that was made elsewhere, as it was a minute ago at most."""

    def note_import(self) -> None: ...


class StageKeys(Protocol):
    def current(self) -> StageKey:
        """As it was MAX_AGE ago at most."""


class Users(Protocol):
    """Logins and e-mail addresses are unique in the whole installation, in any case."""

    def create(self, user: User, share: Share | None = None) -> None:
        """Errors: UserDuplicate, QuotaReached."""

    def get(self, tenant: str, user: str) -> User | None: ...
    def named(self, name: str) -> User | None:
        """By login or e-mail address."""

    def replace(self, old: User, new: User) -> bool:
        """Errors: UserDuplicate."""

    def delete(self, user: User, share: Share | None = None) -> bool:
        """Unless it was written since it was read."""

    def all(self, tenant: str) -> list[User]: ...


class Authorities(Protocol):
    def get(self, tenant: str) -> CaCertificates:
        """Empty where the tenant has none."""

    def replace(self, old: CaCertificates, new: CaCertificates) -> bool: ...
    def is_held(self, registration: str) -> bool:
        """Whether any tenant has the CA certificate that bears this id with the broker."""


class Trust(Protocol):
    """Whose client certificates the broker lets through to us, who then ask the tenant's own list."""

    def accept(self, pem: str) -> str:
        """From now on the broker lets clients connect whose certificates this CA signed; the broker's id of the CA.

        Errors: Invalid, LimitReached.
        """

    def withdraw(self, registration: str) -> None:
        """The broker need not know this CA any more, as far as we are concerned."""

    def activate(self, certificate: str) -> bool:
        """Let a client's certificate in that waits for it. False if it does not wait, or is gone."""


class Claims(Protocol):
    def get(self, client: str) -> Claim | None: ...
    def current(self, client: str) -> Claim | None:
        """As it is now, where `get` may be a while old."""

    def put_new(self, claim: Claim, share: Share | None = None) -> bool:
        """False if there is a claim of this client id already. QuotaReached."""

    def replace(self, old: Claim, new: Claim, share: Share | None = None, returned: Share | None = None) -> bool:
        """False if what is stored is not `old` any more: changed, or somebody else's by now. QuotaReached.

        One share at most is taken, or given back, with it.
        """

    def of_key(self, tenant: str, key_id: str, *, after: str | None, limit: int) -> Page[str]:
        """Clients whose last connection was opened with that key, in order; a moment late."""

    def guests(self, tenant: str, keys: Iterable[str]) -> int:
        """How many clients that are no devices came in with these keys, however long it takes to count them."""
