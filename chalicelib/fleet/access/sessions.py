"""Temporary keys for whoever has proven themselves in a way that cannot be repeated with every request."""

from dataclasses import replace

from chalicelib.fleet.access import inheriting, keys, users
from chalicelib.fleet.access.callers import Caller, Kind
from chalicelib.fleet.access.records import ApiKey, KeyRequest, User
from chalicelib.fleet.errors import Forbidden, Unauthenticated
from chalicelib.fleet.ports import Ports


def begin(ports: Ports, by: Caller) -> tuple[ApiKey, str]:
    """A key for as long as a session lasts, with what the caller may do: its record and its secret.

    That of a person is a session of theirs. That of a key stands below it, and ends with it.
    Errors: Forbidden (a device, or a session already), Unauthenticated (what it would be made of has ended meanwhile).
    """
    if by.kind is Kind.USER and by.key is None and by.user is not None:
        return users.begin_session(ports, _still(ports, by, by.user))
    if by.kind is not Kind.KEY or by.key is None or by.key.session:
        raise Forbidden("only a user or an API key can begin a session")
    parent = by.key
    asked = KeyRequest(roles=parent.roles, valid_to=_end(ports, parent))
    key, secret = keys.mint(
        ports,
        parent.tenant,
        roles=parent.roles,
        label=f"session {parent.label}".strip()[: inheriting.MAX_LABEL],
        parent=parent,
        request=inheriting.inherited(parent, asked),
        session=True,
    )
    return _ensure_below(ports, key, parent), secret


def _end(ports: Ports, parent: ApiKey) -> int:
    end = ports.clock.now() + users.SESSION
    return end if parent.valid_to is None else min(end, parent.valid_to)


def _still(ports: Ports, by: Caller, user_id: str) -> User:
    """The user as they are now. Who proved another password a while ago is believed for that while, and no longer."""
    user = ports.users.get(by.tenant, user_id)
    if user is None or user.password is None or user.password != by.proven:
        raise Unauthenticated("this user, or the password, is another one by now")
    return user


def _ensure_below(ports: Ports, key: ApiKey, proven: ApiKey) -> ApiKey:
    """Whoever took rights from the key above, renewed or deleted it, since it was `proven` did not see the session."""
    parent = ports.keys.current(key.tenant, proven.id)
    same = parent is not None and (parent.digest, parent.password) == (proven.digest, proven.password)
    narrowed = inheriting.narrowed(key, parent) if parent is not None and same else None
    if narrowed is None or (narrowed != key and not ports.keys.replace(key, narrowed)):
        keys.end(ports, key)
        raise Unauthenticated("this API key has ended")
    return replace(narrowed, revision=key.revision + (narrowed != key))
