"""Who a request comes from: HTTP Basic `tenant/user:password`, an API key in the place of the password, or a token.

Without a tenant the user's own counts, as logins are unique on a stage; of a device that of the host `{tenant}.…`, as
its name is unique in its tenant only. A tenant that was not enabled for this API is answered as a wrong password is.
"""

import re

from chalicelib.dialects.cumulocity import device_users, registration, tokens
from chalicelib.dialects.cumulocity.rest import links
from chalicelib.fleet.access import basic as proving
from chalicelib.fleet.access import callers, keys, limiting, secrets
from chalicelib.fleet.access.callers import Caller, Kind
from chalicelib.fleet.errors import RateLimitReached, Unauthenticated
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.tenancy.records import Limit, Use
from chalicelib.web import basic
from chalicelib.web.request import Request

MOST, WITHIN_S = 50, 5
"""Requests of a device in so many seconds."""
_MADE = re.compile(f"[0-9a-f]{{{2 * device_users.CHANCE}}}")
_TENANT = re.compile(r"([a-z0-9]{6})\.")


def authenticate(ports: Ports, request: Request) -> Caller:
    """Errors: Unauthenticated, UnknownCredential, RateLimitReached, BadRequest (the host that is asked)."""
    links.ensure_host(request)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return let_in(ports, tokens.authenticate(ports, token.strip()), None)
    tenant, name, password = credentials(request)
    return let_in(ports, proven(ports, request, tenant, name, password), tenant)


def proven(ports: Ports, request: Request, tenant: str | None, name: str, password: str) -> Caller:
    """Whoever has that name and password, or key. Errors: Unauthenticated, UnknownCredential, RateLimitReached."""
    caller = _device(ports, tenant or of_host(request), name, password, request.address)
    if caller is None:
        # No password of a person is letters and digits alone.
        if secrets.is_foreign(password) or secrets.parse(password) is not None:
            caller = callers.of_key(keys.authenticate(ports, password))
        else:
            caller = proving.authenticate(ports, name, password, address=request.address, tenant=tenant)
    return caller


def let_in(ports: Ports, caller: Caller, tenant: str | None) -> Caller:
    """Whoever comes for `tenant`, or their own. Errors: Unauthenticated, RateLimitReached."""
    if tenant not in (None, caller.tenant) or ports.tenants.settings(caller.tenant).objects is None:
        raise Unauthenticated("this tenant has no such API, or the credentials are of another")
    limiting.request(ports, caller)
    if caller.kind is Kind.DEVICE:
        _limit(ports, caller)
    return caller


def credentials(request: Request) -> tuple[str | None, str, str]:
    """Tenant, user and password as they were sent. Errors: Unauthenticated."""
    sent, password = basic.credentials(request, "full authentication is required to access this resource")
    rest, colon, made = password.rpartition(":")
    if colon and f"/{device_users.PREFIX}" in sent and _MADE.fullmatch(made):
        # The id of a device may have colons, which a user name may not: no password that we have made has one.
        sent, password = f"{sent}:{rest}", made
    return (*parted(sent), password)


def parted(sent: str) -> tuple[str | None, str]:
    """Tenant and user of a name as clients send it."""
    tenant, slash, name = sent.partition("/")
    return (tenant, name) if slash else (None, sent)


def of_host(request: Request) -> str | None:
    """The tenant that the host name begins with."""
    found = _TENANT.match(request.headers.get("host", ""))
    return found[1] if found else None


def _device(ports: Ports, tenant: str | None, name: str, password: str, address: str) -> Caller | None:
    """Errors: Unauthenticated, RateLimitReached."""
    if tenant is None or not name.startswith(device_users.PREFIX):
        return None
    return device_users.authenticate(
        ports, tenant, name, password, lambda user: registration.used(ports, user), address
    )


def _limit(ports: Ports, caller: Caller) -> None:
    """Errors: RateLimitReached."""
    limit = Limit(Use.REQUESTS, MOST, WITHIN_S, f"device {caller.name}")
    wait = ports.windows.spend(caller.tenant, [limit], ports.clock.now())
    if wait is not None:
        raise RateLimitReached(f"a device may send {MOST} requests in {WITHIN_S} seconds", wait)
