"""One function instance that another one overtakes between any two calls of its ports."""

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

from tests.fakes import MemoryPorts


class Preempting:
    """A port before whose call of that number something else is done."""

    def __init__(self, port: Any, calls: Iterator[int], at: int, other: Callable[[], None]) -> None:
        self._port, self._calls, self._at, self._other = port, calls, at, other

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        if not callable(method):
            return method

        def call(*args: Any, **kwargs: Any) -> Any:
            if next(self._calls) == self._at:
                self._other()
            return method(*args, **kwargs)

        return call


def preempted(
    ports: MemoryPorts,
    at: int,
    run: Callable[[], None],
    other: Callable[[], None],
    names: tuple[str, ...] = ("mailboxes", "commands", "records"),
) -> bool:
    """Run, and before its call of these ports of that number all the other; False where it makes fewer."""
    calls, came = count(), list[int]()

    def once() -> None:
        came.append(at)
        slow = {name: getattr(ports, name) for name in names}
        _put(ports, kept)
        other()
        _put(ports, slow)

    kept = {name: getattr(ports, name) for name in names}
    _put(ports, {name: Preempting(port, calls, at, once) for name, port in kept.items()})
    try:
        run()
    finally:
        _put(ports, kept)
    return bool(came)


def _put(ports: MemoryPorts, named: dict[str, Any]) -> None:
    for name, port in named.items():
        setattr(ports, name, port)
