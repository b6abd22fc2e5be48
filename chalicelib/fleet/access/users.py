"""Users: people who log in with a password and are given a session, a temporary API key with their roles."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from chalicelib.fleet.access import attempts, inheriting, keys, passwords, rights
from chalicelib.fleet.access.attempts import LOCKED, MOST_FAILURES
from chalicelib.fleet.access.callers import Caller, Kind
from chalicelib.fleet.access.passwords import Password
from chalicelib.fleet.access.records import ApiKey, KeyRequest, User, UserRequest, UserState
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.compare_and_set import AGAIN, Again, change_record, insist
from chalicelib.fleet.errors import (
    Forbidden,
    Invalid,
    LimitReached,
    Unauthenticated,
    UserNotFound,
)
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.tenancy import audit, quotas
from chalicelib.fleet.tenancy.records import Cause, Stored, Way

MOST = 500
"""Users that a tenant may have."""
FOR_DEVICES = "device_"
"""What the names of users begin with that stand for devices, in dialects that have such; no person is called so."""
SESSION = 8 * 3_600_000
"""How long (ms) a session lasts."""
_REFUSED = "the login or the password is wrong, or too many attempts have locked the account for a while"


def create(ports: Ports, by: Caller, user: User, password: str | None = None) -> User:
    """Without a password nobody can log in yet.

    Errors: Forbidden, Invalid (password, name), UserDuplicate, LimitReached, QuotaReached.
    """
    _ensure_within(by, user)
    _ensure_named(user)
    if len(ports.users.all(by.tenant)) >= MOST:
        raise LimitReached(f"there are {MOST} users already")
    if password is not None:
        user = replace(user, password=_chosen(ports, password))
    made = user
    quotas.within(ports, by.tenant, Stored.USERS, lambda share: ports.users.create(made, share))
    return user


def get(ports: Ports, tenant: str, user_id: str) -> User:
    user = ports.users.get(tenant, user_id)
    if user is None:
        raise UserNotFound("no such user")
    return user


def person(by: Caller) -> str:
    """The id of the user that asks. Errors: UserNotFound (it is none)."""
    if by.kind is not Kind.USER or by.user is None:
        raise UserNotFound("this API key is not the session of a user")
    return by.user


def update(ports: Ports, by: Caller, user_id: str, request: UserRequest) -> User:
    """Fewer rights end the sessions.

    Errors: UserNotFound, UserDuplicate, Forbidden (more rights than the caller's), Invalid (name), Unauthenticated
    (users who change themselves, and were disabled since they were let in).
    """

    def change(user: User) -> User:
        _ensure_within(by, user)
        asked = {name: value for name in _FIELDS if (value := getattr(request, name)) is not None}
        changed = replace(user, **asked)
        _ensure_within(by, changed)
        if changed.names != user.names:
            # One that was made before these rules keeps its name.
            _ensure_named(changed)
        if _is(by, user_id):
            _ensure_not_given_back(user, changed)
        return changed

    before, after = _change(ports, by.tenant, user_id, change)
    if after.state is not UserState.ENABLED or not before.roles <= after.roles:
        end_sessions(ports, after)
    return after


def delete(ports: Ports, by: Caller, user_id: str) -> None:
    """Delete a user and end the sessions. Errors: UserNotFound, Forbidden."""

    def deleted() -> User | Again:
        user = get(ports, by.tenant, user_id)
        _ensure_within(by, user)
        # A name given to the user since it was read would be left behind.
        return user if ports.users.delete(user, quotas.share(ports, by.tenant, Stored.USERS)) else AGAIN

    end_sessions(ports, insist(ports, "this user", deleted))


def set_password(ports: Ports, by: Caller, user_id: str, new: str, old: str | None, address: str = "") -> None:
    """Users change their own by giving the old one; those who may write users also that of others, without it.

    All sessions end but the one that asks. Errors: UserNotFound, Forbidden, Invalid (the rule), Unauthenticated (old).
    """
    user = get(ports, by.tenant, user_id)
    if _is(by, user_id):
        proven(ports, user.login, user, old or "", address)
    elif Role.USER_W not in by.roles:
        raise Forbidden(f"the password of another user needs an API key with the role {Role.USER_W}")
    kept = _chosen(ports, new)

    def change(present: User) -> User:
        if not _is(by, user_id):
            _ensure_within(by, present)
        elif present.password not in (user.password, kept):
            # Whose password has changed since it was compared has not proven the present one.
            raise Unauthenticated(_REFUSED)
        return replace(present, password=kept)

    _, user = _change(ports, by.tenant, user_id, change)
    end_sessions(ports, user, but=by.key.id if by.key is not None else None)


def keep(ports: Ports, by: Caller, portal: Mapping[str, Any]) -> None:
    """What the portal of this session's user is to remember. Errors: UserNotFound."""
    _change(ports, by.tenant, person(by), lambda user: replace(user, portal=portal))


def log_in(ports: Ports, name: str, password: str, address: str = "") -> tuple[User, ApiKey, str]:
    """The user of that login or e-mail address, and a session: its key and its secret. `address` is the client's.

    Errors: Unauthenticated, which never says why: who guesses learns neither names nor states; RateLimitReached.
    """
    found = proven(ports, name, ports.users.named(name), password, address)
    now = ports.clock.now()

    def entered(present: User) -> User:
        # Whose password or state has changed since it was compared has not proven the present one.
        if (present.password, present.state) != (found.password, UserState.ENABLED):
            raise Unauthenticated(_REFUSED)
        return replace(present, authenticated=now)

    _, user = _change(ports, found.tenant, found.id, entered)
    return user, *begin_session(ports, user)


def begin_session(ports: Ports, user: User) -> tuple[ApiKey, str]:
    """A session of a user who was proven just now: its key and its secret. Errors: Unauthenticated."""
    lasting = KeyRequest(valid_to=ports.clock.now() + SESSION)
    key, secret = keys.mint(
        ports,
        user.tenant,
        roles=user.roles,
        label=f"session {user.login}"[: inheriting.MAX_LABEL],
        user=user.id,
        request=lasting,
    )
    _ensure_still(ports, user, key)
    return key, secret


def log_out(ports: Ports, by: Caller) -> None:
    """End the session. Errors: Invalid (a key that is none)."""
    if by.key is None or not by.key.session:
        raise Invalid("this API key is not a session; delete it if it is no longer needed")
    keys.end(ports, by.key)


def end_sessions(ports: Ports, user: User, *, but: str | None = None) -> None:
    for key in ports.keys.all(user.tenant):
        if key.user == user.id and key.id != but:
            keys.end(ports, key)


def _ensure_still(ports: Ports, user: User, key: ApiKey) -> None:
    """Whoever took rights away meanwhile did not see this session, and has not ended it."""
    present = ports.users.get(user.tenant, user.id)
    unchanged = present is not None and present.state is UserState.ENABLED and present.password == user.password
    if present is None or not unchanged or not user.roles <= present.roles:
        keys.end(ports, key)
        raise Unauthenticated(_REFUSED)


def proven(
    ports: Ports, name: str, user: User | None, password: str, address: str, *, most: int = MOST_FAILURES
) -> User:
    """The user, if that is the password. For known, unknown and locked names scrypt is called once.

    `most` attempts in a row lock the user, by whichever name. Errors: Unauthenticated, RateLimitReached.
    """
    attempt = attempts.begin(ports, name if user is None else user.login, address, most)
    fits = ports.hasher.matches(password, user.password if user is not None else None)
    if user is not None and fits and not attempt.locked and user.state is UserState.ENABLED:
        attempts.forget(ports, attempt)
        return user
    if user is not None and not attempt.locked and attempt.failures >= most:
        _tell_locked(ports, user, attempt.failures, address)
    raise Unauthenticated(_REFUSED)


def _tell_locked(ports: Ports, user: User, failures: int, address: str) -> None:
    now = ports.clock.now()
    audit.refuse(
        ports,
        user.tenant,
        at=now,
        event=ports.new_id(now),
        reason=f"user {user.login} is locked for {LOCKED // 60_000} minutes: {failures} logins failed",
        source={},
        content={"user": user.id, "login": user.login, **({"address": address} if address else {})},
        cause=Cause.LOCKED,
        way=Way.HTTP,
    )


def _chosen(ports: Ports, password: str) -> Password:
    passwords.check(password)
    return ports.hasher.keep(password, ports.chance(16))


def _ensure_within(by: Caller, user: User) -> None:
    if not _is(by, user.id):
        rights.ensure_roles(by, user.roles)
        rights.ensure_unbound(by)
    elif not user.roles <= by.roles:
        raise Forbidden("nobody gives roles to themselves")


def _ensure_named(user: User) -> None:
    """A name that nobody can see, type or address, or that is a device's, is nobody's.

    What a device makes is its own by the name of its user: a person of that name would have a part in it.
    """
    login = user.login
    if login.casefold().startswith(FOR_DEVICES):
        raise Invalid(f"names that begin with {FOR_DEVICES} are those of devices")
    if not login.isprintable() or login in (".", ".."):
        raise Invalid("a login has printable characters, and is neither . nor ..")
    if not user.email.isprintable():
        raise Invalid("an e-mail address has printable characters")


def _ensure_not_given_back(present: User, changed: User) -> None:
    """What was taken from users since they were let in is theirs no more. Errors: Unauthenticated, Forbidden."""
    if present.state is not UserState.ENABLED:
        raise Unauthenticated(_REFUSED)
    if not changed.roles <= present.roles:
        raise Forbidden("nobody gives roles to themselves")


def _is(by: Caller, user_id: str) -> bool:
    return by.kind is Kind.USER and by.user == user_id


def _change(ports: Ports, tenant: str, user_id: str, change: Callable[[User], User]) -> tuple[User, User]:
    """The user before and after `change`."""
    old: list[User] = []

    def read() -> User:
        return get(ports, tenant, user_id)

    def tell(before: User, _after: User) -> None:
        old.append(before)

    # Two logins at once, or a login while an administrator changes the user: both are counted.
    after, _ = change_record(ports, "this user", read, ports.users.replace, change, tell=tell)
    return (old[0] if old else after), after


_FIELDS = ("login", "email", "roles", "state", "language")
