"""Who a request comes from: HTTP Basic `tenant/user:password`, or with an API key in the place of the password.

Without a tenant the user's own counts, as logins are unique on a stage. A tenant that was not enabled for this API is
answered as a wrong password is.
"""

import base64
import binascii

from chalicelib.fleet.access import basic, callers, keys, limiting, secrets
from chalicelib.fleet.access.callers import Caller
from chalicelib.fleet.errors import Unauthenticated
from chalicelib.fleet.ports import Ports
from chalicelib.web.request import Request

_REQUIRED = "full authentication is required to access this resource"


def authenticate(ports: Ports, request: Request) -> Caller:
    """Errors: Unauthenticated, UnknownCredential, RateLimitReached."""
    tenant, name, password = credentials(request)
    if secrets.is_foreign(password) or secrets.parse(password) is not None:
        caller = callers.of_key(keys.authenticate(ports, password))
    else:
        caller = basic.authenticate(ports, name, password, address=request.address, tenant=tenant)
    if tenant not in (None, caller.tenant) or ports.tenants.settings(caller.tenant).objects is None:
        raise Unauthenticated(_REQUIRED)
    limiting.request(ports, caller)
    return caller


def credentials(request: Request) -> tuple[str | None, str, str]:
    """Tenant, user and password as they were sent. Errors: Unauthenticated."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        raise Unauthenticated(_REQUIRED)
    try:
        sent, colon, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        raise Unauthenticated(_REQUIRED) from None
    if not colon or not password:
        raise Unauthenticated(_REQUIRED)
    tenant, slash, name = sent.partition("/")
    return (tenant, name, password) if slash else (None, sent, password)
