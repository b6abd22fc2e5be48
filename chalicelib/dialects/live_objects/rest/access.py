"""Who a request comes from: the key in the header `X-API-Key` (manual 4.3)."""

from chalicelib.fleet.access import keys, limiting
from chalicelib.fleet.access.records import ApiKey
from chalicelib.fleet.ports import Ports
from chalicelib.web.request import Request

HEADER = "X-API-Key"


def authenticate(ports: Ports, request: Request) -> ApiKey:
    """Errors: Unauthenticated (missing, expired, disabled), UnknownCredential, RateLimitReached."""
    key = keys.authenticate(ports, request.headers.get(HEADER))
    limiting.request(ports, key)
    return key
