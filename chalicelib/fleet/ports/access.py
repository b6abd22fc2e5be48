"""Who may come in: keys, users, certificates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from chalicelib.fleet.access.passwords import Hasher
    from chalicelib.fleet.access.proven import Proven
    from chalicelib.fleet.access.records import ApiKey, CaCertificates, User
    from chalicelib.fleet.access.stage_key import StageKey
    from chalicelib.fleet.access.windows import Windows
    from chalicelib.fleet.tenancy.records import Share


class Keys(Protocol):
    def get(self, tenant: str, key: str) -> ApiKey | None:
        """As it was a minute ago at most."""

    def current(self, tenant: str, key: str) -> ApiKey | None: ...
    def put(self, key: ApiKey, share: Share | None = None) -> None:
        """Errors: QuotaReached."""

    def replace(self, old: ApiKey, new: ApiKey) -> bool: ...
    def delete(self, tenant: str, key: str, share: Share | None = None) -> None: ...
    def all(self, tenant: str) -> list[ApiKey]: ...
    def signpost(self, name: str, *, fresh: bool = False) -> tuple[str, str] | None:
        """The tenant and the id of the key that it leads to, perhaps as it was once: it changes only with its key."""

    def put_signpost(
        self, name: str, key: ApiKey, *, instead_of: tuple[str, str] | None = None
    ) -> tuple[str, str] | None:
        """None once it leads to this key; whom it leads to, where that is neither this one nor `instead_of`.

        It lasts as long as a session that it leads to.
        """

    def remove_signpost(self, name: str, leads_to: tuple[str, str]) -> None:
        """Unless it leads elsewhere by now."""

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


class AccessPorts(Protocol):
    @property
    def keys(self) -> Keys: ...
    @property
    def stage_key(self) -> StageKeys: ...
    @property
    def users(self) -> Users: ...
    @property
    def hasher(self) -> Hasher: ...
    @property
    def proven(self) -> Proven: ...
    @property
    def windows(self) -> Windows: ...
    @property
    def authorities(self) -> Authorities: ...
    @property
    def trust(self) -> Trust: ...
