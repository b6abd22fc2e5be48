"""The trace that this is being done under: one id from a request to what a device answers.

A request brings it, as the gateway's id of it; a command remembers the one that made it (`Command.trace`), and what
becomes of the command is told to the log under it. Whatever else the log is told meanwhile has it too.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_PRESENT: ContextVar[str | None] = ContextVar("trace", default=None)


def present() -> str | None:
    return _PRESENT.get()


@contextmanager
def within(trace: str | None) -> Iterator[None]:
    """What is done in this block is done under that trace; threads that it starts are not."""
    before = _PRESENT.set(trace)
    try:
        yield
    finally:
        _PRESENT.reset(before)
