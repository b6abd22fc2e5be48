"""Tokens of users: for an hour, in the place of name and password (RFC 7519, HS256; reference, "Login tokens").

How long those of devices last is the tenant's to say: the option `device-token.lifespan.seconds` of `oauth.internal`.

They are signed under the stage key, so that nothing is kept of them. Each has a mark of the password that it was given
for: with another password, and for whoever is disabled or deleted by now, it is worth nothing within LASTS of
`access/proven`.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from chalicelib.dialects.cumulocity import device_users, options
from chalicelib.fleet.access import callers
from chalicelib.fleet.access.callers import Caller, Kind
from chalicelib.fleet.access.proven import Known
from chalicelib.fleet.access.records import UserState
from chalicelib.fleet.access.stage_key import Generation
from chalicelib.fleet.errors import NotFound, Unauthenticated
from chalicelib.fleet.ports import Ports

LASTS_S, SHORTEST_S, LONGEST_S = 3_600, 300, 366 * 24 * 3_600
CATEGORY, LIFESPAN = "oauth.internal", "device-token.lifespan.seconds"
LONGEST = 4_096
"""Characters of a token; what is longer is read so far, and is none of ours."""
_PURPOSE, _MARK = "cumulocity token", "cumulocity token password"
_ALGORITHM = "HS256"
_MOST_DIGITS = 18


def issue(ports: Ports, caller: Caller, name: str, password: str, host: str) -> str:
    """For a person or a device that has come with that name and password; `host` is what was asked.

    Errors: Unauthenticated (an API key is a token already; what was proven a while ago is another password's by now, or
    of somebody who is gone).
    """
    if caller.kind is Kind.DEVICE and caller.name is not None:
        user, proven = caller.name, device_users.proven(ports, caller.tenant, caller.name, password)
    elif caller.kind is Kind.USER and caller.user is not None and caller.proven is not None:
        user, proven = caller.user, caller.proven.digest.hex()
        found = _found(ports, caller.tenant, user)
        if found is None or found[1] != proven:
            raise Unauthenticated("this user, or the password, is another one by now")
    else:
        raise Unauthenticated("tokens are for users who come with a password")
    return _issued(ports, caller.tenant, user, proven, name, host)


def of_session(ports: Ports, caller: Caller, name: str, host: str) -> str:
    """For whoever is connected with the password that its user has. Errors: Unauthenticated."""
    user = caller.name if caller.kind is Kind.DEVICE else caller.user if caller.kind is Kind.USER else None
    found = _found(ports, caller.tenant, user) if user is not None else None
    if found is None or user is None:
        raise Unauthenticated("tokens are for users who come with a password")
    return _issued(ports, caller.tenant, user, found[1], name, host)


def _issued(ports: Ports, tenant: str, user: str, proven: str, name: str, host: str) -> str:
    at = ports.clock.now() // 1000
    generation = ports.stage_key.current().writing(ports.clock.now())
    claims = {
        "iss": host,
        "aud": host,
        "sub": name,
        "ten": tenant,
        "iat": at,
        "nbf": at,
        "exp": at + _lasting(ports, tenant, user),
        "tci": ports.chance(16).hex(),
        "xsrfToken": ports.chance(16).hex(),
        "tfa": False,
        "user": user,
        "mark": _mark(generation, proven),
    }
    signed = f"{_part({'alg': _ALGORITHM, 'typ': 'JWT', 'kid': str(generation.number)})}.{_part(claims)}"
    return f"{signed}.{_encoded(_signature(generation, signed))}"


def _lasting(ports: Ports, tenant: str, user: str) -> int:
    """Seconds. Options may be any text: what is no number changes nothing."""
    if not user.startswith(device_users.PREFIX):
        return LASTS_S
    try:
        wanted = options.get(ports, tenant, CATEGORY, LIFESPAN).value.strip()
    except NotFound:
        return LASTS_S
    # Of the digits only as many as such a number can have: any more are above it.
    known = wanted.isascii() and wanted.isdigit()
    return min(max(int(wanted[:_MOST_DIGITS]), SHORTEST_S), LONGEST_S) if known else LASTS_S


def authenticate(ports: Ports, token: str) -> Caller:
    """Once a minute it is looked up whether its user may still come in by that password. Errors: Unauthenticated."""
    generation, claims = _read(ports, token)
    now = ports.clock.now()
    if now >= claims["exp"] * 1000:
        raise Unauthenticated("the token has ended")
    digest = ports.proven.digest("\0token", token)
    known = ports.proven.get(digest)
    if known is not None and known.fresh(now):
        return known.caller
    found = _found(ports, claims["ten"], claims["user"])
    if found is None or not hmac.compare_digest(_mark(generation, found[1]), claims["mark"]):
        ports.proven.forget(digest)
        raise Unauthenticated("whoever had this token is disabled, gone, or has another password")
    ports.proven.keep(digest, Known(found[0], None, now))
    return found[0]


def _found(ports: Ports, tenant: str, user: str) -> tuple[Caller, str] | None:
    """Who that is, and the digest of their password; None where nobody may come in as them."""
    if user.startswith(device_users.PREFIX):
        device = device_users.find(ports, tenant, user)
        if device is None or not device.enabled:
            return None
        return device_users.caller(tenant, user), device.digest
    person = ports.users.get(tenant, user)
    if person is None or person.state is not UserState.ENABLED or person.password is None:
        return None
    # Without a proven password: a token begins no session that would outlive it.
    return callers.of_user(tenant, person.id, person.roles), person.password.digest.hex()


def _read(ports: Ports, token: str) -> tuple[Generation, Mapping[str, Any]]:
    """What it says, and under which generation of the stage key. Errors: Unauthenticated (we have not said that)."""
    signed, _, signature = token[:LONGEST].rpartition(".")
    head, _, claims = signed.partition(".")
    try:
        named = json.loads(_decoded(head))
        generations = ports.stage_key.current().generations
        generation = next(one for one in generations if str(one.number) == named["kid"] and named["alg"] == _ALGORITHM)
        said: Mapping[str, Any] = json.loads(_decoded(claims))
        ours = hmac.compare_digest(_signature(generation, signed), _decoded(signature))
    except (ValueError, KeyError, TypeError, StopIteration, RecursionError):
        ours = False
    if not ours:
        raise Unauthenticated("this is no token of this platform, or its stage key is gone")
    return generation, said


def _signature(generation: Generation, signed: str) -> bytes:
    return hmac.digest(generation.digest(_PURPOSE, ""), signed.encode(), hashlib.sha256)


def _mark(generation: Generation, password: str) -> str:
    return generation.digest(_MARK, password).hex()[:32]


def _part(content: Mapping[str, Any]) -> str:
    return _encoded(json.dumps(content, separators=(",", ":")).encode())


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    return base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
