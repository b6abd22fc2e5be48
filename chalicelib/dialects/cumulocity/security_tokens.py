"""Tokens that devices show as they register, and whoever accepts them has to name (reference, "Device credentials").

They are kept sealed under the stage key, each for the registration that is its `context`.
"""

import hmac

from chalicelib.fleet.access import sealing
from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.ports import Ports

LONGEST = 256
"""Characters."""
_PURPOSE = "cumulocity security token"


def ensure(token: str) -> None:
    """Errors: Invalid."""
    if len(token) > LONGEST:
        raise Invalid(f"a security token has at most {LONGEST} characters", "securityToken")


def sealed(ports: Ports, context: str, token: str) -> str:
    return sealing.seal(ports, _PURPOSE, context, token.encode(errors="surrogatepass"))


def is_same(ports: Ports, context: str, kept: str | None, token: str | None) -> bool:
    """Whether that is the token which was sealed, or there is none of both."""
    known = _opened(ports, context, kept)
    if known is None or token is None:
        return known is token
    return hmac.compare_digest(known.encode(errors="surrogatepass"), token.encode(errors="surrogatepass"))


def _opened(ports: Ports, context: str, text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return sealing.unseal(ports, _PURPOSE, context, text).decode(errors="surrogatepass")
    except sealing.Unsealable:
        # The stage key was changed twice since: no token is like that one, until the device shows it again.
        return "\0"
