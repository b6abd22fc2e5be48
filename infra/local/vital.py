"""What a process cannot do without: threads and tasks whose end by an error is the end of the process."""

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import Any

_log = logging.getLogger(__name__)


class Vital:
    """A server whose only thread has died must not look as if it were well: whoever waits here ends the process."""

    def __init__(self) -> None:
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._probes: dict[str, Callable[[], bool]] = {}
        self.failure: str | None = None

    def thread(self, name: str, run: Callable[[], object]) -> threading.Thread:
        """A thread that ends by returning, or takes the process along."""

        def guarded() -> None:
            try:
                run()
            except BaseException as error:  # noqa: BLE001  whatever it was, the thread is gone
                self.failed(name, error)

        thread = threading.Thread(target=guarded, name=name, daemon=True)
        self.probe(name, thread.is_alive)
        return thread

    def probe(self, name: str, well: Callable[[], bool]) -> None:
        """Let `failing` ask `well`, which answers within a few seconds."""
        self._probes[name] = well

    def failing(self) -> list[str]:
        """The names of what should run and does not, or does not answer."""
        return [name for name, well in list(self._probes.items()) if not well()]

    def task(self, name: str, task: "asyncio.Task[Any]") -> None:
        """The same for a task; one that is cancelled was asked to end."""

        def look(ended: "asyncio.Task[Any]") -> None:
            if not ended.cancelled() and (error := ended.exception()) is not None:
                self.failed(name, error)

        task.add_done_callback(look)

    def failed(self, name: str, error: BaseException) -> None:
        _log.critical("%s has died", name, exc_info=error)
        with self._lock:
            self.failure = self.failure or f"{name} has died of {type(error).__name__}: {error}"
        self._over.set()

    def end(self) -> None:
        """Let `wait` return: the process was asked to end."""
        self._over.set()

    def wait(self) -> str | None:
        """Blocks until something has failed, and tells what, or until `end`."""
        self._over.wait()
        return self.failure
