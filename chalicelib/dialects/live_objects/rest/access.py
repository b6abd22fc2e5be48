"""Who a request comes from: the key in the header `X-API-Key` (manual 4.3)."""

from chalicelib.fleet.access import callers, keys, limiting
from chalicelib.fleet.access.callers import Caller
from chalicelib.fleet.ports import Ports
from chalicelib.web.request import Request

HEADER = "X-API-Key"


def authenticate(ports: Ports, request: Request) -> Caller:
    """Errors: Unauthenticated (missing, expired, disabled), UnknownCredential, RateLimitReached."""
    caller = callers.of_key(keys.authenticate(ports, request.headers.get(HEADER)))
    limiting.request(ports, caller)
    return caller
