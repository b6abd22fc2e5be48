"""API keys: roles, validity in time, children that inherit a part of both, one master a tenant that stays."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from chalicelib.fleet import certificates, secrets
from chalicelib.fleet.errors import Forbidden, Invalid, KeyNotFound, Unauthenticated, UnknownCredential
from chalicelib.fleet.roles import Role

if TYPE_CHECKING:
    from chalicelib.fleet.ports import Ports

MAX_LABEL = 24
MAX_DESCRIPTION = 140


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key. `valid_from` and `valid_to` are ms or None for unlimited; `queues` empty means every queue."""

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
    limits: dict[str, int] = field(default_factory=dict)

    def usable(self, now: int) -> bool:
        return self.active and (self.valid_from or 0) <= now and (self.valid_to is None or now < self.valid_to)

    def expired(self, now: int) -> bool:
        return self.valid_to is not None and now >= self.valid_to


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

    @property
    def limiting(self) -> bool:
        return any(v is not None for v in (self.roles, self.valid_from, self.valid_to, self.queues))

    @property
    def about_certificates(self) -> bool:
        return self.ca_certificates is not None or self.client_certificate_required is not None


def mint(
    ports: "Ports",
    tenant: str,
    *,
    roles: Iterable[Role],
    label: str = "",
    master: bool = False,
    user: str | None = None,
    parent: ApiKey | None = None,
    request: KeyRequest | None = None,
) -> tuple[ApiKey, str]:
    """Store a new key and return it with its secret; the key of a user is a session. Errors: Invalid (unknown CAs)."""
    now = ports.clock.now()
    secret = secrets.mint(tenant, ports.new_id(now), ports.chance(32))
    salt = ports.chance(16)
    key = ApiKey(
        tenant=tenant,
        id=secret.id,
        roles=frozenset(roles),
        created=now,
        salt=salt,
        digest=secrets.digest(secret.text, salt),
        parent=parent.id if parent else None,
        user=user,
        label=label,
        master=master,
        session=user is not None,
    )
    if request is not None:
        key = _apply(key, request)
        certificates.ensure_known(ports, key)
    ports.keys.put(key)
    return key, secret.text


def authenticate(ports: "Ports", presented: str | None) -> ApiKey:
    """The key that a presented secret belongs to.

    Errors: Unauthenticated (nothing presented, expired, not yet valid, disabled), UnknownCredential.
    """
    if not presented:
        raise Unauthenticated("an API key is required")
    secret = secrets.parse(presented)
    key = ports.keys.get(secret.tenant, secret.id) if secret else None
    if secret is None or key is None or not secrets.matches(presented, key.salt, key.digest):
        raise UnknownCredential("unknown API key")
    ensure_usable(key, ports.clock.now())
    return key


def owner(ports: "Ports", presented: str) -> ApiKey | None:
    """Whose secret this is, usable or not: whom to tell that it was refused."""
    secret = secrets.parse(presented)
    key = ports.keys.get(secret.tenant, secret.id) if secret else None
    return key if key is not None and secrets.matches(presented, key.salt, key.digest) else None


def ensure_usable(key: ApiKey, now: int) -> None:
    if not key.active:
        raise Unauthenticated("this API key is disabled")
    if key.expired(now):
        raise Unauthenticated("this API key has expired")
    if not key.usable(now):
        raise Unauthenticated("this API key is not valid yet")


def create_child(ports: "Ports", by: ApiKey, parent_id: str, request: KeyRequest) -> tuple[ApiKey, str]:
    """A key below `parent_id` with a subset of its roles, validity and queues.

    Errors: KeyNotFound (parent), Forbidden (the parent, or for a session the new key, holds more than the caller),
    Invalid (not a subset).
    """
    parent = get(ports, by.tenant, parent_id)
    if parent.session:
        raise Invalid("a session ends before keys below it would: name another parent", "parentId")
    if by.session:
        # People have no key of their own that others could stand below.
        _ensure_roles(by, request.roles or frozenset())
    else:
        ensure_within(by, parent)
    check(parent, request)
    return mint(
        ports,
        by.tenant,
        roles=request.roles or frozenset(),
        label=request.label or "",
        parent=parent,
        request=_inherit(parent, request),
    )


def get(ports: "Ports", tenant: str, key_id: str) -> ApiKey:
    key = ports.keys.get(tenant, key_id)
    if key is None:
        raise KeyNotFound("no such API key")
    return key


