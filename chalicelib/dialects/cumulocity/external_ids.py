"""External ids as a client writes them."""

from collections.abc import Mapping
from typing import Any

from chalicelib.dialects.cumulocity import elsewhere, fragments
from chalicelib.dialects.cumulocity.errors import Missing
from chalicelib.fleet.errors import Invalid

MEMBER = "externalIds"
"""What a list of them is called."""


def read(body: Any) -> tuple[str, str]:
    """Type and value. Errors: Missing, Invalid."""
    if not isinstance(body, dict):
        raise Invalid("an external id is an object with externalId and type", MEMBER)
    missing = [name for name in ("externalId", "type") if body.get(name) in (None, "")]
    if missing:
        raise Missing(*missing)
    if not (isinstance(body["type"], str) and isinstance(body["externalId"], str)):
        raise Invalid("externalId and type are texts", "externalId")
    return body["type"], body["externalId"]


def given(body: Any) -> tuple[str, str]:
    """As `read`, of one that somebody gives an object. Errors: also Invalid (it follows from devices alone)."""
    type_, value = read(body)
    if elsewhere.is_ours(type_):
        raise Invalid(f"external ids of the type {type_[:64]} are the platform's own", "type")
    fragments.ensure_reachable(type_, "type")
    fragments.ensure_reachable(value, "externalId")
    return type_, value


def inline(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Those that an object is to be made with. Errors: Missing, Invalid."""
    several = body.get(MEMBER)
    if several is None:
        return []
    if not isinstance(several, list):
        raise Invalid(f"{MEMBER} is a list", MEMBER)
    return [given(one) for one in several]
