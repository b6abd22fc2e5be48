"""`/console/session`: a temporary key for who has credentials that the console cannot send with every request."""

from collections.abc import Sequence

from chalicelib.fleet.access import sessions
from chalicelib.fleet.errors import Unauthenticated, UnknownCredential
from chalicelib.fleet.ports import Ports
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Api


def begin(apis: Sequence[Api], ports: Ports, request: Request) -> Answer:
    """The key in `apiKey`, until `validTo` (ms), for whoever one of these APIs lets in.

    Errors: Unauthenticated, Forbidden (a device), RateLimitReached.
    """
    # Versions of one API let in the same: a guess counts once.
    for authenticate in dict.fromkeys(api.authenticate for api in apis):
        try:
            caller = authenticate(ports, request)
        except (Unauthenticated, UnknownCredential):
            continue
        key, secret = sessions.begin(ports, caller)
        return Answer({"apiKey": secret, "validTo": key.valid_to}, headers={"Cache-Control": "no-store"})
    raise Unauthenticated("these credentials are not known, or no longer valid")
