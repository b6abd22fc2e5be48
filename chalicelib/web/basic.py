"""HTTP Basic (RFC 7617), as a request carries it."""

import base64
import binascii

from chalicelib.fleet.errors import Unauthenticated
from chalicelib.web.request import Request


def credentials(request: Request, required: str) -> tuple[str, str]:
    """User name and password; `required` says what is wanted where there is none. Errors: Unauthenticated."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        raise Unauthenticated(required)
    try:
        username, colon, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        raise Unauthenticated("the Authorization header cannot be read") from None
    if not colon or not password:
        raise Unauthenticated(required)
    return username, password
