"""Who a request comes from: HTTP Basic `tenant/user:password`, or with an API key in the place of the password.

Without a tenant the user's own counts, as logins are unique on a stage. A tenant that was not enabled for this API is
answered as a wrong password is.
"""

from chalicelib.fleet.access import basic as proving
from chalicelib.fleet.access import callers, keys, limiting, secrets
from chalicelib.fleet.access.callers import Caller
from chalicelib.fleet.errors import Unauthenticated
from chalicelib.fleet.ports import Ports
from chalicelib.web import basic
from chalicelib.web.request import Request


def authenticate(ports: Ports, request: Request) -> Caller:
    """Errors: Unauthenticated, UnknownCredential, RateLimitReached."""
    tenant, name, password = credentials(request)
    # No password of a person is letters and digits alone.
    if secrets.is_foreign(password) or secrets.parse(password) is not None:
        caller = callers.of_key(keys.authenticate(ports, password))
    else:
        caller = proving.authenticate(ports, name, password, address=request.address, tenant=tenant)
    if tenant not in (None, caller.tenant) or ports.tenants.settings(caller.tenant).objects is None:
        raise Unauthenticated("this tenant has no such API, or the credentials are of another")
    limiting.request(ports, caller)
    return caller


def credentials(request: Request) -> tuple[str | None, str, str]:
    """Tenant, user and password as they were sent. Errors: Unauthenticated."""
    sent, password = basic.credentials(request, "full authentication is required to access this resource")
    tenant, slash, name = sent.partition("/")
    return (tenant, name, password) if slash else (None, sent, password)
