"""People who send login and password with every request (RFC 7617): scrypt once, then once a minute a read.

What is remembered is remembered for one network of the client's alone, so that guesses from elsewhere meet the lock
and not the memory.
"""

from dataclasses import replace

from chalicelib.fleet.access import attempts, callers, users
from chalicelib.fleet.access.callers import Caller
from chalicelib.fleet.access.proven import Known
from chalicelib.fleet.access.records import User, UserState
from chalicelib.fleet.ports import Ports

AT_ONCE = 16
"""Requests of one client that may be undecided at the same time, each in a process that has not seen it yet."""


def authenticate(ports: Ports, name: str, password: str, *, address: str = "", tenant: str | None = None) -> Caller:
    """The user with that login or e-mail address, of that `tenant` where one is named; `address` is the client's.

    Who is disabled, deleted, given another password or other roles is that within LASTS.
    Errors: Unauthenticated, which never says why; RateLimitReached.
    """
    digest = ports.proven.digest(tenant or "", name, password, attempts.network(address))
    known = ports.proven.get(digest)
    if known is not None and known.fresh(ports.clock.now()):
        return known.caller
    with ports.proven.alone(digest):
        now = ports.clock.now()
        known = ports.proven.get(digest)
        if known is None or not known.fresh(now):
            known = _seen_again(ports, known, name, now)
            if known is None:
                ports.proven.forget(digest)
                known = _compared(ports, name, password, address, tenant, now)
            ports.proven.keep(digest, known)
    return known.caller


def _seen_again(ports: Ports, known: Known | None, name: str, now: int) -> Known | None:
    """What was proven before, if it is still so: the same password, of a user who may still come in by that name."""
    if known is None or known.caller.user is None:
        return None
    user = ports.users.get(known.caller.tenant, known.caller.user)
    if user is None or user.state is not UserState.ENABLED or user.password != known.password:
        return None
    return replace(known, caller=_caller(user), at=now) if name.casefold() in user.names else None


def _compared(ports: Ports, name: str, password: str, address: str, tenant: str | None, now: int) -> Known:
    """Errors: Unauthenticated, RateLimitReached."""
    found = ports.users.named(name)
    if found is not None and tenant not in (None, found.tenant):
        found = None
    most = attempts.MOST_FAILURES + AT_ONCE
    user = users.proven(ports, name, found, password, address, most=most)
    if user.password is None:
        raise RuntimeError("a password was proven that nobody keeps")
    return Known(_caller(user), user.password, now)


def _caller(user: User) -> Caller:
    return callers.of_user(user.tenant, user.id, user.roles, user.password)