def update(
    ports: "Ports", by: ApiKey, key_id: str, request: KeyRequest, *, renew: bool = False
) -> tuple[ApiKey, str | None]:
    """Change a key; with `renew` it also gets a new secret, which is returned.

    Errors: KeyNotFound, Forbidden (more rights than the caller's, before or after; the rights of a master key or of a
    session), Invalid.
    """
    key = get(ports, by.tenant, key_id)
    ensure_within(by, key)
    if key.session:
        raise Forbidden("a session is what its user is: change the user")
    if key.master and (request.active is False or request.limiting):
        raise Forbidden("the master key keeps its rights and stays valid")
    if key.parent is not None:
        check(get(ports, by.tenant, key.parent), request)
    key = _apply(key, request)
    ensure_within(by, key)
    if request.about_certificates:
        certificates.ensure_known(ports, key)
    text = None
    if renew:
        secret = secrets.mint(key.tenant, key.id, ports.chance(32))
        salt = ports.chance(16)
        key = replace(key, salt=salt, digest=secrets.digest(secret.text, salt))
        text = secret.text
    ports.keys.put(key)
    return key, text


def delete(ports: "Ports", by: ApiKey, key_id: str) -> None:
    """Delete a key and all below it. Errors: KeyNotFound, Forbidden (the master key; more rights than the caller's)."""
    key = get(ports, by.tenant, key_id)
    if key.master:
        raise Forbidden("the master key cannot be deleted")
    ensure_within(by, key)
    every = ports.keys.all(by.tenant)
    doomed = {key_id}
    while grown := {k.id for k in every if k.parent in doomed} - doomed:
        doomed |= grown
    for child in sorted(doomed - {key_id}):
        ports.keys.delete(by.tenant, child)
    ports.keys.delete(by.tenant, key_id)


def ensure_within(by: ApiKey, other: ApiKey) -> None:
    """Nobody makes, changes or deletes a key that can do more than their own."""
    _ensure_roles(by, other.roles)
    if by.queues and not (other.queues and other.queues <= by.queues):
        raise Forbidden("this API key may use queues that yours may not")
    # A session ends before the rights of its user do.
    if by.valid_to is not None and not by.session and (other.valid_to is None or other.valid_to > by.valid_to):
        raise Forbidden("this API key is valid longer than yours")


def _ensure_roles(by: ApiKey, roles: frozenset[Role]) -> None:
    if not roles <= by.roles:
        raise Forbidden(f"your API key lacks the roles {', '.join(sorted(roles - by.roles))}")


def check(parent: ApiKey, request: KeyRequest) -> None:
    if request.roles is not None and not request.roles <= parent.roles:
        raise Invalid("a key's roles are among those of its parent", "roles")
    if request.label is not None and len(request.label) > MAX_LABEL:
        raise Invalid(f"a label has at most {MAX_LABEL} characters", "label")
    if request.description is not None and len(request.description) > MAX_DESCRIPTION:
        raise Invalid(f"a description has at most {MAX_DESCRIPTION} characters", "description")
    start, end = request.valid_from, request.valid_to
    if start is not None and end is not None and end <= start:
        raise Invalid("the validity ends before it begins", "to")
    if parent.valid_to is not None and end is not None and end > parent.valid_to:
        raise Invalid("a key is not valid longer than its parent", "to")
    if parent.valid_from is not None and start is not None and start < parent.valid_from:
        raise Invalid("a key is not valid earlier than its parent", "from")
    if parent.queues and request.queues is not None and not (request.queues and request.queues <= parent.queues):
        raise Invalid("a key's queues are among those of its parent", "scope")


def _inherit(parent: ApiKey, request: KeyRequest) -> KeyRequest:
    return replace(
        request,
        valid_from=request.valid_from if request.valid_from is not None else parent.valid_from,
        valid_to=request.valid_to if request.valid_to is not None else parent.valid_to,
        queues=request.queues if request.queues is not None else parent.queues,
    )


def _apply(key: ApiKey, request: KeyRequest) -> ApiKey:
    def new(asked: Any, present: Any) -> Any:
        return present if asked is None else asked

    return replace(
        key,
        roles=new(request.roles, key.roles),
        label=new(request.label, key.label),
        description=new(request.description, key.description),
        active=new(request.active, key.active),
        valid_from=new(request.valid_from, key.valid_from),
        valid_to=new(request.valid_to, key.valid_to),
        queues=new(request.queues, key.queues),
        ca_certificates=new(request.ca_certificates, key.ca_certificates),
        client_certificate_required=new(request.client_certificate_required, key.client_certificate_required),
    )
