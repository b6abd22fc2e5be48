"""What goes over the wire: the JSON Schemas of bodies, and records as the vendor's JSON; one module a resource."""

from collections.abc import Mapping
from typing import Any


def present(body: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that have a value: the vendor leaves out the others."""
    return {name: value for name, value in body.items() if value is not None}
