"""What is going to be looked at one by one, read in one request beforehand."""

from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from typing import Generic, TypeVar

T = TypeVar("T")


class Foreseen(Generic[T]):
    """Values as they were a moment ago, by name; None for what was not there.

    Each is given once: who looks again may have written it since, and sees it as it is then.
    """

    def __init__(self) -> None:
        self._values: dict[Hashable, T | None] = {}
        self._given: set[Hashable] = set()

    @contextmanager
    def holding(self, values: Mapping[Hashable, T | None]) -> Iterator[None]:
        """For as long as the block lasts."""
        self._values.update(values)
        try:
            yield
        finally:
            for name in values:
                self._values.pop(name, None)
                self._given.discard(name)

    def look(self, name: Hashable, glance: Callable[[], T | None], get: Callable[[], T | None]) -> T | None:
        """`glance` reads what was not foreseen, `get` what was given before."""
        if name in self._values:
            self._given.add(name)
            return self._values.pop(name)
        return get() if name in self._given else glance()
