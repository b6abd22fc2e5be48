"""Tenants, keys, users, certificates and client ids in memory."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from chalicelib.fleet.access import stage_key
from chalicelib.fleet.access.passwords import Cost, Hasher
from chalicelib.fleet.access.records import ApiKey, CaCertificates, Tenant, User
from chalicelib.fleet.access.stage_key import StageKey
from chalicelib.fleet.errors import (
    ClientTaken,
    TenantDuplicate,
    UserDuplicate,
)
from chalicelib.fleet.ports import Page
from chalicelib.fleet.presence.claims import Change, Claim
from chalicelib.fleet.tenancy.records import Settings, Share
from tests.fakes.usages import MemoryUsages

Id = tuple[str, str]


@dataclass
class MemoryTenants:
    rows: dict[str, Tenant] = field(default_factory=dict)
    kept: dict[str, Settings] = field(default_factory=dict)

    def create(self, tenant: Tenant) -> bool:
        if any(t.name.casefold() == tenant.name.casefold() for t in self.rows.values()):
            raise TenantDuplicate("a tenant with this name exists already")
        if tenant.id in self.rows:
            return False
        self.rows[tenant.id] = tenant
        return True

    def get(self, tenant: str) -> Tenant | None:
        return self.rows.get(tenant)

    def settings(self, tenant: str) -> Settings:
        return self.current_settings(tenant)

    def current_settings(self, tenant: str) -> Settings:
        return self.kept.get(tenant, Settings(tenant))

    def replace_settings(self, old: Settings, new: Settings) -> bool:
        if self.current_settings(old.tenant).revision != old.revision:
            return False
        self.kept[old.tenant] = replace(new, revision=old.revision + 1)
        return True


@dataclass
class MemoryKeys:
    """`followed` are the signposts that were asked for."""

    rows: dict[Id, ApiKey] = field(default_factory=dict)
    usages: MemoryUsages = field(default_factory=MemoryUsages)
    posts: dict[str, Id] = field(default_factory=dict)
    imported: bool = False
    followed: list[str] = field(default_factory=list)

    def get(self, tenant: str, key: str) -> ApiKey | None:
        return self.rows.get((tenant, key))

    def current(self, tenant: str, key: str) -> ApiKey | None:
        return self.get(tenant, key)

    def put(self, key: ApiKey, share: Share | None = None) -> None:
        self.usages.take(share)
        self.rows[key.tenant, key.id] = key

    def replace(self, old: ApiKey, new: ApiKey) -> bool:
        stored = self.get(old.tenant, old.id)
        if stored is None or stored.revision != old.revision:
            return False
        self.put(replace(new, revision=old.revision + 1))
        return True

    def delete(self, tenant: str, key: str, share: Share | None = None) -> None:
        if self.rows.pop((tenant, key), None):
            self.usages.give_back(share)

    def all(self, tenant: str) -> list[ApiKey]:
        return [k for (t, _), k in sorted(self.rows.items()) if t == tenant]

    def signpost(self, name: str, *, fresh: bool = False) -> tuple[str, str] | None:  # noqa: ARG002 - it always is
        self.followed.append(name)
        return self.posts.get(name)

    def put_signpost(
        self, name: str, key: ApiKey, *, instead_of: tuple[str, str] | None = None
    ) -> tuple[str, str] | None:
        mine = key.tenant, key.id
        present = self.posts.get(name, mine)
        if present not in (mine, instead_of):
            return present
        self.posts[name] = mine
        return None

    def remove_signpost(self, name: str, leads_to: tuple[str, str]) -> None:
        if self.posts.get(name) == leads_to:
            del self.posts[name]

    def signposts(self, generation: int) -> Iterator[tuple[str, tuple[str, str]]]:
        return iter([(name, to) for name, to in self.posts.items() if name.startswith(f"{generation}.")])

    def imports(self) -> bool:
        return self.imported

    def note_import(self) -> None:
        self.imported = True


@dataclass
class SetStageKey:
    """A stage key that a test rotates."""

    key: StageKey = field(default_factory=lambda: stage_key.first(bytes(range(32))))

    def current(self) -> StageKey:
        return self.key


class CountingHasher(Hasher):
    """`calls` says how often scrypt was called."""

    calls = 0

    def __deepcopy__(self, _memo: object) -> "CountingHasher":
        """A copied platform waits for nobody else's hashing: locks are not copied."""
        copied = CountingHasher(self.cost, self._secret)
        copied.calls = self.calls
        return copied

    def _scrypt(self, text: str, salt: bytes, cost: Cost) -> bytes:
        self.calls += 1
        return super()._scrypt(text, salt, cost)


