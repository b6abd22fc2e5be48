"""What a client says beside the properties that a resource has of its own, kept as it came."""

from collections.abc import Collection, Mapping
from typing import Any

from chalicelib.dialects.cumulocity.errors import Missing
from chalicelib.fleet.errors import Invalid, TooLarge
from chalicelib.fleet.inventory import objects
from chalicelib.web import json_text

LARGEST, MOST_KEPT = 250_000, 350_000
"""Bytes of an alarm, an event, a measurement or an operation, and of one with all that is said of it later: each is one
item of a table."""


UNREACHABLE = frozenset({".", ".."})
"""Segments that no client can send in an address: it takes them out, also where they are percent-encoded."""


def ensure_reachable(text: str, name: str) -> None:
    """Errors: Invalid, for what nobody could ask for by its address."""
    if text in UNREACHABLE:
        raise Invalid(f"{name} is neither . nor .., which no address holds", name)


def of(body: Mapping[str, Any], own: Collection[str]) -> dict[str, Any]:
    """What is none of `own`. Errors: Invalid (a name with a dot, or that begins with a dollar; too deep)."""
    kept = {name: value for name, value in body.items() if name not in own}
    for name in kept:
        if "." in name or name.startswith("$"):
            raise Invalid(f"the name of a property has no dot and does not begin with $: {name[:64]}", name)
    objects.ensure_fragments(kept)
    return kept


def ensure(body: Mapping[str, Any], *names: str) -> None:
    """Errors: Missing, of those of `names` that are not there."""
    missing = [name for name in names if body.get(name) in (None, "")]
    if missing:
        raise Missing(*missing)


def ensure_fits(kept: Any, most: int = MOST_KEPT) -> None:
    """What was merged, or is kept twice, may be more than a body. Errors: TooLarge."""
    if len(json_text.render(kept).encode()) > most:
        raise TooLarge(f"all that is kept of it takes more than {most} bytes")


def text(body: Mapping[str, Any], name: str, longest: int) -> str:
    """Errors: Invalid."""
    value = body.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= longest:
        raise Invalid(f"{name} is a text of 1 to {longest} characters", name)
    return value
