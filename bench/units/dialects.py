"""Whose operations are counted. Importing this changes nothing of the process, as the counting cloud does."""

from importlib.util import find_spec

from chalicelib.dialects import registry


def counted() -> list[str]:
    """The dialects with operations to count: `bench/units/NAME.py` has `OPERATIONS`, and their `Bench`."""
    return [name for name in registry.NAMES if find_spec(f"bench.units.{name}")]