@dataclass
class MemoryUsers:
    rows: dict[Id, User] = field(default_factory=dict)
    usages: MemoryUsages = field(default_factory=MemoryUsages)

    def create(self, user: User, share: Share | None = None) -> None:
        self._ensure_free(user)
        self.usages.take(share)
        self.rows[user.tenant, user.id] = user

    def get(self, tenant: str, user: str) -> User | None:
        return self.rows.get((tenant, user))

    def named(self, name: str) -> User | None:
        return next((u for u in self.rows.values() if name.casefold() in u.names), None)

    def replace(self, old: User, new: User) -> bool:
        if not self._unchanged(old):
            return False
        self._ensure_free(new)
        self.rows[old.tenant, old.id] = replace(new, revision=old.revision + 1)
        return True

    def delete(self, user: User, share: Share | None = None) -> bool:
        if not self._unchanged(user):
            return False
        del self.rows[user.tenant, user.id]
        self.usages.give_back(share)
        return True

    def all(self, tenant: str) -> list[User]:
        return [u for (t, _), u in sorted(self.rows.items()) if t == tenant]

    def _unchanged(self, user: User) -> bool:
        stored = self.rows.get((user.tenant, user.id))
        return stored is not None and stored.revision == user.revision

    def _ensure_free(self, user: User) -> None:
        others = (u for u in self.rows.values() if (u.tenant, u.id) != (user.tenant, user.id))
        if any(u.names & user.names for u in others):
            raise UserDuplicate("a user with this login or e-mail address exists already")


@dataclass
class MemoryAuthorities:
    rows: dict[str, CaCertificates] = field(default_factory=dict)

    def get(self, tenant: str) -> CaCertificates:
        return self.rows.get(tenant, CaCertificates(tenant))

    def replace(self, old: CaCertificates, new: CaCertificates) -> bool:
        if self.get(old.tenant).revision != old.revision:
            return False
        self.rows[old.tenant] = replace(new, revision=old.revision + 1)
        return True

    def is_held(self, registration: str) -> bool:
        return any(registration in row.registrations for row in self.rows.values())


@dataclass
class ListedTrust:
    """A broker that knows CAs by a hash; `pending` are client certificates that wait, `active` those let in."""

    known: dict[str, str] = field(default_factory=dict)
    pending: set[str] = field(default_factory=set)
    active: set[str] = field(default_factory=set)

    def accept(self, pem: str) -> str:
        identifier = hashlib.sha256(pem.encode()).hexdigest()
        self.known[identifier] = pem
        return identifier

    def withdraw(self, registration: str) -> None:
        self.known.pop(registration, None)

    def activate(self, certificate: str) -> bool:
        if certificate not in self.pending:
            return False
        self.pending.discard(certificate)
        self.active.add(certificate)
        return True


@dataclass
class MemoryClaims:
    usages: MemoryUsages = field(default_factory=MemoryUsages)
    rows: dict[str, Claim] = field(default_factory=dict)
    earlier: Callable[[str], Claim | None] | None = None
    """What a glance finds, where that is not what there is."""

    def get(self, client: str) -> Claim | None:
        return self.rows.get(client)

    def glance(self, client: str) -> Claim | None:
        return self.earlier(client) if self.earlier else self.rows.get(client)

    def current(self, client: str) -> Claim | None:
        return self.rows.get(client)

    def put_new(self, claim: Claim, share: Share | None = None) -> bool:
        if claim.client in self.rows:
            return False
        self.usages.take(share)
        self.rows[claim.client] = claim
        return True

    def replace(self, old: Claim, new: Claim, share: Share | None = None, returned: Share | None = None) -> bool:
        if self.rows.get(old.client) != old:
            return False
        self.usages.take(share)
        self.rows[old.client] = new
        self.usages.give_back(returned)
        return True

    def ensure(self, changes: Sequence[Change]) -> None:
        """Errors: ClientTaken."""
        if any(self.rows.get(change.new.client) != change.old for change in changes):
            raise ClientTaken("whose a client id is has just changed")

    def enter(self, changes: Sequence[Change]) -> None:
        self.rows |= {change.new.client: change.new for change in changes}

    def of_key(self, tenant: str, key_id: str, *, after: str | None, limit: int) -> Page[str]:
        found = sorted(c.client for c in self.rows.values() if (c.tenant, c.key) == (tenant, key_id))
        rest = [client for client in found if after is None or client > after]
        return Page(rest[:limit], rest[limit - 1] if len(rest) > limit else None)

    def guests(self, tenant: str, keys: Iterable[str]) -> int:
        opened = set(keys)
        return sum(c.guest and c.tenant == tenant and c.key in opened for c in self.rows.values())
