"""Functions that get what devices do out of order, and some of it twice, as those of AWS may.

Lambda runs asynchronous invocations side by side, and delivers each at least once. The local stack keeps the order of a
device, so that whoever tries something out is not surprised; with a seed it does so no more, and a test can tell
whether what should not depend on the order does.
"""

import threading
from random import Random

SPREAD = 0.25
"""Seconds that an event is put off at most."""
_TWICE = 0.2
"""How many come twice."""


class Shuffle:
    """By which seconds events are put off, the same for the same seed. Thread-safe."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311 - nothing secret
        self._lock = threading.Lock()

    def delays(self) -> tuple[float, ...]:
        """When the next event comes, and comes again."""
        with self._lock:
            times = 2 if self._random.random() < _TWICE else 1
            return tuple(self._random.uniform(0, SPREAD) for _ in range(times))
