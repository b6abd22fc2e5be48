"""Two functions at once: what one does is interrupted before one of its calls of a port by all that the other does."""

from collections.abc import Callable, Collection, Iterator
from itertools import count
from typing import Any

from tests.fakes import MemoryPorts


class _Preempting:
    """A port before whose call of that number something else is done."""

    def __init__(self, port: Any, calls: Iterator[int], at: int, other: Callable[[], None]) -> None:
        self._port, self._calls, self._at, self._other = port, calls, at, other

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            if next(self._calls) == self._at:
                self._other()
            return method(*args, **kwargs)

        return call


def preempted(
    ports: MemoryPorts, names: Collection[str], at: int, run: Callable[[], object], other: Callable[[], object]
) -> bool:
    """Run, and before its call of that number of one of these ports all the other; False where it makes fewer."""
    calls, came = count(), list[int]()
    kept = {name: getattr(ports, name) for name in names}

    def put_back() -> None:
        for name, port in kept.items():
            setattr(ports, name, port)

    def once() -> None:
        came.append(at)
        put_back()
        other()

    for name, port in kept.items():
        setattr(ports, name, _Preempting(port, calls, at, once))
    try:
        run()
    finally:
        put_back()
    return bool(came)
