"""Writers at one record: who was beaten looks again, and lets the others go first for a while of random length."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalicelib.fleet.ports import Ports

TRIES = 25
SHORTEST, LONGEST = 10, 400
"""Milliseconds that the first pause, and that any pause, has at most: all together have 8 s at most."""


def tries(ports: "Ports") -> Iterator[int]:
    """Numbers of the tries of a compare-and-set, with pauses between: the first time somebody was beaten is chance."""
    for number in range(TRIES):
        if number > 1:
            longest = min(SHORTEST << (number - 2), LONGEST)
            ports.pause(int.from_bytes(ports.chance(2)) % (longest + 1))
        yield number
