"""API keys: roles, validity in time, children that inherit a part of both, one master a tenant that stays."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from chalicelib.fleet.access import callers, certificates, inheriting, rights, secrets, signposts
from chalicelib.fleet.access.callers import Caller, Kind
from chalicelib.fleet.access.changing import change_key
from chalicelib.fleet.access.records import NOTED, ApiKey, KeyRequest
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.errors import (
    Contended,
    Forbidden,
    Invalid,
    KeyNotFound,
    Unauthenticated,
    UnknownCredential,
)
from chalicelib.fleet.fields import Field
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.tenancy import quotas
from chalicelib.fleet.tenancy.records import Share, Stored


def mint(
    ports: Ports,
    tenant: str,
    *,
    roles: Iterable[Role],
    label: str = "",
    master: bool = False,
    user: str | None = None,
    parent: ApiKey | None = None,
    request: KeyRequest | None = None,
    session: bool = False,
) -> tuple[ApiKey, str]:
    """Store a new key and return it with its secret; the key of a user is a `session` in any case.

    Errors: Invalid (unknown CAs), QuotaReached.
    """
    now = ports.clock.now()
    text = secrets.mint(ports.chance(secrets.CHANCE))
    salt = ports.chance(16)
    key = ApiKey(
        tenant=tenant,
        id=ports.new_id(now),
        roles=frozenset(roles),
        created=now,
        salt=salt,
        digest=secrets.digest(text, salt),
        parent=parent.id if parent else None,
        user=user,
        label=label,
        master=master,
        session=session or user is not None,
        limits=parent.limits if parent else (),
        signpost=signposts.name(ports, text),
    )
    if request is not None:
        key = _apply(key, request)
        certificates.ensure_known(ports, key)
    _store(ports, key)
    signposts.put_up(ports, key)
    return key, text


def _store(ports: Ports, key: ApiKey) -> None:
    if not _counted(key):
        ports.keys.put(key)
        return
    quotas.within(ports, key.tenant, Stored.KEYS, lambda share: ports.keys.put(key, share))


def _counted(key: ApiKey) -> bool:
    """Every tenant has a master key, and sessions end by themselves."""
    return not (key.master or key.session)


def authenticate(ports: Ports, presented: str | None) -> ApiKey:
    """The key that a presented secret belongs to.

    Errors: Unauthenticated (nothing presented, expired, not yet valid, disabled), UnknownCredential.
    """
    if not presented:
        raise Unauthenticated("an API key is required")
    key = owner(ports, presented)
    if key is None:
        raise UnknownCredential("unknown API key")
    use(ports, key)
    return key


def use(ports: Ports, key: ApiKey) -> None:
    """Make sure that the key may be used, and write down that it was if it ends otherwise. Errors: Unauthenticated."""
    now = ports.clock.now()
    ensure_usable(key, now)
    if key.idle is not None and now >= (key.used or 0) + NOTED:
        # Whoever changes the key at the same time comes first; then the next use is written down.
        ports.keys.replace(key, replace(key, used=now))


def owner(ports: Ports, presented: str) -> ApiKey | None:
    """Whose secret this is, usable or not: whom to tell that it was refused."""
    return signposts.follow(ports, presented)


def ensure_usable(key: ApiKey, now: int) -> None:
    if not key.active or key.suspended:
        raise Unauthenticated("this API key is disabled")
    if key.forgotten(now):
        raise Unauthenticated("this API key has not been used for too long")
    if key.expired(now):
        raise Unauthenticated("this API key has expired")
    if not key.usable(now):
        raise Unauthenticated("this API key is not valid yet")


def create_child(ports: Ports, by: Caller, parent_id: str, request: KeyRequest) -> tuple[ApiKey, str]:
    """A key below `parent_id` with a subset of its roles, validity and queues.

    Errors: KeyNotFound (parent), Forbidden (the parent, or for a session the new key, holds more than the caller),
    Invalid (not a subset), QuotaReached.
    """
    parent = get(ports, by.tenant, parent_id)
    if parent.session:
        raise Invalid("a session ends before keys below it would: name another parent", Field.PARENT)
    if by.kind is Kind.USER:
        # People have no key of their own that others could stand below.
        rights.ensure_roles(by, request.roles or frozenset())
    else:
        rights.ensure_may_change(ports, by, parent)
    inheriting.check(parent, request)
    key, secret = mint(
        ports,
        by.tenant,
        roles=request.roles or frozenset(),
        label=request.label or "",
        parent=parent,
        request=inheriting.inherited(parent, request),
    )
    return _ensure_below(ports, key), secret


def _ensure_below(ports: Ports, key: ApiKey) -> ApiKey:
    """Whoever took rights from the parent, or deleted it, since we read it did not see the new key below it."""
    parent = ports.keys.current(key.tenant, str(key.parent))
    if parent is None:
        ports.keys.delete(key.tenant, key.id, quotas.share(ports, key.tenant, Stored.KEYS))
        signposts.take_down(ports, key)
        raise KeyNotFound("no such API key")
    narrowed = inheriting.narrowed(key, parent)
    if narrowed != key and not ports.keys.replace(key, narrowed):
        raise Contended("the new API key is written by others already")
    return replace(narrowed, revision=key.revision + (narrowed != key))


def get(ports: Ports, tenant: str, key_id: str) -> ApiKey:
    """The key as it is now. Errors: KeyNotFound."""
    key = ports.keys.current(tenant, key_id)
    if key is None:
        raise KeyNotFound("no such API key")
    return key


def update(
    ports: Ports, by: Caller, key_id: str, request: KeyRequest, *, renew: bool = False
) -> tuple[ApiKey, str | None]:
    """Change a key, and what stands below it; with `renew` it also gets a new secret, which is returned.

    The sessions that the secret before has begun end then.
    Errors: KeyNotFound, Forbidden (more rights than the caller's, before or after; the rights of a master key or of a
    session), Invalid, Unauthenticated (of a key that changes itself: it has ended, or another secret, since).
    """
    text = secrets.mint(ports.chance(secrets.CHANCE)) if renew else None

    def changed(key: ApiKey) -> ApiKey:
        # Ours may be there already, its answer lost, and written by somebody else since.
        ours = text is not None and secrets.matches(text, key.salt, key.digest)
        after = _changed(ports, by if ours else _present(ports, by, key), key, request)
        return after if text is None else _renewed(ports, after, text)

    # Two changes at once, or a change of the parent that narrows this one: each has to see the other.
    before, after = change_key(ports, by.tenant, key_id, changed)
    if renew:
        signposts.put_up(ports, after)
        if before.signpost != after.signpost:
            signposts.take_down(ports, before)
        _end_sessions(ports, after)
    if inheriting.weaker(after, before):
        ports.background.revoke(after.tenant, after.id)
    inheriting.pass_on(ports, after)
    return after, text


def _end_sessions(ports: Ports, parent: ApiKey) -> None:
    """Those that somebody was given for the secret that the key had before."""
    for key in ports.keys.all(parent.tenant):
        if key.session and key.parent == parent.id:
            end(ports, key)


def _changed(ports: Ports, by: Caller, key: ApiKey, request: KeyRequest) -> ApiKey:
    rights.ensure_may_change(ports, by, key)
    if key.session:
        raise Forbidden("a session is what its user is: change the user")
    if key.master and (request.active is False or request.limiting):
        raise Forbidden("the master key keeps its rights and stays valid")
    if key.parent is not None:
        inheriting.check(get(ports, by.tenant, key.parent), request)
    key = _apply(key, request)
    rights.ensure_within(by, key)
    if request.about_certificates:
        certificates.ensure_known(ports, key)
    return key


def _present(ports: Ports, by: Caller, key: ApiKey) -> Caller:
    """The caller as it is now, of a key that changes itself. Errors: Unauthenticated.

    It may have been narrowed, disabled or renewed since it was let in, and gives nothing of that back to itself.
    """
    if by.key is None or not by.holds(key):
        return by
    if (by.key.digest, by.key.password) != (key.digest, key.password):
        raise Unauthenticated("this API key has another secret by now")
    ensure_usable(key, ports.clock.now())
    return callers.of_key(key)


def _renewed(ports: Ports, key: ApiKey, text: str) -> ApiKey:
    salt = ports.chance(16)
    renewed = replace(key, salt=salt, digest=secrets.digest(text, salt), signpost=signposts.name(ports, text))
    return replace(renewed, password=None)


def delete(ports: Ports, by: Caller, key_id: str) -> None:
    """Delete a key and all below it. Errors: KeyNotFound, Forbidden (the master key; one not below the caller's)."""
    key = get(ports, by.tenant, key_id)
    if key.master:
        raise Forbidden("the master key cannot be deleted")
    rights.ensure_may_change(ports, by, key)
    every = ports.keys.all(by.tenant)
    posts = {k.id: k for k in every}
    doomed = {key_id}
    while grown := {k.id for k in every if k.parent in doomed} - doomed:
        doomed |= grown
    counted = _counted(key)
    for gone in [*sorted(doomed - {key_id}), key_id]:
        end(ports, posts.get(gone, key), quotas.share(ports, by.tenant, Stored.KEYS) if counted else None)


def end(ports: Ports, key: ApiKey, share: Share | None = None) -> None:
    """Delete one key and close what it opened; `share` for one that counts against the tenant's quota."""
    ports.keys.delete(key.tenant, key.id, share)
    signposts.take_down(ports, key)
    ports.background.revoke(key.tenant, key.id)


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
        idle=new(request.idle, key.idle),
    )
